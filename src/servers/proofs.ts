import { sessionError } from '../errors.js'
import type { Plugged } from '../session/plugin.js'
import type { SessionServer, TokenServer } from '../types.js'
import { checkMembers } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { report } from '../util/report.js'

/** Proofs of possession (RFC 9449), on keys of your own: give them to {@link customDpop}. */
export interface Proofs {
  /** Proofs by the keys of the session of this `name` alone. */
  forSession?(name: string): Proofs
  /** The non-extractable key of the next sign-in, for the login library. It survives a redirect, and is used from `signIn` on. */
  prepare(): Promise<CryptoKeyPair>
  /** Called with the tokens of a sign-in: from then on proofs are signed with the prepared key. */
  receive?: SessionServer['receive']
  /**
   * A proof for one request (RFC 9449 §4.2), with `ath` where an access token is given. `prepared`: by the key of the next sign-in, for
   * the request that exchanges the code.
   */
  proof(request: { method: string; url: string; accessToken?: string; prepared?: boolean }): Promise<string>
  /** Remembers a server's nonce and clock, per origin. True if either was new. */
  nonce(response: Response): boolean
}

/** Sends a request to the token endpoint, with these headers added; resolves with the response and its JSON. */
export type TokenRequest = (headers?: HeadersInit) => Promise<readonly [Response, Readonly<Record<string, unknown>>]>

/** Sends a request to the token endpoint `url` with a proof. */
export type Prove = (url: string, send: TokenRequest) => ReturnType<TokenRequest>

/** Proof of possession (RFC 9449), for `oauth()`, which takes only what `dpop()` or {@link customDpop} has made. */
export interface DPoP extends Proofs {
  forSession?(name: string): DPoP
  /** The code that sends the proofs. */
  readonly bind?: CustomDPoP['bind']
}

/** What {@link customDpop} makes of proofs. */
export interface CustomDPoP extends DPoP {
  forSession(name: string): CustomDPoP
  /** A server whose tokens are bound to these keys. `serverWith` makes it: refreshes go through `prove`. */
  bind(serverWith: (prove: Prove) => TokenServer & Plugged): TokenServer & Plugged
}

/**
 * Proofs of your own, for `oauth()`: the server sends one with each request, and once more after a new nonce.
 *
 * @example Keys that the application keeps itself
 * ```ts
 * const server = oauth({ issuer: 'https://id.example.com', clientId: 'app', dpop: customDpop(proofs) })
 * ```
 */
export function customDpop(proofs: Proofs): CustomDPoP {
  if (DEVELOPMENT)
    checkMembers(
      'customDpop',
      proofs,
      'an object with prepare, proof and nonce',
      { forSession: 'function', receive: 'function' },
      { prepare: 'function', proof: 'function', nonce: 'function' },
    )
  /** With the answer there may be tokens, in place of those that were sent: an error of `nonce` must not lose them. */
  const nonce = (response: Response): boolean => {
    try {
      return proofs.nonce(response)
    } catch (error) {
      report(error)
      return false
    }
  }
  const prove: Prove = async (url, send) => {
    const attempt = async (): ReturnType<TokenRequest> => send({ DPoP: await proofs.proof({ method: 'POST', url }) })
    let [response, body] = await attempt()
    const isNonceNew = nonce(response)
    // RFC 9449 §8: the server requires a nonce, or the proof's time was wrong and is known now. The refresh token is not used yet.
    if (isNonceNew && !body['access_token'] && String(body['error']).includes('dpop')) {
      ;[response, body] = await attempt()
      nonce(response)
    }
    if (response.ok && body['access_token']) requireBound(body)
    return [response, body]
  }
  const forSession = (name: string): CustomDPoP => customDpop(proofs.forSession?.(name) ?? proofs)
  return {
    // Not `...proofs`: an instance of a class has its methods on its prototype.
    prepare: () => proofs.prepare(),
    proof: (request) => proofs.proof(request),
    nonce,
    async receive(...what) {
      await proofs.receive?.(...what)
    },
    forSession,
    bind: (serverWith) => ({
      ...serverWith(prove),
      forSession: (name) => forSession(name).bind(serverWith),
      async receive(tokens, init) {
        requireBound(tokens)
        await proofs.receive?.(tokens, init)
      },
      async authorize(request, tokens) {
        const { method, url, headers } = (request = new Request(request))
        const accessToken = tokens?.access_token ?? ''
        headers.set('Authorization', `DPoP ${accessToken}`)
        headers.set('DPoP', await proofs.proof({ method, url, accessToken }))
        return request
      },
      challenge(response) {
        const isNonceNew = nonce(response)
        const header = response.headers.get('WWW-Authenticate') ?? ''
        // RFC 9449 §9. If CORS hides the error, a new nonce or time is worth one more attempt.
        const isAboutProof = header.includes('use_dpop') || (isNonceNew && !header.includes('_token'))
        return response.status !== 401 ? null : isAboutProof ? 'resend' : 'refresh'
      },
    }),
  }
}

/** RFC 9449 §5: a client that requires bound tokens refuses any other type. */
function requireBound({ token_type }: { readonly token_type?: unknown }): void {
  if (/^dpop$/i.test(String(token_type))) return
  throw sessionError('invalid_response', DEVELOPMENT && 'The token_type is not DPoP.')
}
