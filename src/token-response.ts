import { failed } from './errors.js'
import type { TokenResponse } from './types.js'

/** A token response (RFC 6749 §5.1), or `invalid_response`. */
export function checkTokens(value: unknown): TokenResponse {
  const token = (value as Partial<TokenResponse> | null | undefined)?.access_token
  if (token && typeof token === 'string') return value as TokenResponse
  throw failed('invalid_response', 'No access_token in the token response (RFC 6749 §5.1). Nothing was changed.')
}
