import { SessionError, type SessionErrorCode } from '../errors.js'
import type { SessionServer, TokenResponse } from '../types.js'

/** What {@link oauth} needs to know of an authorization server. */
export interface OAuthOptions {
  /** Where tokens are refreshed, RFC 6749 §3.2: an http(s) URL, or a path of the page's own origin. */
  tokenEndpoint: string | URL
  /** The public client's id. A page can keep no client secret. */
  clientId: string
  /** Where tokens are revoked, RFC 7009. Without it sign-out is local. */
  revocationEndpoint?: string | URL
  /** Extra form fields of the refresh request, such as `scope` or `resource`. They never replace the standard's own. */
  parameters?: Readonly<Record<string, string>>
  /** @default `globalThis.fetch` as it is at each call. If you put `createFetch(session)` in its place, give the original here. */
  fetch?: typeof fetch
}

/**
 * An OAuth 2.0 authorization server for a public client: refresh grant (RFC 6749 §6) and revocation (RFC 7009).
 * Only a refused refresh token ends the session (`invalid_grant`, or 401); what may pass is told apart by its code.
 *
 * The endpoints must allow the page's origin by CORS, and should expose `Retry-After` and `Date`. Plain http is accepted for
 * development and closed networks; RFC 6749 §3.2 asks for TLS.
 *
 * @throws SessionError `invalid_options`
 * @example A session on an OpenID provider
 * ```ts
 * const server = oauth({
 *   tokenEndpoint: 'https://id.example.com/token',
 *   revocationEndpoint: 'https://id.example.com/token/revocation',
 *   clientId: 'app',
 * })
 * const session = createSession({ server })
 * ```
 */
export function oauth(options: OAuthOptions): SessionServer {
  const { tokenEndpoint, revocationEndpoint, clientId, parameters, fetch: ownFetch } = Object(options) as OAuthOptions
  const tokenUrl = endpoint('tokenEndpoint', tokenEndpoint)
  const revocationUrl = revocationEndpoint !== undefined && endpoint('revocationEndpoint', revocationEndpoint)
  if (typeof clientId !== 'string' || !clientId) throw invalid('clientId', clientId, "a name such as 'app'")

  /** The answer and its text. Throws where there is none. */
  const post = async (
    url: string,
    form: Readonly<Record<string, string>>,
    init: { signal: AbortSignal; keepalive?: boolean },
  ): Promise<readonly [Response, string]> => {
    try {
      const response = await (ownFetch ?? fetch)(url, {
        // Form and Accept are CORS-safelisted: no preflight. Cookies stay at fetch's default: none go to another origin, so that
        // `Access-Control-Allow-Origin: *` will do; at the page's own a gateway may ask for them, whose 401 would end the session.
        method: 'POST',
        headers: { Accept: 'application/json' },
        body: new URLSearchParams({ ...form, client_id: clientId }),
        cache: 'no-store',
        // 307 and 308 would carry the token to wherever they point, RFC 9700 §4.12.
        redirect: 'error',
        ...init,
      })
      return [response, await response.text()]
    } catch (error) {
      throw unanswered(error, init.signal)
    }
  }

  return {
    async refresh(tokens, { signal }) {
      const token = tokens?.refresh_token
      if (!token) throw failure('no_tokens', 'There is no refresh token: sign in to get one.')
      const form = { ...parameters, grant_type: 'refresh_token', refresh_token: token }
      const [response, text] = await post(tokenUrl, form, { signal })
      const body = parse(text)
      if (!response.ok) throw refusal(response, body.error)
      return tokenResponse(body)
    },

    // One call: revoking the refresh token takes the access tokens of its grant along, RFC 7009 §2.1. What the server answers
    // changes nothing, for the tokens here are gone already. `keepalive`, because the page often leaves right after.
    async signOut(tokens, { signal }) {
      const kind = tokens?.refresh_token ? 'refresh_token' : 'access_token'
      const token = tokens?.[kind]
      if (revocationUrl && token)
        await post(revocationUrl, { token, token_type_hint: kind }, { signal, keepalive: true })
    },
  }
}

