import { customServer, customTokens } from '../servers/custom.js'
import type { Ports } from '../ports/types.js'
import { createSessionWith as createOn } from '../session/session.js'
import { checkOptions } from '../util/arguments.js'
import { setSessionTime } from '../util/session-time.js'
import type { Session, SessionOptions, TokenServer, TokenSession, TokenStore } from '../types.js'

/**
 * Creates a session on the given ports; `createSession` uses the browser's. It throws the same errors. The countdown, the warning
 * dialog and the inspector of the session use the clock and the timers of `ports` too. A server or a token store that is written for
 * a test needs no `customServer()` or `customTokens()` here.
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
  checkOptions('createSessionWith', options)
  const session = createOn(ports, { ...options, ...withPlugins(options) })
  setSessionTime(session, { now: ports.wallNow, after: ports.after })
  return session
}

/** Wraps a server and a token store of a test, so that they have the plugins that they need. */
function withPlugins({ server, tokenStore }: SessionOptions): Pick<SessionOptions, 'server' | 'tokenStore'> {
  return {
    ...(isPlain(server, '') && { server: customServer(server) }),
    ...(isPlain(tokenStore, 'clear') && { tokenStore: customTokens(tokenStore) }),
  }
}

/** Whether this is a server or a token store without plugins. The session itself refuses anything else. */
const isPlain = <T>(part: T | undefined, member: string): part is T & object =>
  part instanceof Object && !('plugins' in part) && (!member || member in part)
