import type { TokenTimes } from '../core/changes.js'
import { endReason, lastEnded, latestOf } from '../session/context.js'
import type { StoredTokens, TokenResponse } from '../types.js'
import { sleep, withTimeout } from '../util/async.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import type { Cleanup } from './cleanup.js'
import { createLifetimes, grantEnds } from './lifetimes.js'
import { withOthers } from './resource-tokens.js'
import type { TokenCache } from './token-cache.js'
import type { TokensContext } from './tokens-context.js'

/** Writes tokens into the store, and what the record says of them. All of it runs under the refresh lock. */
export interface TokenWriter {
  /** Removes the tokens of another session than `id`, left by one that is over. Throws where that one has just begun. */
  readonly clearForeign: (id: string) => Promise<void>
  /**
   * Stores the tokens of the application for session `id`. `prepare` returns the generation that they follow, or throws where they are
   * not to be stored. It is called again after each wait.
   */
  readonly storeGiven: (
    id: string,
    given: TokenResponse,
    givenAt: number,
    prepare: () => Promise<number>,
  ) => Promise<TokenTimes>
  /** A tab may crash between writing the store and the record; the tab that finds the tokens updates the record. */
  readonly noteGeneration: (found: StoredTokens) => StoredTokens
  /** Tokens that were stored since: by the refresh of another tab, or by `setTokens()`. */
  readonly newerThan: (id: string, used: StoredTokens | null) => Promise<StoredTokens | null>
  /** Stores refreshed tokens in place of those that were `used`, and of no others: the commit guard. */
  readonly commit: (
    id: string,
    used: StoredTokens | null,
    tokens: TokenResponse,
    resource: string,
  ) => Promise<StoredTokens>
}

const RECEIVING = 5e3

export function createTokenWriter(
  context: TokensContext,
  cache: TokenCache,
  clearAndRevoke: Cleanup['clearAndRevoke'],
): TokenWriter {
  const { ports, server } = context
  const lifetimesOf = createLifetimes(context, cache)

  const clearForeign: TokenWriter['clearForeign'] = async (id) => {
    const stored = await cache.readStore()
    // What this tab could not store belongs to a sign-in that is under way: without locks a refresh may run beside it.
    if (!stored || stored.id === id || cache.isUnstored(stored)) return
    // Its record may be on its way, also after `destroy()`.
    await sleep(ports.after, PROPAGATION_DELAY, context.ended())
    latestOf(context, id)
    await cache.clear(stored.id)
  }

  const storeGiven: TokenWriter['storeGiven'] = async (id, given, givenAt, prepare) => {
    const generation = await prepare()
    await withTimeout(ports.after, RECEIVING, null, async (signal) =>
      server?.receive?.(given, { signal, degraded: context.degraded }),
    )
    const [next, known] = lifetimesOf(id, generation + 1, given, givenAt)
    const { replaced, kept } = await cache.replace(next, prepare)
    // The tab that ended that session does not find its tokens any more, and cannot revoke them. Those of one that lives are left
    // alone: a server may count old and new tokens as one grant.
    if (replaced && lastEnded(context)?.id === replaced.id && replaced.tokens.refresh_token !== given.refresh_token)
      void clearAndRevoke(replaced.id, endReason(context), replaced.tokens)
    return known(kept)
  }

  const noteGeneration: TokenWriter['noteGeneration'] = (found) => {
    const { id, generation, tokens, expiresAt } = found
    const record = latestOf(context, id)
    const tokenExpiresAt = (expiresAt ?? Infinity) + record.skew
    const tokenAt = tokenExpiresAt - Number(tokens.expires_in) * 1e3
    if (generation > record.generation)
      context.step(
        'adopted',
        id,
        () => ({
          generation,
          tokenAt,
          tokenExpiresAt,
          // A caller may find them in memory while the store, which failed, is still asked to remove the ones before.
          unstored: Number(cache.isUnstored(found)),
          ...grantEnds(tokens, tokenAt, tokens, record),
        }),
        true,
      )
    return found
  }

  const commit: TokenWriter['commit'] = async (id, used, tokens, resource) => {
    let isStored = false
    try {
      const generation = Math.max(latestOf(context, id).generation, used?.generation ?? 0) + 1
      const [reply, known] = lifetimesOf(id, generation, tokens, undefined, used)
      const next = withOthers(used, reply, resource)
      let kept = next
      isStored = await cache.set(next, used)
      if (!isStored) {
        // Something else is stored: newer tokens, or none since the session ended, or none because somebody emptied the store.
        const newer = await newerThan(id, used)
        if (newer) return noteGeneration(newer)
        kept = (await cache.replace(next, () => clearForeign(id))).kept
        isStored = true
      }
      const { tokenAt, tokenExpiresAt } = latestOf(context, id)
      const told = known(kept)
      // Activity that is known is older than these tokens, even if it lies a little ahead by the clock of another tab. The record
      // has no times of a single API's token: those of the access token for all others stay.
      context.step(
        'refreshed',
        id,
        ({ activeAt }) => ({
          ...told,
          ...(resource ? { tokenAt, tokenExpiresAt } : { tokenAt: Math.max(told.tokenAt, activeAt) }),
        }),
        true,
      )
      return kept
    } catch (error) {
      // The end of the session cleared the store, perhaps a moment too early; or it will, and then finds nothing to revoke.
      const isNew = tokens.refresh_token !== used?.tokens.refresh_token
      void clearAndRevoke(id, endReason(context), isNew && !isStored ? tokens : null)
      throw error
    }
  }

  const newerThan: TokenWriter['newerThan'] = async (id, used) => {
    const known = used?.generation ?? 0
    const found = await cache.get(id, known + 1)
    latestOf(context, id)
    return found && found.generation > known ? found : null
  }

  return { clearForeign, storeGiven, noteGeneration, newerThan, commit }
}
