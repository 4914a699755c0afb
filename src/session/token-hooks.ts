import type { TokenTimes } from '../core/changes.js'
import type { StoredTokens, TokenResponse } from '../types.js'

/** The tokens, as the sign-in and `createFetch` use them. */
export interface TokenHooks {
  /** A plain copy of a token response. Throws `invalid_response`. */
  readonly parse: (tokens: unknown) => TokenResponse
  /** Stores the tokens of session `id`, which is about to begin; run it under the lock. */
  readonly store: (id: string, given: TokenResponse, givenAt: number) => Promise<TokenTimes>
  /** Adds newer tokens to the running session `id`; run it under the lock. */
  readonly add: (id: string, given: TokenResponse, givenAt: number) => Promise<void>
  /** Revokes tokens of a sign-in that was given up, and removes them if they are stored. */
  readonly discard: (id: string, given: TokenResponse | null) => Promise<void>
  /**
   * Tokens that are valid for `minValidity` ms, refreshed if necessary, and ahead of their end in the background. `beforeRefresh`: is
   * called where they have expired, and may throw; then nothing is refreshed ahead.
   * `resource`: those for one API (RFC 8707), which are never refreshed ahead.
   */
  readonly use: (
    minValidity?: number,
    force?: boolean,
    beforeRefresh?: () => void,
    resource?: string,
  ) => Promise<StoredTokens>
  /** Newer tokens of session `id` than `generation`, once for all tabs and callers. */
  readonly newer: (id: string, generation: number, resource?: string) => Promise<StoredTokens>
}