function failure(code: SessionErrorCode, message: string, more?: { cause?: unknown; retryAt?: number }): SessionError {
  return new SessionError(code, { message, ...more })
}

function invalid(option: string, value: unknown, wanted: string): SessionError {
  return failure('invalid_options', `oauth: ${option} is ${String(value)}. Give ${wanted}.`)
}

function endpoint(option: string, value: string | URL): string {
  const text = String(value)
  try {
    // A path means the page's origin, which a server that renders the page cannot know.
    const { protocol, username, password } = new URL(text, text.startsWith('/') ? 'https://page.invalid' : undefined)
    if (/^https?:$/.test(protocol) && !(username || password)) return text
  } catch {
    // Said below.
  }
  throw invalid(option, value, "an http(s) URL without user info, such as 'https://id.example.com/token'")
}

/** No answer: it took too long, nobody wants it any more, or the network failed. */
function unanswered(error: unknown, { aborted, reason }: AbortSignal): unknown {
  // Chrome before 98 knows no `reason`.
  const cause: unknown = aborted ? (reason ?? error) : error
  if ((cause as Partial<Error> | null)?.name === 'TimeoutError')
    return failure('timeout', 'The authorization server did not answer in time.', { cause })
  if (aborted) return cause
  // fetch tells nobody which of these it was.
  return failure('offline', 'No way to the authorization server: no network, or CORS, CSP or a redirect.', { cause })
}

/** The names of RFC 6749 §5.2 that speak of the client and not of the token. */
const MISCONFIGURED = /^(invalid_(client|request|scope)|unauthorized_client|unsupported_grant_type)$/

/** RFC 6749 §5.2, and what real servers and the proxies before them do. */
function refusal({ status, headers }: Response, error: unknown): SessionError {
  // The name alone: descriptions may quote the token.
  const name = typeof error === 'string' && /^\w{1,40}$/.test(error) ? error : ''
  const [code, meaning]: readonly [SessionErrorCode, string] =
    status === 429
      ? ['rate_limited', 'too many requests']
      : status >= 500 || status === 408 || status === 425
        ? ['server', 'that may pass']
        : // A deployment gone wrong must not sign everybody out, even where it answers 401 (`invalid_client`).
          name === 'invalid_grant' || (status === 401 && !MISCONFIGURED.test(name))
          ? ['rejected', 'the refresh token no longer counts']
          : ['server', 'no refresh can succeed before tokenEndpoint, clientId or parameters are mended']
  return failure(code, `The authorization server answered ${String(status)} ${name}: ${meaning}.`, retryTime(headers))
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured by the server's own clock where CORS lets us read it. */
function retryTime(headers: Headers): { retryAt: number } | undefined {
  const value = headers.get('Retry-After') ?? ''
  const now = Date.now()
  const wait = /^\d+$/.test(value) ? +value * 1e3 : Date.parse(value) - (Date.parse(headers.get('Date') ?? '') || now)
  return wait >= 0 ? { retryAt: now + wait } : undefined
}

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    // Not kept as a cause: V8 quotes the text, and with it perhaps a token.
    return {}
  }
}

/** RFC 6749 §5.1, read leniently where the meaning is beyond doubt: the refresh token sent for it is used up already. */
function tokenResponse({ expires_in: life, refresh_token: next, ...rest }: Record<string, unknown>): TokenResponse {
  const { access_token: token } = rest
  if (typeof token !== 'string' || !token || (next && typeof next !== 'string'))
    throw failure('invalid_response', 'The authorization server sent no token response (RFC 6749 §5.1).')
  return {
    ...rest,
    access_token: token,
    // Some servers write the number as a string, and null for what they leave out.
    ...(/^\d+(\.\d+)?$/.test(String(life)) && { expires_in: Number(life) }),
    ...(next ? { refresh_token: next as string } : {}),
  }
}
