import { sessionError, SessionError, withLink } from '../errors.js'
import type { Plugged } from '../session/plugin.js'
import { tokens as tokensPlugin } from '../tokens/plugin.js'
import type { TokenServer, TokenResponse } from '../types.js'
import { createDiscovery, parseEndpoints, type Json } from './discovery.js'
import { plainFetch } from '../util/plain-fetch.js'
import type { DPoP, Prove, TokenRequest } from './proofs.js'
import {
  parseUrl,
  createWarnings,
  ownOptions,
  responseError,
  sendThoughLeaving,
  warnIfUnreachable,
} from './response-error.js'
import { checkOptions } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'

export type { DPoP } from './proofs.js'

/** An authorization server for {@link oauth}: its issuer, or its endpoints. */
export interface OAuthOptions {
  /** The issuer's URL. Its metadata (RFC 8414) names the endpoints that are not given here; it is fetched once, when needed. */
  issuer?: string | URL
  /** Where tokens are refreshed, RFC 6749 §3.2: an http(s) URL, or a path of the page's own origin. */
  tokenEndpoint?: string | URL
  /** The public client's id. A page can keep no client secret. */
  clientId: string
  /**
   * Where tokens are revoked, RFC 7009. Without it, and without an `issuer` that names it, sign-out is local. Give it if your page
   * navigates away at sign-out: then there is no time to fetch the metadata.
   */
  revocationEndpoint?: string | URL
  /** Extra form fields of the refresh request, such as `scope` or `resource`. They never replace a field that RFC 6749 defines. */
  parameters?: Readonly<Record<string, string>>
  /** RFC 9449, `dpop()`: binds tokens to a key that no script can export. Bearer tokens are then refused. */
  dpop?: DPoP
  /**
   * The `fetch` that sends the requests. Where something wraps the global one and waits first, give the original here.
   * @default `globalThis.fetch`, read at each call; where that is one of `createFetch(session)`, what it was before
   */
  fetch?: typeof fetch
}

/**
 * An OAuth 2.0 authorization server for a public client: refresh grant (RFC 6749 §6), revocation (RFC 7009), discovery
 * (RFC 8414) and sender-constrained tokens (RFC 9449).
 *
 * The session ends only on an OAuth error (RFC 6749 §5.2: JSON with `error`) that the user has to resolve: `invalid_grant`,
 * `interaction_required` and the other errors of OpenID Connect Core §3.1.2.6, an expired or revoked token. Any other failure, such
 * as a bare 401 or a proxy's page, is temporary: the session stays and reports `refreshFailed`. The development build also reports a
 * mistake in the options in the console, once. The endpoints must allow the page's origin by CORS, and should expose `Retry-After`,
 * `Date`, `DPoP-Nonce` and `WWW-Authenticate`. Plain http is accepted for development and closed networks; RFC 6749 §3.2 requires TLS.
 *
 * @throws SessionError `invalid_options`
 * @example A session on an OpenID provider
 * ```ts
 * const server = oauth({ issuer: 'https://id.example.com', clientId: 'app' })
 * const session = createSession({ server })
 * ```
 * @example Tokens that are useless without this browser's key
 * ```ts
 * const proofs = dpop()
 * const server = oauth({ issuer: 'https://id.example.com', clientId: 'app', dpop: proofs })
 * // For the login library, which proves possession of the key when it exchanges the code for tokens:
 * const keyPair = await proofs.prepare()
 * ```
 */
