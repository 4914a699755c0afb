// @ts-check

// The demo's backend runs on Redis where it has several processes. The binary comes from Debian's package redis-tools: redis-server
// has the same, and would also start a service with the machine.

import { findRedisServer } from '../demo/server/redis-server.mjs'
import { provide } from './debian.mjs'

/** Installs Redis where it is not there and that is allowed; throws how to get it where it is still missing. */
export function provideRedis() {
  provide([{ name: 'Redis', variable: 'REDIS_SERVER', debian: 'redis-tools', find: findRedisServer }])
}
