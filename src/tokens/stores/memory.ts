import type { Plugged } from '../../session/plugin.js'
import type { StoredTokens, TokenStore } from '../../types.js'
import { tokens } from '../plugin.js'
import { matches } from '../stored-tokens.js'

/**
 * Tokens in a closure: nothing secret outlives the page, and no other tab or storage ever holds it.
 * A new page starts without tokens and asks `server.refresh(null)`, or the application with `no_tokens`.
 *
 * @example An application that signs in silently on each page load
 * ```ts
 * const session = createSession({ tokenStore: memoryTokens() })
 * ```
 */
export function memoryTokens(): TokenStore & Plugged {
  const parts = new Map<string, TokenStore & Plugged>()
  const forSession = (name: string): TokenStore & Plugged => {
    const part = parts.get(name) ?? createPart()
    parts.set(name, part)
    return part
  }
  return { ...forSession('session'), forSession }
}

/** The tokens of one session. */
function createPart(): TokenStore & Plugged {
  let stored: StoredTokens | null = null
  return {
    plugins: [tokens],
    shared: false,
    get() {
      return Promise.resolve(stored)
    },
    set(value, expected) {
      const isFree = matches(stored, expected)
      if (isFree) stored = value
      return Promise.resolve(isFree)
    },
    clear(id) {
      const removed = stored?.id === id ? stored : null
      if (removed) stored = null
      return Promise.resolve(removed)
    },
  }
}
