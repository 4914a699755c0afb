import { COOKIE, createCookieBackend } from './cookie.mjs'
import { createCodeFlow } from './code-flow.mjs'
import { createMemorySessions } from './memory-sessions.mjs'
import { BACKEND_CLIENT_ID } from './provider.mjs'
import { createRedisSessions } from './redis-sessions.mjs'

/**
 * The options of a backend, in this process or in another. They are sent to the other as JSON.
 *
 * @typedef {object} BackendOptions
 * @property {readonly string[]} origins of the pages; the provider is at the first
 * @property {string} issuer
 * @property {string} secret of the cookie's signature, the same in all processes
 * @property {number} idleTimeout seconds
 * @property {number} absoluteTimeout seconds
 * @property {{ name: string, domain?: string | undefined }} companion
 * @property {{ socket: string, prefix: string } | null} redis null: the sessions are in this process's memory
 */

/** @param {BackendOptions} options @returns {import('./sessions.mjs').Sessions | Promise<import('./sessions.mjs').Sessions>} */
export const openSessions = ({ redis, absoluteTimeout }) =>
  redis ? createRedisSessions({ ...redis, absoluteTimeout }) : createMemorySessions({ absoluteTimeout })

/**
 * @param {BackendOptions} options
 * @param {import('./sessions.mjs').Sessions} sessions
 * @param {number} number of the process
 */
export function createBackend(options, sessions, number) {
  const clientId = BACKEND_CLIENT_ID
  const flows = new Map(
    options.origins.map((origin) => [
      origin,
      createCodeFlow({ issuer: options.issuer, clientId, redirectUri: `${origin}${COOKIE}/callback` }),
    ]),
  )
  return createCookieBackend({ ...options, clientId, flowFor: (origin) => flows.get(origin), sessions, number })
}
