import { sessionError } from '../errors.js'
import type { Plugged } from '../session/plugin.js'
import { tokens as tokensPlugin } from '../tokens/plugin.js'
import type { SessionServer, TokenServer, TokenResponse } from '../types.js'
import { createDiscovery, parseEndpoints, type Json } from './discovery.js'
import { parseUrl, createWarnings, ownOptions, responseError, sendThoughLeaving } from './response-error.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * Proof of possession (RFC 9449), as {@link oauth} needs it. `dpop()` makes one; so can you, on keys of your own.
 */
export interface DPoP {
  /** The keys of the session of this `name`, and of no other. */
  forSession?(name: string): DPoP
  /** The non-extractable key of the next sign-in, for the login library; kept over a redirect, in force from `signIn` on. */
  prepare(): Promise<CryptoKeyPair>
  /** The tokens of a sign-in are here: puts the prepared key in force. */
  receive?: SessionServer['receive']
  /** A proof for one request (RFC 9449 §4.2), with `ath` where an access token is given. */
  proof(request: { method: string; url: string; accessToken?: string }): Promise<string>
  /** Remembers a server's nonce, per origin, and its clock; true when there was something new. */
  nonce(response: Response): boolean
}

/** An authorization server for {@link oauth}: its issuer, or its endpoints. */
export interface OAuthOptions {
  /** The issuer's URL, whose metadata (RFC 8414) names the endpoints that are not given here. Asked for once, when needed. */
  issuer?: string | URL
  /** Where tokens are refreshed, RFC 6749 §3.2: an http(s) URL, or a path of the page's own origin. */
  tokenEndpoint?: string | URL
  /** The public client's id. A page can keep no client secret. */
  clientId: string
  /** Where tokens are revoked, RFC 7009. Without it sign-out is local. Give it where the page leaves at sign-out. */
  revocationEndpoint?: string | URL
  /** Extra form fields of the refresh request, such as `scope` or `resource`. They never replace the standard's own. */
  parameters?: Readonly<Record<string, string>>
  /** RFC 9449: binds tokens to a key that no script can read out. Bearer tokens are then refused. */
  dpop?: DPoP
  /** @default `globalThis.fetch` as it is at each call. If you put `createFetch(session)` in its place, give the original here. */
  fetch?: typeof fetch
}

/**
 * An OAuth 2.0 authorization server for a public client: refresh grant (RFC 6749 §6), revocation (RFC 7009), discovery
 * (RFC 8414) and sender-constrained tokens (RFC 9449).
 *
 * Only an OAuth error (RFC 6749 §5.2: JSON with `error`) that a person has to answer ends the session: `invalid_grant`,
 * `interaction_required` and its kin (OpenID Connect Core §3.1.2.6), an expired or revoked token. A bare 401, a proxy's page and
 * whatever else may pass are told by the event `refreshFailed`, and the session stays; mistakes in the options are also told once
 * in the console. The endpoints must allow the page's origin by CORS, and should expose
 * `Retry-After`, `Date`, `DPoP-Nonce` and `WWW-Authenticate`. Plain http is accepted for development and closed networks;
 * RFC 6749 §3.2 asks for TLS.
 *
 * @throws SessionError `invalid_options`
 * @example A session on an OpenID provider
 * ```ts
 * const server = oauth({ issuer: 'https://id.example.com', clientId: 'app' })
 * const session = createSession({ server })
 * ```
 * @example Tokens that are worth nothing to a thief
 * ```ts
 * const proofs = dpop()
 * const server = oauth({ issuer: 'https://id.example.com', clientId: 'app', dpop: proofs })
 * // For the login library, which proves possession of it when it trades the code for tokens:
 * const keyPair = await proofs.prepare()
 * ```
 */
