import type { StoredTokens } from '../../types.js'
import { matches, storedTokens } from '../stored-tokens.js'

/** Tokens that only the key opens. The guard's two fields stay readable: a transaction cannot wait for a decryption. */
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
export function createKey(): Promise<CryptoKey> {
  return subtle().generateKey({ name: CIPHER, length: 256 }, false, ['encrypt', 'decrypt'])
}

export async function seal(key: CryptoKey, value: StoredTokens): Promise<Sealed> {
  // Fresh each time: two texts under one key and IV would give both away, NIST SP 800-38D §8.
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const data = await subtle().encrypt({ name: CIPHER, iv }, key, new TextEncoder().encode(JSON.stringify(value)))
  return { id: value.id, generation: value.generation, iv, data }
}

export const isSealed = (stored: unknown): boolean => !!(Object(stored) as Partial<Sealed>).data

/** Null for whatever is not exactly what {@link seal} made with this key; Safari gives stored keys out as null. */
export async function unseal(key: CryptoKey | null | undefined, sealed: unknown): Promise<StoredTokens | null> {
  const cipher = subtle()
  if (!key) return null
  try {
    const { id, generation, iv, data } = sealed as Sealed
    const text = await cipher.decrypt({ name: CIPHER, iv }, key, data)
    const value = storedTokens(JSON.parse(new TextDecoder().decode(text)))
    // The sealed pair vouches for the readable one.
    return value && matches(value, { id, generation }) ? value : null
  } catch {
    return null
  }
}
