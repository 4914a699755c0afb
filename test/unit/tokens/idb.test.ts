import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { createStore, entries, get, set } from 'idb-keyval'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aesGcm, idbTokens, type Encryption } from '../../../src/tokens/stores/idb.js'
import type { TokenStore } from '../../../src/types.js'
import { next, some } from '../../contract/token-store.js'
import { keepsContract } from './contract.js'

const database = (name = 'sojourn') => createStore(name, 'keyval')
const request = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => {
      resolve(asked.result)
    }
    asked.onerror = () => {
      reject(asked.error!)
    }
  })
const failures = async (store: TokenStore): Promise<readonly unknown[]> => {
  const outcomes = await Promise.allSettled([store.get(), store.set(some), store.clear(some.id)])
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).name : outcome.value))
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** fake-indexeddb runs on setImmediate, which stays real. */
const fakeTimeouts = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

/** Lets fake time pass until `work` is settled, and real time for the cipher. Returns how much fake time it took. */
async function settled(work: Promise<unknown>): Promise<number> {
  let [done, ms] = [false, 0]
  const finish = () => {
    done = true
  }
  work.then(finish, finish)
  for (; !done; ms += 100) {
    await vi.advanceTimersByTimeAsync(100)
    await new Promise(setImmediate)
  }
  return ms
}

const silent = () => ({}) as IDBOpenDBRequest

