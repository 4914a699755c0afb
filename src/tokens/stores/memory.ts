import type { Plugged } from '../../session/plugin.js'
import type { TokenStore } from '../../types.js'
import { memoryStore } from '../memory-store.js'
import { tokens } from '../plugin.js'

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
  const parts = new Map<string, TokenStore>()
  const forSession = (name: string): TokenStore & Plugged => {
    const part = parts.get(name) ?? { ...memoryStore(), plugins: [tokens] }
    parts.set(name, part)
    return part
  }
  return { ...forSession('session'), forSession }
}
