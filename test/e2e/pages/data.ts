/** An application that keeps the data of its users in each way that docs/data.md shows. */
import { persistentAtom } from '@nanostores/persistent'
import type { QueryClient } from '@tanstack/query-core'
import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister'
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import type { WritableAtom } from 'nanostores'
import { createSession, type Session } from 'sojourn'
import { sessionData, type SessionData } from 'sojourn/data'
import type { StoreApi } from 'zustand/vanilla'
import { createCart, type Cart } from '../../recipes/data/cart-store.js'
import { persistForEachSession } from '../../recipes/data/persistent-engine.js'
import { eachQueryClient } from '../../recipes/data/query-client.js'

export interface DataPage {
  readonly session: Session
  readonly cart: StoreApi<Cart>
  readonly note: WritableAtom<string>
  /** The client of each session that this page has seen. */
  readonly clients: readonly QueryClient[]
  /** The data of the session that lives now, from here on under this name. */
  open(name: string): void
  of(name: string): SessionData
  /** Both persisters save `text` by the data of this name, once at once and once after 0.5 s; they remove it in between. */
  persist(name: string, text: string): Promise<void>
  /** What `setItem` returned to the persisters. */
  readonly written: boolean[]
  /** Everything that this origin keeps, as text. */
  stores(): string
}

declare global {
  interface Window {
    data: DataPage
  }
}

const session = createSession({ idleTimeout: Number(new URLSearchParams(location.search).get('idle') ?? 9e5) })
const opened = new Map<string, SessionData>()
const clients: QueryClient[] = []
const written: boolean[] = []
const of = (name: string): SessionData => {
  const data = opened.get(name)
  if (data) return data
  throw new Error(`${name} was never opened`)
}

eachQueryClient(session, (client) => clients.push(client))
persistForEachSession(session)
const note = persistentAtom<string>('note', '')
note.subscribe(() => undefined)

window.data = {
  session,
  cart: createCart(session),
  note,
  clients,
  open(name) {
    opened.set(name, sessionData(session))
  },
  of,
  async persist(name, text) {
    const data = of(name)
    let noteWrite = (): void => undefined
    const storage = {
      getItem: (key: string) => data.getItem(key),
      setItem: (key: string, value: string) => {
        written.push(data.setItem(key, value))
        noteWrite()
      },
      removeItem: (key: string) => {
        data.removeItem(key)
      },
    }
    const client = { timestamp: Date.now(), buster: '', clientState: { mutations: [], queries: [], text } }
    const options = { storage, throttleTime: 500 }
    const persisters = [
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- most applications have this one
      createSyncStoragePersister({ ...options, key: 'sync' }),
      createAsyncStoragePersister({ ...options, key: 'async' }),
    ]
    for (const persister of persisters) {
      const firstWrite = new Promise<void>((resolve) => {
        noteWrite = resolve
      })
      void persister.persistClient(client)
      await firstWrite
      // Its write is throttled: it comes after the removal.
      void persister.persistClient(client)
      await persister.removeClient()
    }
  },
  written,
  stores: () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
}
