import { findRedisServer, startRedisServer } from '../../demo/server/redis-server.mjs'

/** A Redis server of its own for a file of tests. `npm test` installs it. */
export async function startRedis(): ReturnType<typeof startRedisServer> {
  const program = findRedisServer()
  if (program === undefined)
    throw new Error('Redis is missing: `npm test` installs it, or give a path in $REDIS_SERVER')
  return startRedisServer(program)
}
