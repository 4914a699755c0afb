import { customServer, customTokens } from '../servers/custom.js'
import type { Ports } from '../ports/types.js'
import { createSessionWith as createOn } from '../session/session.js'
import { setSessionTime } from '../util/session-time.js'
import type { Session, SessionOptions, TokenServer, TokenSession, TokenStore } from '../types.js'

/**
 * A session on a world of your own: `createSession` gives it the browser's. Throws as that does. Its countdown, warning dialog
 * and inspector go by the clock and the timers of `ports` too. A server and a token store of a test's own need no `customServer()`
 * and `customTokens()`.
 *
 * @example A second session object in the same tab, as under React's StrictMode
 * ```ts
 * const tab = createWorld().tab()
 * const second = createSessionWith(tab.ports, { idleTimeout: '15m' })
 * ```
 */
export function createSessionWith(
  ports: Ports,
  options: SessionOptions & ({ server: TokenServer } | { tokenStore: TokenStore }),
): TokenSession
export function createSessionWith(ports: Ports, options?: SessionOptions): Session
export function createSessionWith(ports: Ports, options: SessionOptions = {}): Session {
  const session = createOn(ports, { ...options, ...withPlugins(options) })
  setSessionTime(session, { now: ports.wallNow, after: ports.after })
  return session
}

/** A server and a token store of a test's own, with the plugins that they need. */
function withPlugins({ server, tokenStore }: SessionOptions): Pick<SessionOptions, 'server' | 'tokenStore'> {
  return {
    ...(isPlain(server, '') && { server: customServer(server) }),
    ...(isPlain(tokenStore, 'clear') && { tokenStore: customTokens(tokenStore) }),
  }
}

/** Anything else is refused by the session itself. */
const isPlain = <T>(part: T | undefined, member: string): part is T & object =>
  part instanceof Object && !('plugins' in part) && (!member || member in part)
