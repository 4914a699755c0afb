import { createRemoteJWKSet, jwtVerify } from 'jose'

/** The one event that makes a token a logout token. */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a token may be, and how far ahead the provider's clock, seconds. */
const AGE = 120
const TOLERANCE = 30

/** What is wrong with a token: the answer is 400 then (OpenID Connect Back-Channel Logout 1.0 §2.8). */
export class LogoutTokenError extends Error {
  name = 'LogoutTokenError'
}

const isText = (value) => typeof value === 'string' && value !== ''
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Checks logout tokens as OpenID Connect Back-Channel Logout 1.0 §2.6 says.
 *
 * @param {object} options
 * @param {string} options.issuer
 * @param {string} options.clientId
 * @param {URL} options.jwksUri of the provider's keys
 * @param {(jti: string, seconds: number) => Promise<boolean>} options.isFirst false for a token that was used
 * @returns {(token: unknown) => Promise<Partial<import('./sessions.mjs').Owner>>} who is to be logged out: a user, a login, or a
 * login of a user; rejects with a `LogoutTokenError` where the token is wrong
 */
export function createLogoutTokens({ issuer, clientId, jwksUri, isFirst }) {
  const keys = createRemoteJWKSet(jwksUri)

  const verify = async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        // No `none`, and no symmetric algorithm, for which the public key would be the secret.
        algorithms: ['ES256'],
        // So that no ID token is taken for a logout token (§2.4).
        typ: 'logout+jwt',
        requiredClaims: ['iat', 'exp', 'jti'],
        maxTokenAge: AGE,
        clockTolerance: TOLERANCE,
      })
      return payload
    } catch (error) {
      // Keys that could not be fetched are no fault of the token's.
      if (!error.code?.startsWith('ERR_J') || /^ERR_JWKS_(TIMEOUT|INVALID)/.test(error.code)) throw error
      throw new LogoutTokenError(error.code)
    }
  }

  return async (token) => {
    if (!isText(token)) throw new LogoutTokenError('logout_token is missing')
    const { sub, sid, jti, events, nonce } = await verify(token)
    if (!isObject(events) || !isObject(events[EVENT])) throw new LogoutTokenError('events')
    if (nonce !== undefined) throw new LogoutTokenError('nonce')
    if (!isText(jti)) throw new LogoutTokenError('jti')
    for (const value of [sub, sid]) if (value !== undefined && !isText(value)) throw new LogoutTokenError('sub or sid')
    if (sub === undefined && sid === undefined) throw new LogoutTokenError('neither sub nor sid')
    // Last, so that a token which is refused does not spend the id of one that is not.
    if (!(await isFirst(jti, AGE + 2 * TOLERANCE))) throw new LogoutTokenError('used already')
    return { ...(sub !== undefined && { sub }), ...(sid !== undefined && { sid }) }
  }
}
