import { createHash } from 'node:crypto'

import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'

import { sendJson } from './http.mjs'
import { createNonces } from './nonces.mjs'

/** How old a proof may be, and how far in the future, seconds. */
const PROOF_AGE = 60

/**
 * Checks access tokens for everything below `/api/`. Access tokens are opaque: the provider is asked whether one is valid, so a
 * revocation takes effect at once. A request with a token that is bound to a key has a proof (RFC 9449 §7).
 *
 * @param {{ origin: string, provider: import('oidc-provider').Provider }} parts
 */
export function createAccess({ origin, provider }) {
  const nonces = createNonces()
  /** Used proofs, kept for as long as they could be replayed. */
  const seen = new Map()

  /** RFC 6750 §3 and RFC 9449 §7.1: a challenge that names what is wrong with the credentials. */
  const refuse = (res, scheme, error) => {
    const challenge = [
      ...(scheme === 'DPoP' ? ['algs="ES256"'] : ['realm="demo"']),
      ...(error ? [`error="${error}"`] : []),
    ]
    const headers = { 'WWW-Authenticate': `${scheme} ${challenge.join(', ')}` }
    if (scheme === 'DPoP') headers['DPoP-Nonce'] = nonces.current()
    sendJson(res, 401, { error: error ?? 'missing_token' }, headers)
  }

  /** RFC 9449 §4.3. @returns {Promise<string | undefined>} what is wrong */
  const wrongWith = async (req, value, jkt) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(req.headers.dpop ?? '', EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ['ES256'],
      })
      const now = Date.now() / 1000
      const isRight =
        payload.htm === req.method &&
        payload.htu === new URL(req.url, origin).href.replace(/[?#].*/, '') &&
        payload.ath === createHash('sha256').update(value).digest('base64url') &&
        Math.abs(payload.iat - now) <= PROOF_AGE &&
        !seen.has(payload.jti)
      if (!isRight) return 'invalid_dpop_proof'
      if (!nonces.has(payload.nonce)) return 'use_dpop_nonce'
      for (const [jti, until] of seen) if (until < now) seen.delete(jti)
      seen.set(payload.jti, now + 2 * PROOF_AGE)
      return (await calculateJwkThumbprint(protectedHeader.jwk)) === jkt ? undefined : 'invalid_token'
    } catch {
      return 'invalid_dpop_proof'
    }
  }

  /**
   * The valid token with this value. A bound token is not accepted as a bearer token (RFC 9449 §7.2), nor a bearer token as a bound one.
   *
   * @param {string} value
   * @param {'Bearer' | 'DPoP'} [scheme]
   */
  const find = async (value, scheme = 'Bearer') => {
    const token = await provider.AccessToken.find(value)
    const grant = token?.isValid && (await provider.Grant.find(token.grantId))
    const isSound = grant && !grant.isExpired && token.scopes.has('openid') && !token.jkt === (scheme === 'Bearer')
    return isSound ? token : null
  }

  return {
    find,
    /**
     * The valid token of a request, and its value. Null: there is none, and the request has been answered.
     *
     * @param {import('node:http').IncomingMessage} req
     * @param {import('node:http').ServerResponse} res
     */
    async of(req, res) {
      const [, scheme = 'Bearer', value] = /^(Bearer|DPoP) ([\w.~+/-]+=*)$/.exec(req.headers.authorization ?? '') ?? []
      const token = value ? await find(value, scheme) : null
      const problem = token ? token.jkt && (await wrongWith(req, value, token.jkt)) : 'invalid_token'
      if (!problem) return { token, value, scheme }
      refuse(res, scheme, value ? problem : undefined)
      return null
    },
  }
}
