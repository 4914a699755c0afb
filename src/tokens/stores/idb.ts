import { createStore, get, promisifyRequest } from 'idb-keyval'
import { sessionKey } from '../../util/session-key.js'
import type { Plugged } from '../../session/plugin.js'
import { tokens } from '../plugin.js'
import type { StoredTokens, TokenStore } from '../../types.js'
import { withReconnect } from './idb-connection.js'
import { createKey, isSealed, seal, unseal } from './encryption.js'
import { isOf, matches, revocable, storedTokens } from '../stored-tokens.js'

/** How {@link idbTokens} keeps tokens. */
export interface IdbTokensOptions {
  /**
   * Encrypts tokens under a key that no script can read out and that lies beside them. It may be switched in any release: tokens
   * of the other form are read, and written in the new one when they are next refreshed. @default false
   */
  encrypt?: boolean
}

/** A stored value, plain or encrypted. Any script of the origin may have written it. */
type Stored = Partial<StoredTokens> | undefined

/**
 * Tokens in IndexedDB, shared by all tabs and kept over reloads. It rejects where IndexedDB is missing, full, or
 * silent for 2 s, and the session then goes on in memory. Each session `name` has its own tokens, and its own key.
 *
 * `encrypt` (AES-GCM, 256 bit) makes what a script copies out of the database useless elsewhere. It is no cure for XSS, since a
 * script can ask for the tokens in place, nor for a thief of the whole browser profile, in which the key lies as well (RFC 10017
 * §8.6). It needs a secure context: on plain http every call rejects.
 *
 * @example Staying signed in over a reload
 * ```ts
 * createSession({ tokenStore: idbTokens({ encrypt: true }) })
 * ```
 */
export function idbTokens(options: IdbTokensOptions = {}): TokenStore & Plugged {
  const { encrypt = false } = options
  const store = withReconnect(() => createStore('sojourn', 'keyval'))
  const forSession = (name: string): TokenStore & Plugged => ({
    ...createPart(store, encrypt, sessionKey('tokens', name), sessionKey('key', name)),
    plugins: [tokens],
  })
  return { ...forSession('session'), forSession }
}

/** The tokens of one session. */
function createPart(
  store: ReturnType<typeof withReconnect>,
  encrypt: boolean,
  tokensKey: string,
  cipherKey: string,
): TokenStore {
  // The new key is made beforehand (in 0.1 ms) and mostly thrown away, for a transaction ends while it waits for a cipher.
  // If two tabs are the first at the same time, the transaction lets one of them write. The key that can be read back counts: Safari takes
  // keys that it then gives out as null, https://github.com/dialog-db/dialog-db/pull/473
  const ensureKey = async (): Promise<CryptoKey> => {
    const fresh = await createKey()
    return store('readwrite', async (objects) => {
      const stored = await promisifyRequest<unknown>(objects.get(cipherKey))
      if (!(stored instanceof CryptoKey)) objects.put(fresh, cipherKey)
      const kept = await promisifyRequest<CryptoKey>(objects.get(cipherKey))
      await promisifyRequest(objects.transaction)
      return kept
    })
  }

  // Tabs of an application that switches `encrypt`, and its next release, find what the others wrote: each form is read, and
  // the next write brings it into this store's own.
  const open = async (stored: unknown): Promise<StoredTokens | null> =>
    storedTokens(stored) ?? (encrypt || isSealed(stored) ? unseal(await get(cipherKey, store), stored) : null)

  return {
    shared: true,
    async get() {
      return open(await get(tokensKey, store))
    },
    async set(value, expected) {
      // Before the transaction, which would end while it waits for the cipher.
      const content = encrypt ? await seal(await ensureKey(), value) : value
      return store('readwrite', async (objects) => {
        const free = expected === undefined || matches(await promisifyRequest<Stored>(objects.get(tokensKey)), expected)
        if (free) await written(objects, objects.put(content, tokensKey))
        return free
      })
    },
    async clear(id) {
      const removed = await store('readwrite', async (objects) => {
        const stored = await promisifyRequest<Stored>(objects.get(tokensKey))
        if (!isOf(id, stored)) return null
        await written(objects, objects.delete(tokensKey))
        return stored
      })
      return (await open(removed)) ?? revocable(id, removed)
    },
  }
}

/** Success of the request alone is no promise: quota and disk speak up when the transaction commits. */
async function written<T>({ transaction }: IDBObjectStore, request: IDBRequest<T>): Promise<void> {
  await promisifyRequest(request)
  await promisifyRequest(transaction)
}
