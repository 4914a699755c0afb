import { createRemoteJWKSet, jwtVerify } from 'jose'

/** The one event that makes a token a logout token. */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a token may be, and how far ahead the provider's clock, seconds. */
const AGE = 120
const TOLERANCE = 30

/** A token is wrong: the response is 400 (OpenID Connect Back-Channel Logout 1.0 §2.8). */
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
 * @param {(jti: string, seconds: number) => Promise<boolean>} options.isFirst false for a token that was used before
 * @returns {(token: unknown) => Promise<Partial<import('./sessions.mjs').Owner>>} what to log out: a user, a login, or a
 * login of a user; rejects with a `LogoutTokenError` if the token is wrong
 */
export function createLogoutTokens({ issuer, clientId, jwksUri, isFirst }) {
  const keys = createRemoteJWKSet(jwksUri)

  const verify = async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        // Not `none`, and no symmetric algorithm: the public key would be its secret.
        algorithms: ['ES256'],
        // So that no ID token is taken for a logout token (§2.4).
        typ: 'logout+jwt',
        requiredClaims: ['iat', 'exp', 'jti'],
        maxTokenAge: AGE,
        clockTolerance: TOLERANCE,
      })
      return payload
    } catch (error) {
      // If the keys could not be fetched, the token may still be right.
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
    // Last, so that a refused token does not use up the id of a right one.
    if (!(await isFirst(jti, AGE + 2 * TOLERANCE))) throw new LogoutTokenError('used already')
    return { ...(sub !== undefined && { sub }), ...(sid !== undefined && { sid }) }
  }
}
