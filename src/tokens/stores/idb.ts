import { get, promisifyRequest, type UseStore } from 'idb-keyval'
import { sessionError } from '../../errors.js'
import { sessionKey } from '../../util/session-key.js'
import type { Plugged } from '../../session/plugin.js'
import { tokens } from '../plugin.js'
import type { StoredTokens, TokenStore } from '../../types.js'
import { checkOptions } from '../../util/arguments.js'
import { DEVELOPMENT } from '../../util/development.js'
import type { Cipher, Encryption } from './encryption.js'
import { openDatabase } from './idb-connection.js'
import { isOf, matches, revocable, storedTokens } from '../stored-tokens.js'

export { aesGcm, type Encryption } from './encryption.js'

/** How {@link idbTokens} keeps tokens. */
export interface IdbTokensOptions {
  /**
   * Encrypts tokens: `aesGcm`. It may be given in any release: tokens that an earlier release stored plain are read, and
   * encrypted when they are next refreshed.
   */
  encrypt?: Encryption
  /** Reads what an earlier release encrypted, for a release that encrypts no longer. Without it such tokens count as absent. */
  decrypt?: Encryption
}

/** A stored value, plain or encrypted. Any script of the origin may have written it. */
type Stored = Partial<StoredTokens> | undefined

/**
 * Tokens in IndexedDB, shared by all tabs and kept over reloads. It rejects where IndexedDB is missing, full, or
 * silent for 2 s, and the session then goes on in memory. Each session `name` has its own tokens, and its own key.
 *
 * `encrypt` makes what a script copies out of the database useless elsewhere. It is no cure for XSS, since a script can ask for the
 * tokens in place, nor for a thief of the whole browser profile, in which the key lies as well (RFC 10017 §8.6).
 *
 * @throws SessionError `invalid_options` for an encryption that is not `aesGcm`
 * @example Staying signed in over a reload
 * ```ts
 * createSession({ tokenStore: idbTokens({ encrypt: aesGcm }) })
 * ```
 */
export function idbTokens(options: IdbTokensOptions = {}): TokenStore & Plugged {
  if (DEVELOPMENT) checkOptions('idbTokens', options, { encrypt: 'any', decrypt: 'any' })
  const [encrypt, decrypt] = [cipherOf('encrypt', options), cipherOf('decrypt', options)]
  const store = openDatabase()
  const forSession = (name: string): TokenStore & Plugged => ({
    ...createPart(store, encrypt, decrypt, sessionKey('tokens', name), sessionKey('key', name)),
    plugins: [tokens],
  })
  return { ...forSession('session'), forSession }
}

function cipherOf(option: keyof IdbTokensOptions, options: IdbTokensOptions): Cipher | undefined {
  const given = options[option]
  if (!given || (Object(given) as Partial<Encryption>).encryption) return given as Cipher | undefined
  throw sessionError(
    'invalid_options',
    DEVELOPMENT ? `idbTokens: ${option} is no encryption. Give aesGcm of sojourn/tokens/idb, or leave it out.` : option,
  )
}

/** The tokens of one session. */
function createPart(
  store: UseStore,
  encrypt: Cipher | undefined,
  decrypt: Cipher | undefined,
  tokensKey: string,
  cipherKey: string,
): TokenStore {
  // The new key is made beforehand (in 0.1 ms) and mostly thrown away, for a transaction ends while it waits for a cipher.
  // If two tabs are the first at the same time, the transaction lets one of them write. The key that can be read back counts: Safari takes
  // keys that it then gives out as null, https://github.com/dialog-db/dialog-db/pull/473
  const ensureKey = async (cipher: Cipher): Promise<CryptoKey> => {
    const fresh = await cipher.createKey()
    return store('readwrite', async (objects) => {
      const stored = await promisifyRequest<unknown>(objects.get(cipherKey))
      // Any script may have stored another.
      const isKey =
        stored instanceof CryptoKey && stored.algorithm.name === fresh.algorithm.name && stored.usages.length > 1
      if (!isKey) objects.put(fresh, cipherKey)
      const kept = await promisifyRequest<CryptoKey>(objects.get(cipherKey))
      await promisifyRequest(objects.transaction)
      return kept
    })
  }

  // Tabs of an application that begins or stops to encrypt, and its next release, find what the others wrote: both forms are
  // read, and the next write brings it into this store's own.
  const open = async (stored: unknown): Promise<StoredTokens | null> => {
    // A store that encrypts rejects on plain http even while nothing is stored.
    const cipher = encrypt ?? (stored === undefined ? undefined : decrypt)
    return storedTokens(stored) ?? (cipher ? cipher.unseal(await get(cipherKey, store), stored) : null)
  }

  return {
    shared: true,
    async get() {
      return open(await get(tokensKey, store))
    },
    async set(value, expected) {
      // Before the transaction, which would end while it waits for the cipher.
      const content = encrypt ? await encrypt.seal(await ensureKey(encrypt), value) : value
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
