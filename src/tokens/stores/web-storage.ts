import { checkArgument, checkFunction } from '../../util/arguments.js'
import { DEVELOPMENT } from '../../util/development.js'
import { sessionKey } from '../../util/session-key.js'
import type { Plugged } from '../../session/plugin.js'
import { tokens } from '../plugin.js'
import type { TokenStore } from '../../types.js'
import { isOf, matches, revocable, storedTokens } from '../stored-tokens.js'
import { createRecentWrites } from './written.js'

/**
 * Tokens in localStorage or sessionStorage, readable by any script of the origin and kept until somebody removes them: choose
 * it knowingly. OWASP's Session Management Cheat Sheet and NIST SP 800-63B-4 §5.1 advise against it; `idbTokens` costs as little.
 * Every method rejects where the browser denies storage or it is full, and the session then goes on in memory.
 *
 * A tab that is duplicated, or opened by another, starts with a copy of its sessionStorage: two tabs then refresh with the
 * same token, which a server with reuse detection ends the session for. Prefer memory or IndexedDB there.
 *
 * `storage` is called at each use, so that a server can import and create it. sessionStorage is not shared between tabs, all
 * else counts as shared. `key` is the name of the default session's entry; a session of another name has `key:name`.
 *
 * @example Tokens that end with the tab
 * ```ts
 * createSession({ tokenStore: webStorageTokens(() => sessionStorage) })
 * ```
 */
export function webStorageTokens(
  storage: () => Storage = () => localStorage,
  key = 'sojourn-tokens',
): TokenStore & Plugged {
  if (DEVELOPMENT) {
    checkFunction('webStorageTokens: storage', storage, 'returns localStorage or sessionStorage')
    checkArgument(typeof key === 'string', 'webStorageTokens: key', key, 'a text')
  }
  const plugins = [tokens]
  const forSession = (name: string): TokenStore & Plugged =>
    Object.assign(createPart(storage, sessionKey(key, name)), { plugins })
  return Object.assign(createPart(storage, key), { forSession, plugins })
}

/** The tokens of one session. */
function createPart(storage: () => Storage, key: string): TokenStore {
  const parse = (): unknown => {
    const text = storage().getItem(key)
    try {
      return JSON.parse(text ?? 'null')
    } catch {
      return text
    }
  }
  const read = () => storedTokens(parse())
  const writes = createRecentWrites(key)
  // Each step runs in the caller's own task, so nothing of this tab comes between reading and writing. Other tabs can:
  // web storage has no transaction. The refresh lock keeps them apart, and where there is none the server's reuse grace.
  const attempt = <T>(step: () => T): Promise<T> =>
    new Promise((resolve) => {
      resolve(step())
    })
  const isShared = (): boolean => {
    try {
      return storage() !== sessionStorage
    } catch {
      // On a server, or where storage is denied: the methods reject, and that is what counts.
      return true
    }
  }
  return {
    get shared() {
      return isShared()
    },
    async get() {
      // The next tab with the refresh lock would refresh with the token that has just been used, or find none.
      if (isShared()) await writes.arrived((latest) => matches(read(), latest))
      return read()
    },
    async set(value, expected) {
      const stored = read()
      const free = matches(stored, expected)
      if (!free) return false
      storage().setItem(key, JSON.stringify(value))
      if (isShared()) await writes.tell(value, !!stored || value.generation > 1)
      return true
    },
    clear(id) {
      return attempt(() => {
        writes.forget(id)
        const stored = parse()
        if (!isOf(id, stored)) return null
        storage().removeItem(key)
        return storedTokens(stored) ?? revocable(id, stored)
      })
    },
  }
}
