import { DEVELOPMENT } from './util/development.js'
import { didYouMean, hint } from './util/hints.js'

/** Why a call failed. Only `rejected` ends a session; every other failure is temporary or the caller's to mend. */
export type SessionErrorCode =
  | 'signed_out'
  | 'no_tokens'
  | 'rejected'
  | 'offline'
  | 'server'
  | 'rate_limited'
  | 'timeout'
  | 'invalid_response'
  | 'invalid_options'

const CODES: Readonly<Record<SessionErrorCode, true>> = {
  signed_out: true,
  no_tokens: true,
  rejected: true,
  offline: true,
  server: true,
  rate_limited: true,
  timeout: true,
  invalid_response: true,
  invalid_options: true,
}

/** Nothing looks for a code that is misspelt: a server of the application's own that throws `'reject'` ends no session. */
function warnOfCode(code: string): void {
  const codes = Object.keys(CODES)
  // What is no word may be data.
  if (!codes.includes(code) && /^\w{1,40}$/.test(code))
    hint(`SessionError: there is no code ${code}, and nothing looks for it.${didYouMean(code, codes)}`)
}

/**
 * Every failure that the library reports. `name` and `code` are literal, so that they survive minification and other
 * realms: test `error.code`, or use {@link isSessionError}; `instanceof` fails across frames and duplicate bundles.
 *
 * @example Telling "the network is down" from "the session is over"
 * ```ts
 * try {
 *   await session.getAccessToken()
 * } catch (error) {
 *   if (isSessionError(error) && error.code === 'offline') showOfflineBanner()
 * }
 * ```
 */
export class SessionError extends Error {
  override readonly name = 'SessionError' as const
  readonly code: SessionErrorCode
  /** Epoch ms before which nobody should try again: as the server said (Retry-After) or, after a failed refresh, when a call is made again. */
  declare readonly retryAt?: number

  constructor(code: SessionErrorCode, options: { message?: string; cause?: unknown; retryAt?: number } = {}) {
    super(options.message ?? code, options)
    if (DEVELOPMENT) warnOfCode(code)
    this.code = code
    // What `Date.parse` finds no date in is NaN, which is never over.
    const retryAt = Number(options.retryAt)
    if (retryAt > 0) this.retryAt = retryAt
  }
}

/** Whether `value` is a {@link SessionError}, from this copy of the library or another. */
export function isSessionError(value: unknown): value is SessionError {
  // Not `instanceof`: another realm has another Object.
  const { name, code } = Object(value) as Partial<SessionError>
  return name === 'SessionError' && !!code
}

/** Where each code has a section. The package has this page, and unpkg serves each file of a package. */
const CODES_URL = 'https://unpkg.com/sojourn/docs/troubleshooting.md'

/** A sentence with the link to the section about its code. For the development build alone. */
export const withLink = (code: SessionErrorCode, sentence: string): string => `${sentence} See ${CODES_URL}#${code}`

/** `message`: false in the production build, where the code has to do. */
export const sessionError = (code: SessionErrorCode, message: string | false): SessionError =>
  new SessionError(code, message ? { message: DEVELOPMENT ? withLink(code, message) : message } : {})

const GOES_ON = 'A session that is running goes on, and repeats its own calls. A login is not repeated.'

/**
 * Whether no response came back: `fetch` rejects with a TypeError then. By its name, for a `fetch` out of a frame, or that of the program
 * that runs the tests, has a TypeError of its own.
 */
export const isUnreachable = (error: unknown): boolean => nameOf(error) === 'TypeError'
const nameOf = (error: unknown): unknown => (Object(error) as Partial<Error>).name

/** An error of a server or the browser, as a `SessionError`. */
export function toSessionError(cause: unknown): SessionError {
  if (isSessionError(cause)) return cause
  const isOffline = isUnreachable(cause)
  return new SessionError(isOffline ? 'offline' : 'server', {
    ...(DEVELOPMENT && {
      message: isOffline
        ? withLink('offline', `The server cannot be reached; is the browser online? ${GOES_ON}`)
        : withLink('server', `The server call failed. ${GOES_ON}`),
    }),
    // What is no JSON is quoted by the error that says so: it may hold a token.
    ...(nameOf(cause) !== 'SyntaxError' && { cause }),
  })
}
