// One of several processes of the backend by cookie: processes.mjs starts it, sends it what it needs, and hears its port.

import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'

import { createBackend, openSessions } from './backend.mjs'

const [{ options, number }] = await once(process, 'message')
// A process whose parent is gone has nobody to answer.
process.on('disconnect', () => process.exit())
process.on('message', () => process.send({ memory: process.memoryUsage().rss }))

const server = createServer(createBackend(options, await openSessions(options), number))
server.listen(0, 'localhost')
await once(server, 'listening')
process.send({ port: server.address().port })
