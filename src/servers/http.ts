import { failed, SessionError } from '../errors.js'

/** Throws `invalid_options` for what is neither an http(s) URL without user info nor a path of the page's own origin. */
export function checkUrl(option: string, value: unknown): string {
  const url = String(value)
  if (/^(https?:\/\/[^\s@/]+(\/|$)|\/)/i.test(url)) return url
  throw failed('invalid_options', `${option} is ${url}. Give an http(s) URL, or a path.`)
}

/** An answer that is no success, as an error. 429 comes first: a server that is too busy to look knows nothing of the session. */
export function refusal({ status, headers }: Response, isOver: boolean, more = ''): SessionError {
  const now = Date.now()
  const date = (name: string): number => Date.parse(headers.get(name) ?? '')
  // RFC 9110 §10.2.3: seconds, or a date, which is measured by the server's own clock where CORS lets us read it.
  const wait = Number(headers.get('Retry-After')) * 1e3 || date('Retry-After') - (date('Date') || now)
  return new SessionError(status === 429 ? 'rate_limited' : isOver ? 'rejected' : 'server', {
    message: `The server answered ${status} ${more}`.trim(),
    ...(wait > 0 && wait < Infinity && { retryAt: now + wait }),
  })
}
