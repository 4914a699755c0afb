import { withTimeout } from '../util/async.js'
import type { StoredTokens, TokenStore } from '../types.js'
import { storedTokens } from './stored-tokens.js'

/** A store that never fails and always answers: what it cannot keep stays in this tab's memory. */
export interface TokenCache {
  /** The newest tokens of session `id`; what is in memory will do if it is of `generation` or later. */
  readonly get: (id: string, generation: number) => Promise<StoredTokens | null>
  /** Stores `next` where exactly `expected` is stored, nothing for null. False where something else is. */
  readonly set: (next: StoredTokens, expected: StoredTokens | null) => Promise<boolean>
  /**
   * Stores `next` in place of whatever is stored, of any session. Returns that, and what it `kept` of `next`: its generation is
   * higher than any there was.
   */
  readonly replace: (
    next: StoredTokens,
  ) => Promise<{ readonly replaced: StoredTokens | null; readonly kept: StoredTokens }>
  /** Removes the tokens of session `id` and returns what nobody else will return. */
  readonly clear: (id: string) => Promise<StoredTokens | null>
  /** Whatever is stored, of any session. */
  readonly readStore: () => Promise<StoredTokens | null>
  /**
   * Whether all tabs share the store, and it answers that it has no tokens of session `id` of `generation` or later, and this tab
   * has none either.
   */
  readonly isMissing: (id: string, generation: number) => Promise<boolean>
  /** Whether the store refused these, so that no other tab finds them. */
  readonly isUnstored: (tokens: StoredTokens) => boolean
}

/** A store that does not answer is broken. */
const LIMIT = 5e3

export function createTokenCache(
  store: TokenStore,
  after: (ms: number, callback: () => void) => () => void,
  broken: () => void,
): TokenCache {
  let held: StoredTokens | null = null
  let onlyHere = false
  const unstored = new WeakSet<StoredTokens>()

  const attempt = <T>(work: () => Promise<T>): Promise<T | undefined> =>
    withTimeout(after, LIMIT, null, async () => work()).catch(() => {
      broken()
      return undefined
    })
  const heldFor = (id: string): StoredTokens | null => (held?.id === id ? held : null)
  const hold = (next: StoredTokens, here: boolean): void => {
    held = next
    onlyHere = here
  }
  const peek: TokenCache['readStore'] = async () => {
    // The application's own store is input as well.
    return storedTokens(await attempt(() => store.get()))
  }

  const put = async (next: StoredTokens, expected: StoredTokens | null | undefined): Promise<boolean> => {
    // What is only here is nowhere else. The store may work again, and each write is tried.
    const alone = expected && onlyHere && heldFor(next.id)
    // A store that returns nothing has written: `false` alone says that something else is stored.
    const outcome = await attempt(async () => {
      const answer = (await store.set(next, alone ? null : expected)) as boolean | undefined
      return answer === false ? 'refused' : 'written'
    })
    if (outcome === 'refused') return false
    hold(next, !outcome)
    if (!outcome) unstored.add(next)
    // The store is broken. What it may still hold has been used up, and must not be found by anybody.
    if (!outcome && !alone) await attempt(() => store.clear(next.id))
    return true
  }

  return {
    readStore: peek,
    set: put,
    isUnstored: (tokens) => unstored.has(tokens),
    async isMissing(id, generation) {
      // Undefined where it fails or is silent: that says nothing of the tokens.
      const answer = await attempt(async () => store.get())
      const stored = storedTokens(answer)
      const isHere = (one: StoredTokens | null): boolean => one?.id === id && one.generation >= generation
      return store.shared && answer !== undefined && !isHere(stored) && !isHere(held)
    },
    async replace(next) {
      const mine = onlyHere ? held : null
      // Mostly it is what this tab knows. Another that did not wait for the lock may store its own between reading and writing.
      let stored = onlyHere ? null : held
      for (let tries = 0; tries < 3; tries++) {
        // The record of another tab may lag behind what it stored.
        const least = stored?.id === next.id ? stored.generation + 1 : 0
        const kept = { ...next, generation: Math.max(next.generation, least) }
        if (await put(kept, stored)) return { replaced: stored ?? mine, kept }
        stored = await peek()
      }
      // What cannot be read (another format, say) cannot be expected either.
      await put(next, undefined)
      return { replaced: mine, kept: next }
    },
    async get(id, generation) {
      if ((heldFor(id)?.generation ?? -1) < generation) {
        const stored = await peek()
        if (stored?.id === id && stored.generation > (heldFor(id)?.generation ?? -1)) hold(stored, false)
      }
      return heldFor(id)
    },
    async clear(id) {
      const mine = heldFor(id)
      if (mine) held = null
      const removed = await attempt(async () => storedTokens(await store.clear(id)))
      // A store that is broken tells nobody whose turn it is.
      return removed ?? (onlyHere || removed === undefined ? mine : null)
    },
  }
}
