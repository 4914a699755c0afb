import { sessionError } from '../errors.js'
import { payloadOf } from '../util/claims.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * The claims of an ID token, not verified: for a name to show, never for a decision. `finish()` returns claims that are verified.
 *
 * @throws SessionError `invalid_response` for what is no JWT
 * @example The user's name
 * ```ts
 * const idToken = await session.getIdToken()
 * const name = idToken ? decodeClaims(idToken)['name'] : 'nobody'
 * ```
 */
export function decodeClaims(idToken: string): Readonly<Record<string, unknown>> {
  try {
    const bytes = Uint8Array.from(payloadOf(idToken), (char) => char.charCodeAt(0))
    return Object(JSON.parse(new TextDecoder().decode(bytes))) as Record<string, unknown>
  } catch {
    // The browser's error quotes the token.
    throw sessionError('invalid_response', DEVELOPMENT && 'decodeClaims: that is no ID token (RFC 7519).')
  }
}