describe.each([
  { title: 'idbTokens()', options: {} },
  { title: 'idbTokens({ encrypt: aesGcm })', options: { encrypt: aesGcm } },
])('$title', ({ options }) => {
  keepsContract(() => {
    vi.stubGlobal('indexedDB', new IDBFactory())
    const place = database()
    return {
      tab: () => idbTokens(options),
      spoil: async (content) => set('tokens', content, place),
      isEmpty: async () => ((await get('tokens', place)) ?? null) === null,
    }
  })

  it('a store touches nothing before its first use, so that a server can create it', () => {
    vi.stubGlobal('indexedDB', undefined)
    expect(idbTokens(options).shared).toBe(true)
  })

  it('a store rejects if there is no IndexedDB', async () => {
    vi.stubGlobal('indexedDB', undefined)
    await expect(failures(idbTokens(options))).resolves.toEqual(['TypeError', 'TypeError', 'TypeError'])
  })

  it('a store rejects while the browser denies IndexedDB, and works afterwards', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    const store = idbTokens(options)
    await expect(failures(store)).resolves.toEqual(['SecurityError', 'SecurityError', 'SecurityError'])
    open.mockRestore()
    await store.set(some)
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a store holds no token after a sign-out', async () => {
    const store = idbTokens(options)
    await store.set(some)
    await store.clear(some.id)
    expect((await entries(database())).map(([key]) => key)).toEqual(options.encrypt ? ['key'] : [])
  })

  it('a store gives up after 2 s if open() never replies, and tries again at the next call', async () => {
    fakeTimeouts()
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(silent)
    const store = idbTokens(options)
    expect(await settled(store.get())).toBe(2000)
    const outcomes = failures(store)
    await settled(outcomes)
    await expect(outcomes).resolves.toEqual(['TimeoutError', 'TimeoutError', 'TimeoutError'])
    open.mockRestore()
    vi.useRealTimers()
    await store.set(some)
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a store does not give up because the page was frozen', async () => {
    fakeTimeouts()
    const open = indexedDB.open.bind(indexedDB)
    let answer = () => {}
    vi.spyOn(indexedDB, 'open').mockImplementationOnce((...args) => {
      const held = silent()
      answer = () => {
        const real = open(...args)
        real.onupgradeneeded = (event) => {
          Object.assign(held, { result: real.result })
          held.onupgradeneeded?.call(held, event)
        }
        real.onsuccess = (event) => {
          Object.assign(held, { result: real.result })
          held.onsuccess?.call(held, event)
        }
      }
      return held
    })
    const got = idbTokens(options).get()
    // After the thaw the timer is due at once, and the reply comes a moment later.
    vi.advanceTimersByTime(1000)
    answer()
    await expect(got).resolves.toBeNull()
  })

  it('a connection that opens after its call was given up is closed, and the write is not made', async () => {
    fakeTimeouts()
    const open = indexedDB.open.bind(indexedDB)
    const held = silent()
    vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => held)
    const store = idbTokens()
    const given = store.set(some)
    await settled(given)
    await expect(given).rejects.toMatchObject({ name: 'TimeoutError' })
    vi.useRealTimers()
    const setting = open('sojourn')
    setting.onupgradeneeded = () => setting.result.createObjectStore('keyval')
    const db = await request(setting)
    const close = vi.spyOn(db, 'close')
    Object.assign(held, { result: db })
    held.onsuccess?.call(held, new Event('success'))
    await vi.waitFor(() => {
      expect(close).toHaveBeenCalled()
    })
    await expect(store.get()).resolves.toBeNull()
  })

  it('a store gives up a transaction after 2 s without a reply, and its write is not made later', async () => {
    const store = idbTokens(options)
    await store.set(some)
    fakeTimeouts()
    const read = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore) {
      // Keeps the transaction alive without ever answering, until it is aborted.
      const spin = () => {
        try {
          this.count().onsuccess = spin
        } catch {
          // Aborted.
        }
      }
      spin()
      return {} as IDBRequest
    })
    const given = store.set(next, some)
    await settled(given)
    await expect(given).rejects.toMatchObject({ name: 'TimeoutError' })
    read.mockRestore()
    vi.useRealTimers()
    await expect(store.get()).resolves.toEqual(some)
  })

  it.each(['InvalidStateError', 'UnknownError', 'AbortError'])(
    'a store reopens the database, once, if the connection is lost (%s)',
    async (name) => {
      const store = idbTokens(options)
      await store.set(some)
      const open = vi.spyOn(indexedDB, 'open')
      const lost = vi.spyOn(Object.getPrototypeOf(await opened('elsewhere')) as IDBDatabase, 'transaction')
      open.mockClear()
      lost.mockImplementationOnce(() => {
        throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', name)
      })
      await expect(store.get()).resolves.toEqual(some)
      expect(open).toHaveBeenCalledTimes(1)

      open.mockClear()
      lost.mockImplementation(() => {
        throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', name)
      })
      await expect(store.get()).rejects.toMatchObject({ name })
      expect(open).toHaveBeenCalledTimes(1)
      lost.mockRestore()
      await expect(store.get()).resolves.toEqual(some)
    },
  )

  it('a write that fails for another reason than a lost connection is not repeated', async () => {
    const store = idbTokens(options)
    await store.set(some)
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    await expect(store.set(next, { id: some.id, generation: 3 })).rejects.toMatchObject({ name: 'QuotaExceededError' })
    expect(put).toHaveBeenCalledTimes(1)
    put.mockRestore()
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a write whose transaction fails at the commit rejects', async () => {
    const store = idbTokens(options)
    await store.set(some)
    const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put')!.value as IDBObjectStore['put']
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      const asked = put.apply(this, args)
      // As on a full disk: the request succeeds, and the transaction does not.
      asked.addEventListener('success', () => {
        queueMicrotask(() => {
          this.transaction.abort()
        })
      })
      return asked
    })
    await expect(store.set(next)).rejects.not.toBeUndefined()
    vi.restoreAllMocks()
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a write whose request fails rejects with the error of the request', async () => {
    const store = idbTokens(options)
    await store.set(some)
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      // `add` fails if the key exists, and the request itself has the error.
      return this.add(...args)
    })
    await expect(store.set(next)).rejects.toMatchObject({ name: 'ConstraintError' })
  })

  it('a store lets another tab delete the database at once, and goes on with a new one', async () => {
    const store = idbTokens(options)
    await store.set(some)
    const deletion = indexedDB.deleteDatabase('sojourn')
    const blocked = vi.fn()
    deletion.onblocked = blocked
    await request(deletion)
    expect(blocked).not.toHaveBeenCalled()
    await expect(store.get()).resolves.toBeNull()
    await store.set(some)
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a store lets another tab upgrade the database at once, and goes on with the new version', async () => {
    const store = idbTokens(options)
    await store.set(some)
    const upgrade = indexedDB.open('sojourn', 2)
    const blocked = vi.fn()
    upgrade.onblocked = blocked
    const db = await request(upgrade)
    expect(blocked).not.toHaveBeenCalled()
    db.close()
    await expect(store.get()).resolves.toEqual(some)
  })

  it('a store leaves no timer behind', async () => {
    fakeTimeouts()
    const store = idbTokens(options)
    await store.set(some)
    await store.get()
    await store.clear(some.id)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('idbTokens({ encrypt: aesGcm })', () => {
  const encrypted = () => idbTokens({ encrypt: aesGcm })

  it('an encrypted store writes only the guard in the clear, and no token', async () => {
    await encrypted().set(some)
    const stored: { data: ArrayBuffer; iv: Uint8Array } = (await get('tokens', database()))!
    expect(stored).toMatchObject({ id: some.id, generation: some.generation })
    expect(Object.keys(stored).sort()).toEqual(['data', 'generation', 'id', 'iv'])
    expect(Buffer.from(stored.data).toString('latin1')).not.toContain('access')
    expect(stored.iv).toHaveLength(12)
  })

  it('an encrypted store uses a 256-bit key that cannot be exported', async () => {
    await encrypted().set(some)
    const key: CryptoKey = (await get('key', database()))!
    expect(key.algorithm).toEqual({ name: 'AES-GCM', length: 256 })
    expect(key.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
  })

  it('an encrypted store uses a fresh IV for each write', async () => {
    const store = encrypted()
    const ivs = new Set<string>()
    for (let write = 0; write < 20; write++) {
      await store.set(some)
      ivs.add(String((await get<{ iv: Uint8Array }>('tokens', database()))?.iv))
    }
    expect(ivs.size).toBe(20)
  })

  it('several tabs that start at once agree on one key', async () => {
    const tabs = Array.from({ length: 5 }, encrypted)
    await Promise.all(tabs.map(async (tab) => tab.set(some)))
    for (const tab of tabs) await expect(tab.get()).resolves.toEqual(some)
  })

  it('an encrypted store keeps its key after a sign-out and for later tabs', async () => {
    const store = encrypted()
    await store.set(some)
    await store.clear(some.id)
    await store.set(next)
    await expect(encrypted().get()).resolves.toEqual(next)
  })

  const tamperings: Record<string, (stored: Record<string, unknown>) => unknown> = {
    'a flipped bit': (stored) => {
      new Uint8Array(stored.data as ArrayBuffer)[5]! ^= 1
      return stored
    },
    'another IV': (stored) => ({ ...stored, iv: new Uint8Array(12) }),
    'a raised generation': (stored) => ({ ...stored, generation: 9 }),
    'another id': (stored) => ({ ...stored, id: 'session-two' }),
    'no ciphertext': ({ id, generation }) => ({ id, generation }),
    'a ciphertext that is none': (stored) => ({ ...stored, data: 'data' }),
  }
  it.each(Object.keys(tamperings))('an encrypted value that was tampered with counts as absent: %s', async (kind) => {
    const store = encrypted()
    await store.set(some)
    await set('tokens', tamperings[kind]!((await get('tokens', database()))!), database())
    await expect(store.get()).resolves.toBeNull()
    await store.set(next)
    await expect(store.get()).resolves.toEqual(next)
  })

  it('a clear removes tokens that cannot be decrypted, and returns none to revoke', async () => {
    const store = encrypted()
    await store.set(some)
    await set('key', 'lost', database())
    await expect(store.clear(some.id)).resolves.toBeNull()
    await expect(get('tokens', database())).resolves.toBeUndefined()
  })

  it.each([undefined, null, 'lost', {}])('a stored key that is %s is replaced by a new one', async (content) => {
    const store = encrypted()
    await store.set(some)
    await set('key', content, database())
    await expect(store.get()).resolves.toBeNull()
    await store.set(next)
    await expect(store.get()).resolves.toEqual(next)
  })

  it('a write rejects if the key that was just stored cannot be read back', async () => {
    const read = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'get')!.value as IDBObjectStore['get']
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      return read.call(this, key === 'key' ? 'no such key' : key)
    })
    await expect(encrypted().set(some)).rejects.toThrow()
    await expect(get('tokens', database())).resolves.toBeUndefined()
  })

  it('a write rejects if keys cannot be stored', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('The object can not be cloned.', 'DataCloneError')
    })
    await expect(encrypted().set(some)).rejects.toMatchObject({ name: 'DataCloneError' })
  })

  it('a write stores nothing if the transaction of its new key fails at the commit', async () => {
    const read = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'get')!.value as IDBObjectStore['get']
    let reads = 0
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      const asked = read.call(this, key)
      const { transaction } = this
      if (key === 'key' && ++reads === 2)
        asked.addEventListener('success', () => {
          queueMicrotask(() => {
            transaction.abort()
          })
        })
      return asked
    })
    await expect(encrypted().set(some)).rejects.not.toBeUndefined()
    await expect(entries(database())).resolves.toEqual([])
  })

  it('an encrypted value that holds no tokens counts as absent', async () => {
    const store = encrypted()
    await store.set(some)
    const key: CryptoKey = (await get('key', database()))!
    const iv = new Uint8Array(12)
    const text = JSON.stringify({ ...some, tokens: null })
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text))
    await set('tokens', { id: some.id, generation: some.generation, iv, data }, database())
    await expect(store.get()).resolves.toBeNull()
  })

  it('an encrypted store rejects every call on plain http, and stores nothing in the clear', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    const store = encrypted()
    await expect(store.get()).rejects.toThrow('https')
    await expect(store.set(some)).rejects.toThrow('https')
    await expect(entries(database())).resolves.toEqual([])
  })
})

