/** The library's own servers on a fake network: the calls of a world's server as HTTP. */
import { toSessionError } from '../../src/errors.js'
import { cookieSession } from '../../src/servers/cookie.js'
import { oauth } from '../../src/servers/oauth.js'
import type { SessionServer, TokenResponse } from '../../src/types.js'
import type { Call } from './servers.js'

type Send = (method: Call['method'], tokens: TokenResponse | null, signal: AbortSignal) => Promise<unknown>

/** Responses that do not speak the server's protocol: of a proxy, a gateway or a login page. */
export class Page extends Error {
  readonly status: number
  constructor(status: number) {
    super(`A page with status ${status}`)
    this.status = status
  }
}

/** The part of a response that the servers use: Node's own costs a tenth of a whole world. */
function respond(url: string, status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  const response = {
    url,
    status,
    ok: status < 300,
    type: 'basic',
    redirected: false,
    headers: { get: (name: string) => headers[name] ?? null },
    text: () => Promise.resolve(text),
    json: () => Promise.resolve().then(() => JSON.parse(text) as unknown),
    clone: () => response,
  }
  return response as never
}

/** The HTTP response for a reply or a failure of the world's server. `refused`: its response for a session that is over. */
async function http(
  url: string,
  work: Promise<unknown>,
  refused: () => Response,
  now: () => number,
): Promise<Response> {
  try {
    const result = await work
    return respond(url, 200, result === undefined ? '' : JSON.stringify(result))
  } catch (error) {
    if (error instanceof Page) return respond(url, error.status, '<!doctype html><title>Sorry</title>')
    const { code, retryAt = 0 } = toSessionError(error)
    if (code === 'rejected') return refused()
    if (code === 'server') return respond(url, 503, '')
    if (code === 'rate_limited')
      return respond(url, 429, '', { 'Retry-After': String(Math.max(0, Math.ceil((retryAt - now()) / 1e3))) })
    throw error
  }
}

const urlOf = (input: RequestInfo | URL): string => (input instanceof Request ? input.url : String(input))

const ORIGIN = 'https://id.example'

export function overOAuth(send: Send, now: () => number): SessionServer {
  return oauth({
    tokenEndpoint: `${ORIGIN}/token`,
    revocationEndpoint: `${ORIGIN}/revoke`,
    clientId: 'app',
    fetch: (input, init) => {
      const url = urlOf(input)
      const form = init?.body as URLSearchParams
      const isRefresh = url.endsWith('/token')
      const token = form.get(isRefresh ? 'refresh_token' : 'token') ?? ''
      const tokens = { access_token: token, refresh_token: token }
      const signal = init?.signal ?? new AbortController().signal
      const refused = (): Response => respond(url, 400, '{"error":"invalid_grant"}')
      return http(url, send(isRefresh ? 'refresh' : 'signOut', tokens, signal), refused, now)
    },
  })
}

export function overCookie(send: Send, now: () => number, has: { keepAlive: boolean; check: boolean }): SessionServer {
  return cookieSession({
    ...(has.keepAlive && { keepAlive: `${ORIGIN}/alive` }),
    ...(has.check && { check: `${ORIGIN}/session` }),
    signOut: `${ORIGIN}/logout`,
    fetch: (input, init) => {
      const url = urlOf(input)
      const method = url.endsWith('/alive') ? 'keepAlive' : url.endsWith('/session') ? 'check' : 'signOut'
      const signal = init?.signal ?? new AbortController().signal
      return http(url, send(method, null, signal), () => respond(url, 401, ''), now)
    },
  })
}
