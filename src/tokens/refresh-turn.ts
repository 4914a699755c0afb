import { ending, failure, type TokenTimes } from '../core/changes.js'
import type { SharedRecord } from '../core/record.js'
import { SessionError, sessionError, toSessionError } from '../errors.js'
import { networkOf } from '../plugins/network.js'
import type { SessionContext } from '../session/context.js'
import type { StoredTokens, TokenResponse } from '../types.js'
import { backoff, sleep, withTimeout } from '../util/async.js'
import { BETWEEN_TRIES, PROPAGATION_DELAY, quietAfter, SECOND_TRY } from '../util/timing.js'
import type { Cleanup } from './cleanup.js'
import { createLifetimes, grantEnds } from './lifetimes.js'
import { createTokenRequest } from './token-request.js'
import type { TokenCache } from './token-cache.js'

/** What one tab does while it holds the refresh lock. */
export interface RefreshTurn {
  /**
   * Adopts what another tab got, else asks the server and stores its answer. `acquire`: waits for the lock anew, where the browser
   * took it away. `until`: the end of the second try, by the monotonic clock.
   */
  readonly refreshUnderLock: (
    id: string,
    seen: number,
    acquire: (id: string, seen: number) => Promise<StoredTokens>,
    isLost?: () => boolean,
    until?: number,
  ) => Promise<StoredTokens>
  /** Removes the tokens of another session than `id`, left by one that is over. Throws where that one has just begun. */
  readonly clearForeign: (id: string) => Promise<void>
  /** Stores the tokens of the application for session `id`, as those that follow `generation`. */
  readonly storeGiven: (id: string, generation: number, given: TokenResponse, givenAt: number) => Promise<TokenTimes>
  /** A tab may crash between writing the store and the record; the tab that finds the tokens updates the record. */
  readonly noteGeneration: (found: StoredTokens) => StoredTokens
  /** Throws while the back-off of all tabs lasts. */
  readonly assertBackoffOver: (record: SharedRecord) => void
  /** Whether nobody has tokens for this session and generation. */
  readonly hasNoTokens: (record: SharedRecord) => boolean
  readonly noTokens: () => SessionError
  /** A background refresh of this session and generation waits for the network. */
  readonly noteMissed: (record: SharedRecord) => void
  readonly wasMissed: (record: SharedRecord) => boolean
}

const RECEIVING = 5e3

const noTokens = (): SessionError =>
  sessionError('no_tokens', 'The session lives, but there are no tokens for it here. Bring some with setTokens().')

const keyOf = ({ id, generation }: SharedRecord): string => id + String(generation)

