import { browserPorts } from './ports/browser.js'
import { NO_DOCUMENT } from './session/create-context.js'
import { createSessionWith } from './session/session.js'
import { warnOfTwins } from './session/twins.js'
import { DEVELOPMENT } from './util/development.js'
import type { Session, SessionOptions, TokenServer, TokenSession, TokenStore } from './types.js'

export { eachSession, type CurrentSession } from './session/each-session.js'
export { isSessionError, SessionError, type SessionErrorCode } from './errors.js'
export { memoryTokens } from './tokens/stores/memory.js'
export type {
  Deadlines,
  Duration,
  EndReason,
  Lease,
  ServerTimes,
  Session,
  SessionEvents,
  SessionOptions,
  SessionServer,
  SessionStep,
  SignInOptions,
  Snapshot,
  StoredTokens,
  TokenResponse,
  TokenServer,
  TokenSession,
  TokenStore,
} from './types.js'

/**
 * One user's session over all tabs of this origin. Its phase is right when this returns; a reload or another tab finds
 * the same session. Where there is no document the phase stays `loading`: on a server nothing is touched, and in a worker the
 * development build warns in the console. A page that the browser prerenders reads the session at once; what it changes waits until
 * somebody opens the page.
 *
 * Throws `SessionError('invalid_options')` for what cannot be meant: negative, NaN, a timeout of 0, a warning that you set longer than
 * its timeout.
 *
 * @example Fifteen minutes of idling, a warning two minutes before
 * ```ts
 * const session = createSession({ idleTimeout: '15m', warnBefore: '2m' })
 * session.on('signedOut', () => location.assign('/login'))
 * ```
 */
export function createSession(
  options: SessionOptions & ({ server: TokenServer } | { tokenStore: TokenStore }),
): TokenSession
export function createSession(options?: SessionOptions): Session
export function createSession(options: SessionOptions = {}): Session {
  const ports = browserPorts()
  const session = createSessionWith(ports, options)
  if (DEVELOPMENT && ports.hasPage) warnOfTwins(session)
  // A server that renders pages is meant to; servers at the edge have a WorkerGlobalScope as well, but load no scripts.
  if (DEVELOPMENT && !ports.hasPage && 'importScripts' in globalThis) ports.warn(`sojourn: ${NO_DOCUMENT}`)
  return session
}