export function oauth(options: OAuthOptions): TokenServer {
  if (DEVELOPMENT)
    checkOptions('oauth', options, {
      clientId: 'string',
      parameters: 'object',
      dpop: 'object',
      fetch: 'function',
      issuer: 'any',
      tokenEndpoint: 'any',
      revocationEndpoint: 'any',
    })
  const {
    issuer,
    tokenEndpoint,
    revocationEndpoint,
    clientId,
    parameters,
    dpop,
    fetch: customFetch,
  } = ownOptions(Object(options) as OAuthOptions)
  const given: Json = { issuer, token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint }
  const endpoints = parseEndpoints(given)
  parseUrl('tokenEndpoint or issuer', tokenEndpoint ?? issuer)
  if (!clientId) throw sessionError('invalid_options', DEVELOPMENT ? 'Give the clientId.' : 'clientId')
  // In production too: without the code that sends proofs, the tokens would be used as bearer tokens.
  if (dpop && !dpop.bind)
    throw sessionError(
      'invalid_options',
      DEVELOPMENT ? 'dpop: give dpop(), or customDpop(proofs) of sojourn/server.' : 'dpop',
    )
  /** A copy: later changes to the application's object have no effect. */
  const extraFields = { ...parameters }

  const warn = createWarnings()

  /** The response and its JSON, `{}` if it is none. The SyntaxError is dropped: V8 quotes the text in it, perhaps a token. */
  const fetchJson = async (url: string, init: RequestInit): Promise<readonly [Response, Json]> => {
    const response = await (customFetch ?? plainFetch)(url, init)
    const text = await response.text()
    try {
      return [response, Object(JSON.parse(text)) as Json]
    } catch {
      return [response, {}]
    }
  }

  // A form needs no preflight. With fetch's default no cookie goes to another origin, so `Access-Control-Allow-Origin: *` is
  // enough. A 307 or 308 redirect would send the token on to any address, RFC 9700 §4.12.
  const postForm = (url: string, form: Record<string, string>, init: RequestInit): ReturnType<typeof fetchJson> =>
    fetchJson(url, {
      method: 'POST',
      body: new URLSearchParams({ ...form, client_id: clientId }),
      redirect: 'error',
      ...init,
    })

  const endpointUrl = createDiscovery(endpoints, fetchJson, warn)

  const serverWith = (prove?: Prove): TokenServer & Plugged => ({
    tokens: true,
    plugins: [tokensPlugin],
    async refresh(tokens, { signal, resource }) {
      const token = tokens?.refresh_token
      if (!token) throw sessionError('no_tokens', DEVELOPMENT && 'There is no refresh token. Sign in.')
      const url = (await endpointUrl('token_endpoint', signal)) ?? parseUrl('token_endpoint', undefined)
      const form = { ...extraFields, ...(resource && { resource }), grant_type: 'refresh_token', refresh_token: token }

      const post = (headers = {}): ReturnType<TokenRequest> => postForm(url, form, { signal, headers })
      const send: TokenRequest = DEVELOPMENT
        ? (headers) => warnIfUnreachable(post(headers), warn, 'tokenEndpoint', url)
        : post
      const [response, body] = await (prove ? prove(url, send) : send())
      const { status, ok } = response
      // The error code alone: `error_description` may quote the token.
      const { error, access_token } = body
      const errorCode = typeof error === 'string' && /^\w{1,40}$/.test(error) ? error : ''
      // GitHub answers an error with 200.
      if (ok && (access_token || !errorCode)) {
        if (DEVELOPMENT && !access_token)
          warn('tokenEndpoint', url, ' without tokens. Is this the token endpoint?', status)
        return body as unknown as TokenResponse
      }
      // The refresh token is good, and no token comes for this one resource: RFC 8707 §2, or a stronger sign-in is required for it.
      if (resource && /target|_required$/.test(errorCode))
        throw new SessionError('invalid_options', {
          message: DEVELOPMENT
            ? withLink('invalid_options', `${errorCode}: the server gives no token for the resource ${resource}.`)
            : errorCode,
          cause: errorCode,
        })
      const isClientError = CLIENT_ERROR.test(errorCode)
      if (DEVELOPMENT && isClientError)
        warn('tokenEndpoint', url, ` ${errorCode}. Mend the options of oauth(), or the client there.`, status)
      else if (DEVELOPMENT && !errorCode)
        warn(
          'tokenEndpoint',
          url,
          ' without an OAuth error. Is this the token endpoint? A proxy may have answered.',
          status,
        )
      throw responseError(
        response,
        endsSession(errorCode, status),
        DEVELOPMENT && isClientError ? `${errorCode}: mend the options of oauth().` : errorCode,
      )
    },

    // One request: revoking the refresh token also revokes the access tokens of its grant, RFC 7009 §2.1. The response changes
    // nothing, because this device has removed the tokens already. `keepalive`: pages often navigate away at sign-out.
    async signOut(tokens, { signal }) {
      const kind = tokens?.refresh_token ? 'refresh_token' : 'access_token'
      const token = tokens?.[kind]
      const url = token && (await endpointUrl('revocation_endpoint', signal))
      if (!url) return
      const [{ ok, status }] = await sendThoughLeaving((keepalive) =>
        postForm(url, { token, token_type_hint: kind }, { signal, keepalive }),
      )
      if (DEVELOPMENT && !ok)
        warn('revocationEndpoint', url, '. Tokens may stay valid at the server after sign-out.', status)
    },
  })
  return dpop?.bind ? dpop.bind(serverWith) : serverWith()
}

/**
 * Errors about the client or the request (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5), which the developer has to mend. They end no
 * session, even with status 401: otherwise one wrong option would sign out every user.
 */
const CLIENT_ERROR = /client|request|scope|type|target|dpop/

/** Temporary errors. */
const TEMPORARY = /unavailable|server|slow_down|pending|too_many|limit|timeout/

/**
 * Errors that the user has to resolve by signing in again. RFC 6749 §5.2 defines `invalid_grant`; servers also answer the refresh
 * grant with others: `interaction_required`, `consent_required`, `login_required`, `bad_token` (Microsoft Entra ID),
 * `mfa_required`, `access_denied` (Auth0), `bad_refresh_token` (GitHub), `expired_token` (RFC 8628), `invalid_token` (RFC 6750),
 * `unmet_authentication_requirements` (OpenID).
 */
const FINAL = /grant|_required$|token|session|user|account|denied|expired|revoked|authentication/i

/**
 * Whether an OAuth error ends the session. With status 401 an unknown code does, such as `unauthorized` of Auth0 and Spring. A
 * reason phrase with a capital (`Unauthorized`) comes from a gateway.
 */
const endsSession = (error: string, status: number): boolean =>
  status < 500 &&
  !CLIENT_ERROR.test(error) &&
  !TEMPORARY.test(error) &&
  (FINAL.test(error) || (status === 401 && /^[a-z]/.test(error)))