export function createRefreshTurn(
  context: SessionContext,
  cache: TokenCache,
  clearAndRevoke: Cleanup['clearAndRevoke'],
): RefreshTurn {
  const { ports, config, server } = context
  const network = networkOf(context)
  const lifetimesOf = createLifetimes(context, cache)
  let lastFailure: SessionError | undefined
  let noTokensFor: string | undefined
  let missedOffline: string | undefined

  const clearForeign = async (id: string, live: (id: string) => SharedRecord = context.live): Promise<void> => {
    const stored = await cache.readStore()
    if (!stored || stored.id === id) return
    // Its record may be on its way.
    await sleep(ports.after, PROPAGATION_DELAY, context.signal())
    live(id)
    await cache.clear(stored.id)
  }

  const storeGiven: RefreshTurn['storeGiven'] = async (id, generation, given, givenAt) => {
    await withTimeout(ports.after, RECEIVING, null, async (signal) =>
      server?.receive?.(given, { signal, degraded: context.degraded }),
    )
    const [next, known] = lifetimesOf(id, generation + 1, given, givenAt)
    const { replaced, kept } = await cache.replace(next)
    // The tab that ended that session does not find its tokens any more, and cannot revoke them. Those of one that lives are left
    // alone: a server may count old and new tokens as one grant.
    if (replaced && context.lastEnded()?.id === replaced.id && replaced.tokens.refresh_token !== given.refresh_token)
      void clearAndRevoke(replaced.id, context.endReason(), replaced.tokens)
    return known(kept)
  }

  const noteGeneration: RefreshTurn['noteGeneration'] = (found) => {
    const { id, generation, tokens, expiresAt } = found
    const record = context.latest(id)
    const tokenExpiresAt = (expiresAt ?? Infinity) + record.skew
    const tokenAt = tokenExpiresAt - Number(tokens.expires_in) * 1e3
    if (generation > record.generation)
      context.step(
        'adopted',
        id,
        () => ({ generation, tokenAt, tokenExpiresAt, ...grantEnds(tokens, tokenAt, tokens, record) }),
        true,
      )
    return found
  }

  /** Stores a refreshed token: the commit guard. */
  const commit = async (id: string, used: StoredTokens | null, tokens: TokenResponse): Promise<StoredTokens> => {
    let isStored = false
    try {
      const generation = Math.max(context.latest(id).generation, used?.generation ?? 0) + 1
      const [next, known] = lifetimesOf(id, generation, tokens, undefined, used)
      let kept = next
      isStored = await cache.set(next, used)
      if (!isStored) {
        // Something else is stored: newer tokens, or none since the session ended, or none because somebody emptied the store.
        const newer = await newerThan(id, used)
        if (newer) return noteGeneration(newer)
        await clearForeign(id, context.latest)
        kept = (await cache.replace(next)).kept
        isStored = true
      }
      context.latest(id)
      const told = known(kept)
      // Activity that is known is older than these tokens, even if it lies a little ahead by the clock of another tab.
      context.step('refreshed', id, ({ activeAt }) => ({ ...told, tokenAt: Math.max(told.tokenAt, activeAt) }), true)
      return kept
    } catch (error) {
      // The end of the session cleared the store, perhaps a moment too early; or it will, and then finds nothing to revoke.
      const isNew = tokens.refresh_token !== used?.tokens.refresh_token
      void clearAndRevoke(id, context.endReason(), isNew && !isStored ? tokens : null)
      throw error
    }
  }

  /** Tokens that were stored since: by the refresh of another tab, or by `setTokens()`. */
  const newerThan = async (id: string, used: StoredTokens | null): Promise<StoredTokens | null> => {
    const known = used?.generation ?? 0
    const found = await cache.get(id, known + 1)
    context.latest(id)
    return found && found.generation > known ? found : null
  }

  /** The server sent no tokens. A refusal of tokens that have been replaced since does not end the session. */
  const refused = async (
    id: string,
    used: StoredTokens | null,
    generation: number,
    error: SessionError,
  ): Promise<StoredTokens> => {
    network.noteOutcome(error.code)
    if (error.code === 'rejected') {
      const newer = await newerThan(id, used)
      if (newer) return noteGeneration(newer)
      // Only another tab may have them.
      if (context.latest(id).generation > generation) throw noTokens()
      fail(id, error)
    }
    throw error
  }

  const requestTokens = createTokenRequest(context, commit, refused)

  const fail = (id: string, error: SessionError): void => {
    const record = context.latest(id)
    const { code, retryAt: wantedAt = 0 } = error
    if (code === 'rejected') {
      context.step(code, id, ending(code), true)
      return
    }
    const now = context.now()
    // While the browser itself is offline there is no back-off: it says when it is online.
    missedOffline = code === 'offline' ? keyOf(record) : undefined
    if (!missedOffline || !network.isOffline()) {
      const wanted = Math.max(0, wantedAt + record.skew - now) * (1 + ports.random() / 5)
      // The request may still be served.
      const quiet = code === 'timeout' ? quietAfter(config.requestTimeout) : 0
      context.step('refresh failed', id, failure(now + Math.max(wanted, quiet, backoff(record.failures, ports.random))))
    }
    lastFailure = error
    const { retryAt, skew } = context.latest(id)
    context.enqueue('refreshFailed', { error, retryAt: retryAt > now ? retryAt - skew : null })
  }

  /**
   * Nobody can refresh. Where all tabs share the store and it has nothing for the record, the tokens are gone and so is the
   * session: it was signed out, and only the store knows; or somebody emptied the store. Runs under the lock.
   */
  const lost = async (id: string, error = noTokens()): Promise<SessionError> => {
    const { generation, unstored } = context.live(id)
    if (generation && !unstored && (await cache.isMissing(id, generation))) {
      // The record of a sign-out, or of another sign-in, may be on its way: each process reads its own copy of localStorage.
      await sleep(ports.after, PROPAGATION_DELAY, context.signal())
      const isStill = context.live(id).generation === generation && (await cache.isMissing(id, generation))
      context.live(id)
      if (isStill) context.step('wiped', id, ending('wiped'), true)
    }
    noTokensFor = keyOf(context.live(id))
    return error
  }

  const assertBackoffOver: RefreshTurn['assertBackoffOver'] = ({ retryAt, skew }) => {
    if (retryAt <= context.now()) return
    throw new SessionError(lastFailure?.code ?? 'server', {
      message: 'The server failed a moment ago. Nobody asks again before `retryAt`.',
      retryAt: retryAt - skew,
      cause: lastFailure,
    })
  }

  const refreshUnderLock: RefreshTurn['refreshUnderLock'] = async (id, seen, acquire, isLost, until) => {
    await clearForeign(id)
    const record = context.live(id)
    // The newest: a tab that waited long for the lock may hold a generation in between, which has expired as well.
    const used = await cache.get(id, Math.max(seen + 1, record.generation))
    if (used && used.generation > seen) return noteGeneration(used)
    if (!server?.refresh) throw await lost(id)
    assertBackoffOver(record)
    // Its refresh token has been used: the newer one was lost with the tab that could not store it.
    if (used && used.generation < record.generation) throw await lost(id)
    // WebKit takes the lock from a page that it puts into the back/forward cache.
    if (isLost?.()) return acquire(id, seen)
    const { requestTimeout } = config
    const { mono } = ports.clock()
    try {
      return await requestTokens(id, used, Math.min(requestTimeout, Math.max((until ?? Infinity) - mono, SECOND_TRY)))
    } catch (thrown) {
      const error = toSessionError(thrown)
      // The server may have rotated while its answer was lost. Those with a grace period answer the old token once more.
      if (!until && error.code === 'offline' && !network.isOffline()) {
        // A page that is being left loses its requests first and lives on for a moment: the next page is to ask, not this one.
        await sleep(ports.after, BETWEEN_TRIES, context.signal())
        // From the start: another tab may have come in between.
        return refreshUnderLock(id, seen, acquire, isLost, mono + requestTimeout)
      }
      if (error.code === 'no_tokens') throw await lost(id, error)
      if (error.code !== 'signed_out' && error.code !== 'rejected') fail(id, error)
      throw error
    }
  }

  return {
    refreshUnderLock,
    clearForeign,
    storeGiven,
    noteGeneration,
    assertBackoffOver,
    noTokens,
    hasNoTokens: (record) => noTokensFor === keyOf(record),
    noteMissed(record) {
      missedOffline = keyOf(record)
    },
    wasMissed: (record) => missedOffline === keyOf(record),
  }
}
