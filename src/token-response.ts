import { failed } from './errors.js'
import type { TokenResponse } from './types.js'

/** A token response (RFC 6749 §5.1), or `invalid_response`. */
export function checkTokens(value: unknown): TokenResponse {
  const { access_token, refresh_token } = Object(value) as Record<keyof TokenResponse, unknown>
  if (access_token && typeof access_token === 'string' && (!refresh_token || typeof refresh_token === 'string'))
    return value as TokenResponse
  throw failed('invalid_response', 'This is no token response (RFC 6749 §5.1): access_token is missing or no text.')
}
