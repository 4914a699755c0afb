import type { StoredTokens, TokenStore } from '../../types.js'
import { isStill } from '../stored-tokens.js'

/**
 * Tokens in a closure, the default: nothing secret outlives the page, and no other tab or storage ever holds it.
 * A new page starts without tokens and asks `server.refresh(null)`, or the application with `no_tokens`.
 *
 * @example An application that signs in silently on each page load
 * ```ts
 * const session = createSession({ tokenStore: memoryTokens() })
 * ```
 */
export function memoryTokens(): TokenStore {
  const parts = new Map<string, TokenStore>()
  const forSession = (name: string): TokenStore => {
    const part = parts.get(name) ?? createPart()
    parts.set(name, part)
    return part
  }
  return { ...forSession('session'), forSession }
}

/** The tokens of one session. */
function createPart(): TokenStore {
  let stored: StoredTokens | null = null
  return {
    shared: false,
    get() {
      return Promise.resolve(stored)
    },
    set(value, expected) {
      const free = isStill(stored, expected)
      if (free) stored = value
      return Promise.resolve(free)
    },
    clear(id) {
      const removed = stored?.id === id ? stored : null
      if (removed) stored = null
      return Promise.resolve(removed)
    },
  }
}
