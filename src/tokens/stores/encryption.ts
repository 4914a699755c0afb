import type { StoredTokens } from '../../types.js'
import { matches, storedTokens } from '../stored-tokens.js'

/** What `idbTokens` encrypts with: {@link aesGcm}. */
export interface Encryption {
  readonly encryption: true
}

/** The code of an {@link Encryption}. */
export interface Cipher extends Encryption {
  readonly createKey: () => Promise<CryptoKey>
  readonly seal: (key: CryptoKey, value: StoredTokens) => Promise<Sealed>
  readonly unseal: (key: CryptoKey | null | undefined, sealed: unknown) => Promise<StoredTokens | null>
}

/** Tokens that only the key decrypts. The guard's two fields stay readable: a transaction cannot wait for a decryption. */
export interface Sealed {
  readonly id: string
  readonly generation: number
  readonly iv: BufferSource
  readonly data: BufferSource
}

const CIPHER = 'AES-GCM'

/** Throws where there is none, so that the session goes on in memory. */
function subtle(): SubtleCrypto {
  const found = (crypto as Partial<Crypto>).subtle
  if (found) return found
  throw new Error('idbTokens: browsers encrypt on https and localhost only.')
}

/** A key that no script can read out. */
function createKey(): Promise<CryptoKey> {
  return subtle().generateKey({ name: CIPHER, length: 256 }, false, ['encrypt', 'decrypt'])
}

async function seal(key: CryptoKey, value: StoredTokens): Promise<Sealed> {
  // Fresh each time: two texts under one key and IV would give both away, NIST SP 800-38D §8.
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const data = await subtle().encrypt({ name: CIPHER, iv }, key, new TextEncoder().encode(JSON.stringify(value)))
  return { id: value.id, generation: value.generation, iv, data }
}

/** Null for whatever is not exactly what {@link seal} made with this key; Safari gives stored keys out as null. */
async function unseal(key: CryptoKey | null | undefined, sealed: unknown): Promise<StoredTokens | null> {
  const crypto = subtle()
  if (!key) return null
  try {
    const { id, generation, iv, data } = sealed as Sealed
    const text = await crypto.decrypt({ name: CIPHER, iv }, key, data)
    const value = storedTokens(JSON.parse(new TextDecoder().decode(text)))
    // The sealed pair vouches for the readable one.
    return value && matches(value, { id, generation }) ? value : null
  } catch {
    return null
  }
}

const cipher: Cipher = { encryption: true, createKey, seal, unseal }

/**
 * AES-GCM with 256 bit, under a key that no script can read out and that lies beside the tokens. It needs a secure context: on plain
 * http every call rejects, and the session goes on in memory.
 *
 * @example
 * ```ts
 * const store = idbTokens({ encrypt: aesGcm })
 * ```
 */
export const aesGcm: Encryption = cipher
