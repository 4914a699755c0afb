import { existsSync } from 'node:fs'
import { argv, env, exit } from 'node:process'
import { parseArgs } from 'node:util'

import { findRedisServer, startRedisServer } from './server/redis-server.mjs'
import { startDemo } from './server/start.mjs'

/** More are of no use on one machine. */
const MOST_PROCESSES = 16

if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error('The demo shows the built library, and there is none yet: run `npm run build` first.')
  exit(1)
}

const { values } = parseArgs({ args: argv.slice(2), options: { processes: { type: 'string', default: '1' } } })
const wanted = Number(values.processes)
if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_PROCESSES) {
  console.error(`--processes takes a number from 1 to ${MOST_PROCESSES}.`)
  exit(1)
}

const program = wanted > 1 ? findRedisServer() : undefined
const redis = program && (await startRedisServer(program))
const isMissing = wanted > 1 && !redis
const { url } = await startDemo({
  port: Number(env.PORT ?? 0),
  ...(redis && { redis: redis.socket, processes: wanted }),
  note: isMissing ? 'Several processes need Redis, which is not installed here.' : '',
})
if (isMissing) console.warn('Redis is missing, so the backend is one process. On Debian: apt-get install redis-tools')
console.log(`Sojourn demo: ${url}\nCtrl+C stops it.`)
