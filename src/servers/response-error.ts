import { sessionError, SessionError } from '../errors.js'
import { ownOrigin } from '../util/origins.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * An http(s) URL without user info, as it was given, or the URL of a path of the page's own origin. A path is resolved here, once,
 * and never against the page's `<base>`, which injected HTML may have set. `//host` and `/\host` are no paths: the URL standard
 * reads another host in them. A path on a server stays as it is, because nothing is sent from there.
 *
 * @throws SessionError `invalid_options`
 */
export function parseUrl(option: string, value: unknown, mayBePath = true): string {
  const text = String(value)
  const pageOrigin = ownOrigin()
  try {
    const base = pageOrigin ?? ((globalThis as Partial<typeof globalThis>).location ? undefined : 'http://server')
    const { href, username, password } = new URL(text, base)
    if (mayBePath && text.startsWith('/') && href.startsWith(`${base}/`)) return pageOrigin ? href : text
    if (/^https?:\/\//i.test(text) && !username && !password) return text
  } catch {
    // Reported below.
  }
  throw sessionError('invalid_options', DEVELOPMENT ? `${option} is ${text}. Give an http(s) URL, or a path.` : option)
}

/** An answer that is no success, as an error. 429 comes first: a server that is too busy to look knows nothing of the session. */
export function responseError({ status, headers }: Response, isRejected: boolean, detail = ''): SessionError {
  const now = Date.now()
  const date = (name: string): number => Date.parse(headers.get(name) ?? '')
  // RFC 9110 §10.2.3: seconds, or a date, which is measured by the server's own clock where CORS lets us read it.
  const wait = Number(headers.get('Retry-After')) * 1e3 || date('Retry-After') - (date('Date') || now)
  return new SessionError(status === 429 ? 'rate_limited' : isRejected ? 'rejected' : 'server', {
    message: DEVELOPMENT ? `The server answered ${status || 'with a redirect'} ${detail}`.trim() : String(status),
    ...(wait > 0 && wait < Infinity && { retryAt: now + wait }),
  })
}

/** Statuses that say "not now" and nothing about the request: a gateway or a server that is busy, late or limited. */
const isBusy = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)

/** See {@link createWarnings}. */
export type Warn = (subject: string, url: string, what: string, status?: number, cause?: unknown) => void

/**
 * Warns the developer in the console of what the session does not end for and nobody else would tell them, once for each `subject`:
 * an option, with its URL. Nothing that a server or a user sent is repeated.
 */
export function createWarnings(): Warn {
  const warned = new Set<string>()
  return (subject, url, what, status = 0, ...cause) => {
    if (isBusy(status) || warned.has(subject)) return
    warned.add(subject)
    // A query may hold a key.
    const address = url && ` (${url.replace(/[?#].*/, '')})`
    const answered = status ? ` answered ${status}` : ''
    // eslint-disable-next-line no-console -- for the developer, once
    console.warn(`sojourn: ${subject}${address}${answered}${what}`, ...cause)
  }
}

/**
 * Sends what has to arrive though the page leaves. Browsers refuse that while all such requests of the page hold over 64 KiB
 * (Fetch §4.6, HTTP-network-or-cache fetch), as those of analytics do at a sign-out: then it is sent like any other.
 * https://github.com/grafana/faro-web-sdk/issues/1898
 */
export const sendThoughLeaving = <T>(send: (keepalive: boolean) => Promise<T>): Promise<T> =>
  send(true).catch((error: unknown) => {
    if (error instanceof TypeError) return send(false)
    throw error
  })

/**
 * Options without what a polluted `Object.prototype` adds to every object: who can set such members, and nothing more, must not
 * be the one who says where tokens go. CVE-2026-42264, https://github.com/zextras/carbonio-mails-ui/pull/1203
 */
export const ownOptions = <T extends object>(options: T): T =>
  Object.keys(Object.prototype).length > 0 ? Object.assign(Object.create(null) as T, options) : options