export function oauth(options: OAuthOptions): TokenServer {
  const {
    issuer,
    tokenEndpoint,
    revocationEndpoint,
    clientId,
    parameters,
    dpop: proofs,
    fetch: customFetch,
  } = ownOptions(Object(options) as OAuthOptions)
  const given: Json = { issuer, token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint }
  const endpoints = parseEndpoints(given)
  parseUrl('tokenEndpoint or issuer', tokenEndpoint ?? issuer)
  if (!clientId) throw sessionError('invalid_options', DEVELOPMENT ? 'Give the clientId.' : 'clientId')
  /** As they are now: what the application changes later does not count. */
  const extraFields = { ...parameters }

  const warn = createWarnings()

  /** The answer, and what it says if that is JSON. A SyntaxError is no cause to keep: V8 quotes the text, perhaps a token. */
  const fetchJson = async (url: string, init: RequestInit): Promise<readonly [Response, Json]> => {
    const response = await (customFetch ?? fetch)(url, init)
    const text = await response.text()
    try {
      return [response, Object(JSON.parse(text)) as Json]
    } catch {
      return [response, {}]
    }
  }

  // A form needs no preflight. Cookies stay at fetch's default: none go to another origin, so that
  // `Access-Control-Allow-Origin: *` will do. 307 and 308 would carry the token to wherever they point, RFC 9700 §4.12.
  const post = (url: string, form: Record<string, string>, init: RequestInit): ReturnType<typeof fetchJson> =>
    fetchJson(url, {
      method: 'POST',
      body: new URLSearchParams({ ...form, client_id: clientId }),
      redirect: 'error',
      ...init,
    })

  const endpointUrl = createDiscovery(endpoints, fetchJson, warn)

  const serverWith = (dpop: DPoP | undefined): TokenServer & Plugged => ({
    tokens: true,
    plugins: [tokensPlugin],
    async refresh(tokens, { signal }) {
      const token = tokens?.refresh_token
      if (!token) throw sessionError('no_tokens', DEVELOPMENT && 'There is no refresh token. Sign in.')
      const url = (await endpointUrl('token_endpoint', signal)) ?? parseUrl('token_endpoint', undefined)
      const form = { ...extraFields, grant_type: 'refresh_token', refresh_token: token }

      const requestTokens = async (isRetry?: boolean): Promise<TokenResponse> => {
        const headers = dpop ? { DPoP: await dpop.proof({ method: 'POST', url }) } : {}
        const [response, body] = await post(url, form, { signal, headers })
        const isNonceNew = dpop?.nonce(response)
        const { status, ok } = response
        // The name alone: descriptions may quote the token.
        const { error, access_token } = body
        const errorCode = typeof error === 'string' && /^\w{1,40}$/.test(error) ? error : ''
        // GitHub answers an error with 200.
        if (ok && (access_token || !errorCode)) {
          if (DEVELOPMENT && !access_token)
            warn('tokenEndpoint', url, ' without tokens. Is this the token endpoint?', status)
          return requireDpop(body as unknown as TokenResponse, dpop)
        }
        // RFC 9449 §8: a nonce is wanted. Or a wrong clock has just learned the right time. The token is not used up.
        if (isNonceNew && !isRetry && errorCode.includes('dpop')) return requestTokens(true)
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
      }
      return requestTokens()
    },

    // One call: revoking the refresh token takes the access tokens of its grant along, RFC 7009 §2.1. What the server answers
    // changes nothing, for the tokens here are gone already. `keepalive`, because the page often leaves right after.
    async signOut(tokens, { signal }) {
      const kind = tokens?.refresh_token ? 'refresh_token' : 'access_token'
      const token = tokens?.[kind]
      const url = token && (await endpointUrl('revocation_endpoint', signal))
      if (!url) return
      const [{ ok, status }] = await sendThoughLeaving((keepalive) =>
        post(url, { token, token_type_hint: kind }, { signal, keepalive }),
      )
      if (DEVELOPMENT && !ok)
        warn('revocationEndpoint', url, '. Tokens may stay valid at the server after sign-out.', status)
    },

    ...(dpop &&
      ({
        async receive(tokens, init) {
          requireDpop(tokens, dpop)
          await dpop.receive?.(tokens, init)
        },
        async authorize(request, tokens) {
          const { method, url, headers } = (request = new Request(request))
          const accessToken = tokens?.access_token ?? ''
          headers.set('Authorization', `DPoP ${accessToken}`)
          headers.set('DPoP', await dpop.proof({ method, url, accessToken }))
          return request
        },
        challenge(response) {
          const isNonceNew = dpop.nonce(response)
          const header = response.headers.get('WWW-Authenticate') ?? ''
          // RFC 9449 §9. Where CORS hides what was wrong, something new is worth a try.
          const isAboutProof = header.includes('use_dpop') || (isNonceNew && !header.includes('_token'))
          return response.status !== 401 ? null : isAboutProof ? 'resend' : 'refresh'
        },
      } satisfies SessionServer)),
  })
  return {
    ...serverWith(proofs),
    ...(proofs && { forSession: (name) => serverWith(proofs.forSession?.(name) ?? proofs) }),
  }
}

/**
 * Errors about the client and the request (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5): the developer's to mend. They must not sign
 * everybody out, even where they come with 401.
 */
const CLIENT_ERROR = /client|request|scope|type|target|dpop/

/** Errors that pass. */
const TEMPORARY = /unavailable|server|slow_down|pending|too_many|limit|timeout/

/**
 * Errors that only a person can answer, by signing in anew. `invalid_grant` (RFC 6749 §5.2) is the standard's; others are sent on
 * the refresh grant as well: `interaction_required`, `consent_required`, `login_required`, `bad_token` (Microsoft Entra ID),
 * `mfa_required`, `access_denied` (Auth0), `bad_refresh_token` (GitHub), `expired_token` (RFC 8628), `invalid_token` (RFC 6750),
 * `unmet_authentication_requirements` (OpenID).
 */
const FINAL = /grant|_required$|token|session|user|account|denied|expired|revoked|authentication/i

/** Whether an OAuth error ends the session. With 401 any other does, as `unauthorized` of Auth0 and Spring; a reason phrase (`Unauthorized`) is a gateway's. */
const endsSession = (error: string, status: number): boolean =>
  status < 500 &&
  !CLIENT_ERROR.test(error) &&
  !TEMPORARY.test(error) &&
  (FINAL.test(error) || (status === 401 && /^[a-z]/.test(error)))

/** RFC 9449 §5: who asks for bound tokens does not take others. */
function requireDpop(tokens: TokenResponse, dpop: DPoP | undefined): TokenResponse {
  if (dpop && !/^dpop$/i.test(tokens.token_type ?? ''))
    throw sessionError('invalid_response', DEVELOPMENT && 'The token_type is not DPoP.')
  return tokens
}
