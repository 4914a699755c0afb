// One of several processes of the backend by cookie: processes.mjs starts it, sends it the options, and receives its port.

import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'

import { createBackend, openSessions } from './backend.mjs'

const [{ options, number }] = await once(process, 'message')
// The parent has ended, so this process has no more requests to answer.
process.on('disconnect', () => process.exit())
process.on('message', () => process.send({ memory: process.memoryUsage().rss }))

const server = createServer(createBackend(options, await openSessions(options), number))
server.listen(0, 'localhost')
await once(server, 'listening')
process.send({ port: server.address().port })
