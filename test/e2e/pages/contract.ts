/** The contract of token stores, run against the real things. */
import { memoryTokens, type TokenStore } from 'sojourn'
import { aesGcm, idbTokens } from 'sojourn/tokens/idb'
import { webStorageTokens } from 'sojourn/tokens/web-storage'
import { tokenStoreContract, type Place } from '../../contract/token-store.js'

export interface Outcome {
  readonly name: string
  readonly problem: string | null
}

declare global {
  interface Window {
    contract(kind: string): Promise<Outcome[]>
  }
}

let places = 0

/** Puts something over everything that the store has written, wherever it keeps that. */
async function spoilDatabase(content: unknown): Promise<void> {
  const database = await settled(indexedDB.open('sojourn'))
  for (const store of Array.from(database.objectStoreNames)) {
    const objects = database.transaction(store, 'readwrite').objectStore(store)
    for (const key of await settled(objects.getAllKeys())) await settled(objects.put(content, key))
  }
  database.close()
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB failed'))
    }
  })
}

function inDatabase(encrypt: boolean): Place {
  const name = `contract-${String(places++)}`
  const tab = (): TokenStore => idbTokens(encrypt ? { encrypt: aesGcm } : {}).forSession?.(name) ?? idbTokens()
  if (encrypt) return { tab }
  let written = false
  return {
    tab,
    async spoil(content) {
      if (!written) await tab().set({ id: 'spoilt', generation: 1, tokens: { access_token: 'a' }, expiresAt: null })
      written = true
      await spoilDatabase(content)
    },
  }
}

const kinds: Record<string, () => Place> = {
  memory: () => ({ tab: memoryTokens }),
  idb: () => inDatabase(false),
  'idb-encrypted': () => inDatabase(true),
  local: () => {
    localStorage.clear()
    return { tab: () => webStorageTokens() }
  },
  session: () => {
    sessionStorage.clear()
    // Each tab has a sessionStorage of its own, which one page cannot have: so, a key of its own.
    return { tab: () => webStorageTokens(() => sessionStorage, `tab-${String(places++)}`) }
  },
}

window.contract = async (kind) => {
  const tests: { name: string; run: () => Promise<void> }[] = []
  const makePlace = kinds[kind]
  if (!makePlace) throw new Error(`no store of kind ${kind}`)
  tokenStoreContract((name, run) => {
    tests.push({ name, run })
  }, makePlace)
  const outcomes: Outcome[] = []
  for (const { name, run } of tests) {
    outcomes.push({
      name,
      problem: await run().then(
        () => null,
        (error: unknown) => String(error),
      ),
    })
  }
  return outcomes
}
