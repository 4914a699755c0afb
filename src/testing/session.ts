import type { Ports } from '../ports/types.js'
import { createSessionWith as createOn } from '../session/session.js'
import { setSessionTime } from '../util/session-time.js'
import type { Session, SessionOptions, TokenServer, TokenSession, TokenStore } from '../types.js'

/**
 * A session on a world of your own: `createSession` gives it the browser's. Throws as that does. Its countdown, warning dialog
 * and inspector go by the clock and the timers of `ports` too.
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
  const session = createOn(ports, options)
  setSessionTime(session, { now: ports.wallNow, after: ports.after })
  return session
}
