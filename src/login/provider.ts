import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  clockSkew,
  customFetch,
  discoveryRequest,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  validateAuthResponse,
  type AuthorizationServer,
  type IDToken,
} from 'oauth4webapi'
import { isSessionError, SessionError, toSessionError, withLink } from '../errors.js'
import type { DPoP } from '../servers/oauth.js'
import { responseError } from '../servers/response-error.js'
import type { TokenResponse } from '../types.js'
import { withTimeout } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import { plainFetch } from '../util/plain-fetch.js'
import { decodeClaims } from './claims.js'
import type { Slot } from './slots.js'

/** The OpenID provider, as one client sees it. */
export interface Provider {
  /** Its metadata, fetched once; a failure is not kept. */
  readonly discover: () => Promise<AuthorizationServer>
  /** The tokens for the code in `answer`, and the claims of the ID token, checked. */
  readonly exchange: (
    answer: URLSearchParams,
    state: string,
    slot: Slot,
  ) => Promise<{ readonly tokens: TokenResponse; readonly claims: IDToken }>
}

/** How long a request to the provider may take, ms. */
const LIMIT = 3e4

const timed = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withTimeout(
    (ms, callback) => {
      const timer = setTimeout(callback, ms)
      return () => {
        clearTimeout(timer)
      }
    },
    LIMIT,
    null,
    work,
  )

/** The error of a provider, by its code (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6). Its description is dropped: anybody may have written it. */
export function refusal(error: unknown): SessionError {
  const cause = /^\w{1,40}$/.exec(String(error))?.[0] ?? 'error'
  const isTemporary = /^server|unavailable/.test(cause)
  const isOurs = /client|redirect|request|scope|type|target|dpop/.test(cause)
  const remedy = isTemporary
    ? 'Try again later.'
    : isOurs
      ? 'Mend the options of login(), or the client at the provider.'
      : 'Nobody was signed in. Let the user try again.'
  const code = isTemporary ? 'server' : isOurs ? 'invalid_options' : 'rejected'
  return new SessionError(code, {
    message: DEVELOPMENT ? withLink(code, `The provider answered ${cause}. ${remedy}`) : cause,
    cause,
  })
}

/** What went wrong, without what oauth4webapi puts beside it: the response, its body, the claims. */
function failure(thrown: unknown, response?: Response): SessionError {
  if (isSessionError(thrown)) return thrown
  const { code, error, message } = thrown as { code?: unknown; error?: unknown; message?: unknown }
  if (code === 'OAUTH_RESPONSE_BODY_ERROR' && response?.status !== 429) return refusal(error)
  if (response && !response.ok) return responseError(response, false)
  // `fetch` rejects with a TypeError without a code. The texts of oauth4webapi have no values in them.
  if (typeof code !== 'string') return toSessionError(thrown)
  return new SessionError('invalid_response', {
    ...(DEVELOPMENT && {
      message: withLink(
        'invalid_response',
        `The provider's answer is not right, and nobody was signed in: ${String(message)}.`,
      ),
    }),
  })
}

export function createProvider(issuer: string, clientId: string, dpop: DPoP | undefined): Provider {
  // As `oauth()`, it accepts plain http for development and closed networks.
  const insecure = { [allowInsecureRequests]: /^http:/i.test(issuer) }
  let metadata: Promise<AuthorizationServer> | undefined

  const load = async (signal: AbortSignal): Promise<AuthorizationServer> => {
    const url = new URL(issuer)
    const response = await discoveryRequest(url, {
      ...insecure,
      signal,
      [customFetch]: (where, init) => plainFetch(where, init as object),
    })
    try {
      if (!response.ok)
        throw responseError(response, false, DEVELOPMENT ? 'without the metadata of issuer. Is that its URL?' : '')
      return await processDiscoveryResponse(url, response)
    } catch (error) {
      throw failure(error, response)
    }
  }

  const discover = (): Promise<AuthorizationServer> =>
    (metadata ??= timed(load).catch((error: unknown) => {
      metadata = undefined
      throw failure(error)
    }))

  /** Sends the code. RFC 9449 §8: a provider that requires a nonce has not used the code yet. */
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const attempt = async (): Promise<Response> =>
      plainFetch(url, {
        ...init,
        ...(dpop && {
          headers: { ...(init.headers as object), DPoP: await dpop.proof({ method: 'POST', url, prepared: true }) },
        }),
      })
    const response = await attempt()
    const isAboutProof = dpop?.nonce(response) && !response.ok && (await response.clone().text()).includes('dpop')
    return isAboutProof ? attempt() : response
  }

  return {
    discover,
    async exchange(answer, state, { redirectUri, secrets: [verifier = '', expectedNonce = ''] = [] }) {
      const server = await discover()
      const client = { client_id: clientId }
      let response: Response | undefined
      const exchange = async (signal: AbortSignal): ReturnType<Provider['exchange']> => {
        // `state`, and `iss` against mix-up (RFC 9207).
        const parameters = validateAuthResponse(server, client, answer, state)
        response = await authorizationCodeGrantRequest(server, client, None(), parameters, redirectUri, verifier, {
          ...insecure,
          signal,
          [customFetch]: (url, init) => send(url, init),
        })
        const checked = { ...client, [clockSkew]: await skewOf(response) }
        const options = { expectedNonce, requireIdToken: true }
        const tokens = await processAuthorizationCodeResponse(server, checked, response, options)
        // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- `requireIdToken` has thrown where there is none
        return { tokens, claims: getValidatedIdTokenClaims(tokens)! }
      }
      return timed(exchange).catch((error: unknown) => {
        throw failure(error, response)
      })
    },
  }
}

/** How far the provider's clock is ahead of this device's, s: its ID token was issued a moment ago. */
async function skewOf(response: Response): Promise<number> {
  try {
    const { id_token } = (await response.clone().json()) as TokenResponse
    return Number(decodeClaims(id_token ?? '')['iat']) - Math.floor(Date.now() / 1e3) || 0
  } catch {
    return 0
  }
}