describe.each([
  { title: 'encrypts where one did not', before: { decrypt: aesGcm }, now: { encrypt: aesGcm } },
  { title: 'decrypts where one encrypted', before: { encrypt: aesGcm }, now: { decrypt: aesGcm } },
])('a store that $title', ({ before, now }) => {
  const isSealed = async () => 'data' in (await get<object>('tokens', database()))!

  it('the new store reads the old form, and writes its own form at the next write', async () => {
    await idbTokens(before).set(some)
    const store = idbTokens(now)
    await expect(store.get()).resolves.toEqual(some)
    expect(await isSealed()).toBe('encrypt' in before)
    expect(await store.set(next, { id: some.id, generation: 9 })).toBe(false)
    expect(await store.set(next, { id: some.id, generation: some.generation })).toBe(true)
    expect(await isSealed()).toBe('encrypt' in now)
    await expect(idbTokens(before).get()).resolves.toEqual(next)
  })

  it('the new store returns tokens of the old form when it clears them, and leaves nothing', async () => {
    await idbTokens(before).set(some)
    await expect(idbTokens(now).clear('another')).resolves.toBeNull()
    await expect(idbTokens(now).clear(some.id)).resolves.toEqual(some)
    await expect(get('tokens', database())).resolves.toBeUndefined()
  })

  it('the old and the new store at once let one of two refreshes win', async () => {
    await idbTokens(before).set(some)
    const guard = { id: some.id, generation: some.generation }
    const written = await Promise.all([before, now].map(async (form) => idbTokens(form).set(next, guard)))
    expect(written.filter(Boolean)).toHaveLength(1)
    for (const form of [before, now]) await expect(idbTokens(form).get()).resolves.toEqual(next)
  })

  it.each([undefined, null, 'lost', {}])(
    'the new store has no tokens if the key is %s, and a clear removes the stored value',
    async (key) => {
      await idbTokens({ encrypt: aesGcm }).set(some)
      await set('key', key, database())
      const store = idbTokens(now)
      await expect(store.get()).resolves.toBeNull()
      await expect(store.clear(some.id)).resolves.toBeNull()
      await expect(get('tokens', database())).resolves.toBeUndefined()
    },
  )
})

describe('a store without the encryption of the release before', () => {
  it('a store without the encryption of the release before has no tokens, and a clear removes them', async () => {
    await idbTokens({ encrypt: aesGcm }).set(some)
    const store = idbTokens()
    await expect(store.get()).resolves.toBeNull()
    await expect(store.clear('another')).resolves.toBeNull()
    await expect(store.clear(some.id)).resolves.toBeNull()
    await expect(get('tokens', database())).resolves.toBeUndefined()
  })

  it('a store without the encryption of the release before keeps the tokens of the next sign-in', async () => {
    await idbTokens({ encrypt: aesGcm }).set(some)
    const store = idbTokens()
    await expect(store.set(next)).resolves.toBe(true)
    await expect(store.get()).resolves.toEqual(next)
  })
})

it.each(['encrypt', 'decrypt'])('an option %s that is no encryption is refused', (option) => {
  expect(() => idbTokens({ [option]: true as unknown as Encryption })).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(option) as string }) as Error,
  )
})

async function opened(name: string): Promise<IDBDatabase> {
  return request(indexedDB.open(name))
}
