import type { TokenTimes } from '../core/changes.js'
import { WITH_TOKENS, type SharedRecord } from '../core/record.js'
import type { SessionContext } from '../session/context.js'
import type { StoredTokens, TokenResponse } from '../types.js'
import { payloadOf } from '../util/claims.js'
import type { TokenCache } from './token-cache.js'

/** A length of time in ms as a token response says it, in seconds; `Infinity` where it says none. 0 is Keycloak's word for "never". */
const ms = (seconds: unknown): number => {
  const value = Number(seconds) * 1e3
  return value > 0 ? value : Infinity
}

/** The claims of an ID token, which nobody verifies here: they can only shorten the session. */
export function claims(idToken: unknown): {
  readonly session_expiry?: unknown
  readonly iat?: unknown
  readonly sub?: string | number
} {
  try {
    return Object(JSON.parse(payloadOf(idToken))) as object
  } catch {
    return {}
  }
}

/** When the server will refuse the refresh token, and when it will end the grant behind it, in shared time. */
type GrantEnds = Pick<SharedRecord, 'refreshEndsAt' | 'grantEndsAt'>

/**
 * What a token response that arrived at `at` says of its refresh token's end and of its grant's; `Infinity` where it says nothing.
 *
 * The refresh token: `refresh_token_timeout` (draft-ietf-oauth-refresh-token-expiration), `refresh_expires_in` (Keycloak),
 * `refresh_token_expires_in` (Google, Microsoft Entra ID). The grant: `authorization_expires_in` (the same draft) and the ID
 * token's `session_expiry` (OpenID Connect Enterprise Extensions), which is measured against its own `iat`, for the clock of this
 * device may be wrong.
 *
 * `used`: the tokens that were refreshed, and `before`: what was known of their ends. It stays where the answer says nothing of it:
 * of the grant always, of the refresh token where that was kept. An ID token that was kept says nothing either.
 *
 * @example Keycloak, with a refresh token of half an hour
 * ```ts
 * grantEnds({ access_token: 'a', refresh_token: 'r', refresh_expires_in: 1800 }, 1_000_000)
 * // { refreshEndsAt: 2_800_000, grantEndsAt: Infinity }
 * ```
 */
export function grantEnds(
  tokens: TokenResponse,
  at: number,
  used?: TokenResponse | null,
  before?: GrantEnds | null,
): GrantEnds {
  const { refresh_token, id_token, refresh_token_timeout, refresh_expires_in, refresh_token_expires_in } = tokens
  const { session_expiry, iat } = id_token === used?.id_token ? {} : claims(id_token)
  const refresh = Math.min(ms(refresh_token_timeout), ms(refresh_expires_in), ms(refresh_token_expires_in))
  // One that is over by now ends the session, and is no word for "never".
  const session = session_expiry && Math.max(1e-3, Number(session_expiry) - Number(iat))
  const grant = Math.min(ms(tokens['authorization_expires_in']), ms(session))
  const isKept = refresh === Infinity && refresh_token === used?.refresh_token
  return {
    refreshEndsAt: !refresh_token ? Infinity : isKept ? (before?.refreshEndsAt ?? Infinity) : at + refresh,
    grantEndsAt: grant < Infinity ? at + grant : (before?.grantEndsAt ?? Infinity),
  }
}

/**
 * Tokens as they are stored, and what the record says of them once it is known whether they could be.
 *
 * `givenAt`: when the application brought them, by the wall clock, for shared time may have been raised since; they may have expired
 * by now. A server that answers with a life of 0 states none.
 */
export type LifetimesOf = (
  id: string,
  generation: number,
  tokens: TokenResponse,
  givenAt?: number,
  used?: StoredTokens | null,
) => [next: StoredTokens, known: (kept: StoredTokens) => TokenTimes]

export const createLifetimes =
  ({ ports, config, now, liveRecord: current }: SessionContext, cache: TokenCache): LifetimesOf =>
  (id, generation, tokens, givenAt, used) => {
    const life = Math.max(0, (tokens.expires_in ?? NaN) * 1e3)
    const isKnown = (givenAt !== undefined || life > 0) && life < Infinity
    const wall = ports.wallNow()
    const at = Math.min(givenAt ?? wall, wall)
    const expiresAt = isKnown ? at + life : null
    const known = (kept: StoredTokens): TokenTimes => {
      // If the clock was set back since, no token comes from the future, though no other tab may know of it.
      const tokenAt = now() - Math.max(0, ports.wallNow() - at)
      const record = current()
      const before = record?.id === id ? record : undefined
      const ends = grantEnds(tokens, tokenAt, used?.tokens, used && before)
      const isTold = Math.min(ends.refreshEndsAt, ends.grantEndsAt, before?.refreshEndsAt ?? Infinity) < Infinity
      return {
        generation: kept.generation,
        tokenAt,
        tokenExpiresAt: isKnown ? tokenAt + life : Infinity,
        ...ends,
        // Other tabs do not share these tokens. What the server says of them limits the session all the same.
        ...(!config.sharesTokens &&
          isTold && {
            serverAt: tokenAt,
            serverIdleEndsAt: before?.serverIdleEndsAt ?? Infinity,
            serverAbsoluteEndsAt: Math.min(ends.refreshEndsAt, ends.grantEndsAt),
          }),
        unstored: Number(cache.isUnstored(kept)),
        // Where tabs do not share tokens, the others learn in this way that the session has a user.
        login: WITH_TOKENS,
      }
    }
    return [{ id, generation, tokens, expiresAt }, known]
  }
