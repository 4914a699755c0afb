import { withTimeout } from '../util/async.js'
import type { StoredTokens, TokenStore } from '../types.js'
import { matches, storedTokens } from './stored-tokens.js'

/** A token store that never throws and always replies: tokens that it cannot keep stay in this tab's memory, as all do without one. */
export interface TokenCache {
  /** The newest tokens of session `id`. Those in memory are returned without reading the store if they are of `generation` or later. */
  readonly get: (id: string, generation: number) => Promise<StoredTokens | null>
  /** Compare-and-set: stores `next` if exactly `expected` is stored (null: nothing). False if something else is. */
  readonly set: (next: StoredTokens, expected: StoredTokens | null) => Promise<boolean>
  /**
   * Stores `next` in place of whatever is stored, of any session. Returns what it `replaced`, and what it `kept`: `next` with a
   * generation above that of the tokens before. `prepare` is called before each try, and may throw.
   */
  readonly replace: (
    next: StoredTokens,
    prepare: () => Promise<unknown>,
  ) => Promise<{ readonly replaced: StoredTokens | null; readonly kept: StoredTokens }>
  /** Removes the tokens of session `id`. Returns them in one tab only, the one that removed them: it has to revoke them. */
  readonly clear: (id: string) => Promise<StoredTokens | null>
  /** Whatever is stored, of any session. */
  readonly readStore: () => Promise<StoredTokens | null>
  /**
   * Whether the tokens of session `id` of `generation` or later are gone: all tabs share the store, it replied without them,
   * and this tab's memory does not have them either.
   */
  readonly isMissing: (id: string, generation: number) => Promise<boolean>
  /** Whether the store failed to keep the tokens of this session, so that no other tab finds them. */
  readonly isUnstored: (tokens: StoredTokens) => boolean
}

/** A store that does not reply within this time has failed, ms. */
const STORE_TIMEOUT = 5e3

export function createTokenCache(
  store: TokenStore | undefined,
  after: (ms: number, callback: () => void) => () => void,
  onFailure: () => void,
): TokenCache {
  let cached: StoredTokens | null = null
  let isMemoryOnly = false

  /** Undefined if the store fails, or where there is none. */
  const attempt = async <T>(work: (store: TokenStore) => Promise<T>): Promise<T | undefined> =>
    store
      ? withTimeout(after, STORE_TIMEOUT, null, async () => work(store)).catch(() => {
          onFailure()
          return undefined
        })
      : // Also where the application gave null.
        undefined
  const cachedFor = (id: string): StoredTokens | null => (cached?.id === id ? cached : null)
  const remember = (next: StoredTokens, isOnlyHere: boolean): void => {
    // Tokens that only this tab has may be those of a session that is about to begin, while the session before still has calls. They
    // are not displaced by tokens of the store, which can be read again.
    if (!isOnlyHere && isMemoryOnly && cached && cached.id !== next.id) return
    cached = next
    isMemoryOnly = isOnlyHere
  }
  // An application's own store may return anything: its reply is checked as input.
  const readStore: TokenCache['readStore'] = async () =>
    store ? storedTokens(await attempt(async (store) => store.get())) : cached

  /** `expected`: undefined for whatever is stored. */
  const set = async (next: StoredTokens, expected: StoredTokens | null | undefined): Promise<boolean> => {
    // Tokens in memory only are not in the store, so nothing is expected there. The store may work again: each write is tried.
    const wasMemoryOnly = expected && isMemoryOnly && cachedFor(next.id)
    const isWritten = store
      ? // A store may be written without returning anything: only `false` is a refusal.
        await attempt(async (store) => ((await store.set(next, wasMemoryOnly ? null : expected)) as unknown) !== false)
      : matches(cached, expected)
    // Something else is stored than was expected.
    if (isWritten === false) return false
    remember(next, !isWritten)
    // The store failed. It may still have the tokens before, whose refresh token is used up: no tab may find and use it again.
    if (!isWritten && !wasMemoryOnly) await attempt((store) => store.clear(next.id))
    return true
  }

  return {
    readStore,
    set,
    isUnstored: ({ id }) => isMemoryOnly && cached?.id === id,
    async isMissing(id, generation) {
      // Undefined if the store fails: that does not mean that the tokens are gone.
      // Undefined of the store itself is what a map, or an index of a database, says for nothing.
      const reply = await attempt(async (store) => (await store.get()) ?? null)
      const stored = storedTokens(reply)
      const isNewEnough = (one: StoredTokens | null): boolean => one?.id === id && one.generation >= generation
      return !!store?.shared && reply !== undefined && !isNewEnough(stored) && !isNewEnough(cached)
    },
    async replace(next, prepare) {
      const inMemory = isMemoryOnly ? cached : null
      for (let tries = 0; tries < 3; tries++) {
        await prepare()
        // The store mostly has what this tab knows. A tab without the lock may write between our read and our write: then the store
        // refuses, and is read again.
        const stored = tries ? await readStore() : isMemoryOnly ? null : cached
        // The store may be ahead of the record, which another tab writes after it.
        const least = stored?.id === next.id ? stored.generation + 1 : 0
        const kept = { ...next, generation: Math.max(next.generation, least) }
        if (await set(kept, stored)) return { replaced: stored ?? inMemory, kept }
      }
      // The store has something that cannot be read, such as another format: it is overwritten, whatever it is.
      await set(next, undefined)
      return { replaced: inMemory, kept: next }
    },
    async get(id, generation) {
      let found = cachedFor(id)
      if ((found?.generation ?? -1) < generation) {
        const stored = await readStore()
        found = cachedFor(id)
        if (stored?.id === id && stored.generation > (found?.generation ?? -1)) {
          found = stored
          remember(found, false)
        }
      }
      return found
    },
    async clear(id) {
      const inMemory = cachedFor(id)
      if (inMemory) cached = null
      const reply = await attempt(async (store) => store.clear(id))
      const removed = reply && (storedTokens(reply) ?? undefined)
      // Undefined: there is no store, or it cannot say which tab is to revoke the tokens, because it failed or returns no
      // tokens, and no null either. Then each tab revokes those that it has.
      return removed ?? (isMemoryOnly || removed === undefined ? inMemory : null)
    },
  }
}
