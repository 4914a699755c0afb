import { within } from '../limit.js'
import type { StoredTokens, TokenStore } from '../types.js'

/** A store that never fails: what it cannot keep stays in this tab's memory. */
export interface Keeper {
  /** The newest tokens of session `id`, from memory where they are of `generation` or later. */
  readonly get: (id: string, generation: number) => Promise<StoredTokens | null>
  /** False where the guard did not hold: something else is stored than was `expected`. */
  readonly put: (next: StoredTokens, expected?: StoredTokens | null) => Promise<boolean>
  /** Keeps tokens in this tab alone. */
  readonly hold: (next: StoredTokens) => void
  /** Removes the tokens of session `id` and returns what nobody else will return. */
  readonly clear: (id: string) => Promise<StoredTokens | null>
  /** Whatever is stored, of any session. */
  readonly peek: () => Promise<StoredTokens | null>
}

/** A store that does not answer is broken. */
const LIMIT = 5e3

export function createKeeper(
  store: TokenStore,
  after: (ms: number, callback: () => void) => () => void,
  broken: () => void,
): Keeper {
  let held: StoredTokens | null = null
  let onlyHere = false

  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await within(after, LIMIT, null, work)
    } catch {
      broken()
      return undefined
    }
  }
  const peek = async (): Promise<StoredTokens | null> => {
    const stored = await attempt(async () => store.get())
    return stored?.tokens instanceof Object ? stored : null
  }
  const heldFor = (id: string): StoredTokens | null => (held?.id === id ? held : null)
  const hold = (next: StoredTokens): void => {
    held = next
    onlyHere = true
  }

  return {
    peek,
    hold,
    async get(id, generation) {
      const mine = heldFor(id)
      if (mine && mine.generation >= generation) return mine
      const stored = await peek()
      if (stored?.id === id && stored.generation > (heldFor(id)?.generation ?? -1)) {
        held = stored
        onlyHere = false
      }
      return heldFor(id)
    },
    async put(next, expected) {
      if (onlyHere && heldFor(next.id)) {
        hold(next)
        return true
      }
      const guard = expected ? { id: expected.id, generation: expected.generation } : undefined
      const written = await attempt(async () => store.set(next, guard))
      if (written) {
        held = next
        onlyHere = false
      } else if (written === undefined) {
        // The store is broken. What it may still hold has been used up, and must not be found by anybody.
        hold(next)
        await attempt(async () => store.clear(next.id))
      }
      return written !== false
    },
    async clear(id) {
      const mine = onlyHere ? heldFor(id) : null
      if (heldFor(id)) held = null
      return (await attempt(async () => store.clear(id))) ?? mine
    },
  }
}
