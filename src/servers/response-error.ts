import { isUnreachable, sessionError, SessionError, withLink } from '../errors.js'
import { inWords } from '../util/arguments.js'
import { isBusy } from '../util/busy.js'
import { ownOrigin } from '../util/origins.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * Checks a URL of the options, and returns it: an http(s) URL without user info as it was given, a path as a URL of the page's own
 * origin. A path is resolved once, and without the page's `<base>`, which injected HTML may have set. `//host` and `/\host` are
 * refused: the URL standard reads another host in them. On a server a path stays a path, because nothing is sent from there.
 *
 * @throws SessionError `invalid_options`
 */
export function parseUrl(option: string, value: unknown, mayBePath = true): string {
  let text = ''
  const pageOrigin = ownOrigin()
  try {
    text = String(value)
    const base = pageOrigin ?? ((globalThis as Partial<typeof globalThis>).location ? undefined : 'http://server')
    const { href, username, password } = new URL(text, base)
    if (mayBePath && text.startsWith('/') && href.startsWith(`${base}/`)) return pageOrigin ? href : text
    if (/^https?:\/\//i.test(text) && !username && !password) return text
  } catch {
    // Reported below.
  }
  throw sessionError(
    'invalid_options',
    DEVELOPMENT ? `${option} is ${text || inWords(value)}. Give an http(s) URL, or a path.` : option,
  )
}

/** The error for a response that is no success. 429 comes first: the server has not examined the request, so it says nothing about the session. */
export function responseError({ status, headers }: Response, isRejected: boolean, detail = ''): SessionError {
  const now = Date.now()
  const date = (name: string): number => Date.parse(headers.get(name) ?? '')
  // RFC 9110 §10.2.3: seconds, or a date. A date counts by the server's own clock, if CORS exposes `Date`.
  const wait = Number(headers.get('Retry-After')) * 1e3 || date('Retry-After') - (date('Date') || now)
  const code = status === 429 ? 'rate_limited' : isRejected ? 'rejected' : 'server'
  return new SessionError(code, {
    message: DEVELOPMENT ? withLink(code, answered(status, detail)) : String(status),
    ...(wait > 0 && wait < Infinity && { retryAt: now + wait }),
  })
}

/** A sentence about a response. */
const answered = (status: number, detail: string): string =>
  `The server answered ${status || 'with a redirect'} ${detail}`.replace(/[ .]*$/, '.')

/** See {@link createWarnings}. */
export type Warn = (subject: string, url: string, what: string, status?: number, cause?: unknown) => void

/**
 * Warns the developer in the console of a mistake that does not end the session and would otherwise go unnoticed, once for each
 * `subject`: an option, with its URL; and once for each `what` where there was no response. The warning repeats nothing that a server or a user has sent.
 */
export function createWarnings(): Warn {
  if (!DEVELOPMENT) return () => undefined
  const warned = new Set<string>()
  return (subject, url, what, status = 0, ...cause) => {
    // An endpoint that could not be reached for a while may answer wrongly later.
    const key = subject + (status ? '' : what)
    if (isBusy(status) || warned.has(key)) return
    warned.add(key)
    // The query is left out: it may hold a key.
    const address = url && ` (${url.replace(/[?#].*/, '')})`
    const answered = status ? ` answered ${status}` : ''
    // eslint-disable-next-line no-console -- for the developer, once
    console.warn(`sojourn: ${subject}${address}${answered}${what}`, ...cause)
  }
}

/**
 * `sent`, with a warning in the console where the browser is online and there is no response: a script cannot see why, and the error is
 * `offline`, as without a network.
 */
export async function warnIfUnreachable<T>(sent: Promise<T>, warn: Warn, subject: string, url: string): Promise<T> {
  try {
    return await sent
  } catch (error) {
    // Node has a `navigator` since version 21, and no `onLine`.
    const { navigator } = globalThis as { readonly navigator?: { readonly onLine?: boolean } }
    if (isUnreachable(error) && navigator?.onLine !== false)
      warn(
        subject,
        url,
        ' could not be reached. Does it allow this page by CORS, and Content-Security-Policy by connect-src? Does it redirect?',
      )
    throw error
  }
}

/**
 * Sends a request that has to arrive although the page navigates away. A browser rejects it while the bodies of all such requests
 * of the page exceed 64 KiB (Fetch §4.6, HTTP-network-or-cache fetch), for example beside those of analytics at a sign-out. Then
 * it is sent again without `keepalive`.
 * https://github.com/grafana/faro-web-sdk/issues/1898
 */
export const sendThoughLeaving = <T>(send: (keepalive: boolean) => Promise<T>): Promise<T> =>
  send(true).catch((error: unknown) => {
    if (isUnreachable(error)) return send(false)
    throw error
  })

/**
 * Options without the members that a polluted `Object.prototype` adds to every object: an attacker who can set those, and nothing
 * more, must not choose where tokens are sent. CVE-2026-42264, https://github.com/zextras/carbonio-mails-ui/pull/1203
 */
export const ownOptions = <T extends object>(options: T): T =>
  Object.keys(Object.prototype).length > 0 ? Object.assign(Object.create(null) as T, options) : options
