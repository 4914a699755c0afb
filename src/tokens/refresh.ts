import { refreshAt } from '../core/deadlines.js'
import type { SharedRecord } from '../core/record.js'
import { toSessionError } from '../errors.js'
import { networkOf } from '../plugins/network.js'
import type { Locks } from '../plugins/locks.js'
import type { StoredTokens } from '../types.js'
import { sleep } from '../util/async.js'
import { lockWait, PROPAGATION_DELAY } from '../util/timing.js'
import { createRefreshTurn, noTokens } from './refresh-turn.js'
import { tokensFor, type TokensFor } from './resource-tokens.js'
import type { TokenCache } from './token-cache.js'
import type { TokenWriter } from './token-writer.js'
import type { TokensContext } from './tokens-context.js'

/** The tokens of the session that lives, refreshed once for all tabs. */
export interface Refresh {
  /**
   * Tokens that are valid for `minValidity` ms, refreshed if necessary, and ahead of their end in the background. `beforeRefresh`: is
   * called where they have expired, and may throw; then nothing is refreshed ahead.
   * `resource`: those for one API (RFC 8707), which are never refreshed ahead.
   */
  readonly getUsable: (
    minValidity?: number,
    force?: boolean,
    beforeRefresh?: () => void,
    resource?: string,
  ) => Promise<StoredTokens>
  /** Newer tokens of session `id` than `generation`, once for all tabs and callers. */
  readonly refreshBeyond: (id: string, generation: number, resource?: string) => Promise<StoredTokens>
  /** Refreshes before a token expires; nobody waits for it. */
  readonly refreshInBackground: (record: SharedRecord) => void
  /** Starts a background refresh that waited for the network. */
  readonly retryMissed: () => void
  /** A page that was loaded checks that the store has the tokens of the record. */
  readonly findLost: () => Promise<void>
}

const noop = (): void => undefined

export function createRefresh(
  context: TokensContext,
  cache: TokenCache,
  { refreshLock }: Locks,
  writer: TokenWriter,
): Refresh {
  const { ports, config, server } = context
  const network = networkOf(context)
  const turn = createRefreshTurn(context, cache, writer)
  /** The refreshes that are under way, by session and resource. */
  const inFlight = new Map<string, Promise<StoredTokens>>()

  const acquire = async (id: string, seen: number, resource: string): Promise<StoredTokens> => {
    // A session by cookie has no tokens that could be lost.
    if (!context.requireLive(id).generation && !server?.refresh) throw noTokens()
    // A prerendered page waits until it is opened: a failure from before that may be over.
    await context.opening()
    const record = context.requireLive(id)
    if (server?.refresh) turn.assertBackoffOver(record)
    return new Promise((resolve, reject) => {
      /** The next holder of the lock has to read first what the record alone says. Nobody in this tab waits for that. */
      const spread = async (): Promise<void> => {
        context.flush()
        await sleep(ports.after, PROPAGATION_DELAY, context.ended())
      }
      refreshLock(lockWait(config.requestTimeout), async (isLost) => {
        try {
          const tokens = await turn.refreshUnderLock(id, seen, resource, () => acquire(id, seen, resource), isLost)
          if (cache.isUnstored(tokens)) {
            resolve(tokens)
            await spread()
          }
          return tokens
        } catch (thrown) {
          const error = toSessionError(thrown)
          if (turn.isNewBackoff(error)) {
            reject(error)
            await spread()
          }
          throw error
        }
      }).then(resolve, reject)
    })
  }

  const refreshBeyond: Refresh['refreshBeyond'] = async (id, seen, resource = '') => {
    const key = id + resource
    const result =
      inFlight.get(key) ??
      Promise.resolve()
        .then(() => acquire(id, seen, resource))
        .finally(() => {
          inFlight.delete(key)
        })
    inFlight.set(key, result)
    const tokens = tokensFor(await result, resource)
    // The one that is under way may have been started for an older generation.
    return tokens && tokens.generation > seen ? tokens : refreshBeyond(id, seen, resource)
  }

  const refreshInBackground = (record: SharedRecord): void => {
    if (turn.hasNoTokens(record)) return
    if (network.mayTry()) refreshBeyond(record.id, record.generation).catch(noop)
    else turn.noteMissed(record)
  }

  /** Whether `tokens` are valid for another `left` ms. */
  const isValid = (id: string, tokens: TokensFor | null, left: number, resource: string): boolean => {
    const record = context.requireLive(id)
    if (!tokens) return false
    // Shared time knows of a clock that was set back since the store was written.
    const { generation, storedGeneration = generation } = tokens
    const known = !resource && storedGeneration === record.generation ? record.tokenExpiresAt : Infinity
    // A wish for more than any token of this server can give must not cause a refresh at each call. NaN: the server does not say.
    const life = resource ? Number(tokens.tokens.expires_in) * 1e3 : record.tokenExpiresAt - record.tokenAt
    const wanted = left >= life ? life / 2 : left
    return Math.min(known, (tokens.expiresAt ?? Infinity) + record.skew) > context.now() + wanted
  }

  return {
    refreshBeyond,
    refreshInBackground,
    async findLost() {
      const record = context.liveRecord()
      if (!record?.generation) return
      const { id, generation } = record
      if (await cache.isMissing(id, generation)) await refreshBeyond(id, generation - 1)
    },
    retryMissed() {
      const record = context.liveRecord()
      // Another tab may have refreshed meanwhile.
      if (record && turn.wasMissed(record)) refreshInBackground(record)
    },
    async getUsable(minValidity = 0, force = false, beforeRefresh, resource = '') {
      const { id, generation } = context.requireLive()
      const stored = await cache.get(id, generation)
      // Where the store has none of this generation, they may be on their way to this tab, and are as good as newer ones.
      const known = stored || force ? generation : generation - 1
      if (stored) writer.noteGeneration(stored)
      // The token of a single API is kept beside those of a refresh for none.
      else if (resource) await refreshBeyond(id, known)
      let tokens = tokensFor(stored, resource)
      const seen = resource ? 0 : known
      if (force || !isValid(id, tokens, minValidity, resource)) {
        beforeRefresh?.()
        try {
          tokens = await refreshBeyond(id, tokens?.generation ?? seen, resource)
          // The token may have expired by now: the machine slept, or the page was frozen.
          if (!isValid(id, tokens, 0, resource)) {
            beforeRefresh?.()
            tokens = await refreshBeyond(id, tokens.generation, resource)
          }
        } catch (error) {
          // A caller that forces a refresh wants to know that there was none. But first: an end of the session counts for more.
          if (!isValid(id, tokens, 0, resource) || force) throw error
        }
      } else if (
        !beforeRefresh &&
        !resource &&
        config.canRefresh &&
        refreshAt(context.requireLive(id), config) <= context.now()
      )
        refreshInBackground(context.requireLive(id))
      // The wait may have passed the deadline of this session.
      context.requireLive(id)
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- valid tokens are there; all else threw
      return tokens!
    },
  }
}
