// @ts-check

// The demo's backend needs Redis if it has several processes. The binary comes from Debian's package redis-tools: redis-server
// has the same, and would also start a service with the machine.

import { findRedisServer } from '../demo/server/redis-server.mjs'
import { provide } from './debian.mjs'

/** Installs Redis if it is missing and that is allowed. Throws if it is still missing, and says how to get it. */
export function provideRedis() {
  provide([{ name: 'Redis', variable: 'REDIS_SERVER', debian: 'redis-tools', find: findRedisServer }])
}
