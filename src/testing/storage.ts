import type { Listener } from './channel.js'
import { browser, type Time } from './time.js'

/** `localStorage` of one origin: the disk, and the copy of it that each tab reads. */
export interface FakeStorage {
  /** The texts on the disk, by key. A change of this map causes no event, like a change by another program. */
  readonly stored: Map<string, string>
  /** False: every access throws, as if the user blocked site data. */
  isAvailable: boolean
  /** True: a write that needs more room fails; reading and removing still work. */
  full: boolean
  /**
   * How long a tab still reads the old text after a write of another tab, ms. Browsers keep a copy in each process, so two tabs can
   * overwrite each other unknowingly. @default 0
   */
  lag: Delay
  /** How long the storage event takes after that, ms; `Infinity` loses it. @default 2 */
  delay: Delay
  /** The number of reads and writes. */
  readonly count: { reads: number; writes: number }
  /** `localStorage` of one tab. */
  readonly of: (tab: Listener) => Storage
  /** Calls `listener` at each storage event in `tab`. The key is null if everything was cleared. */
  readonly listen: (tab: Listener, listener: (key: string | null, text: string | null) => void) => () => void
  /** Another program, the user or the browser changes storage; null removes a key. */
  readonly change: (texts: Readonly<Record<string, string | null>>) => void
  /** The user clears the site's data. */
  readonly clear: () => void
}

/** A length of time, ms, or a function that returns one for each occasion. */
export type Delay = number | (() => number)

export const sample = (delay: Delay): number => (typeof delay === 'number' ? delay : delay())

/** A write: of one key, or of all keys if `key` is null. */
interface Change {
  readonly key: string | null
  readonly text: string | null
}

/** The differences between the disk and the copy of one tab. */
interface View {
  /** The tab's own writes that have not reached the disk. */
  readonly ahead: Change[]
  /** Changes by other tabs that the tab does not read yet. */
  readonly behind: { readonly key: string | null; readonly before: ReadonlyMap<string, string> }[]
  /** When the last write reaches the disk, and when the last change is read: the next one never overtakes it. */
  writesAt: number
  readsAt: number
}

const touches = (change: { readonly key: string | null }, key: string): boolean =>
  change.key === null || change.key === key

/** The text that a tab reads under `key`. */
function read({ ahead, behind }: View, stored: ReadonlyMap<string, string>, key: string): string | null {
  const own = ahead.filter((change) => touches(change, key)).at(-1)
  if (own) return own.key === null ? null : own.text
  return (behind.find((change) => touches(change, key))?.before ?? stored).get(key) ?? null
}

const sizeOf = (key: string, text: string | null): number => key.length + (text ?? '').length

/** The storage of all tabs, as the storage of one tab uses it. */
interface Disk {
  readonly storage: FakeStorage
  /** How much can be stored. */
  readonly limit: () => number
  readonly write: (from: Listener, change: Change) => void
}

/** Storage whose texts are its properties as well, as a browser has it. */
export const indexed = (storage: Storage): Storage =>
  new Proxy(storage, {
    get(own, key) {
      if (typeof key === 'symbol' || key in own) return Reflect.get(own, key) as unknown
      return own.getItem(key) ?? undefined
    },
    set(own, key, text) {
      own.setItem(String(key), String(text))
      return true
    },
    deleteProperty(own, key) {
      own.removeItem(String(key))
      return true
    },
    ownKeys: (own) => Array.from({ length: own.length }, (_, index) => own.key(index) ?? ''),
    getOwnPropertyDescriptor: (own, key) => ({
      value: own.getItem(String(key)),
      ...{ configurable: true, enumerable: true, writable: true },
    }),
  })

/** `localStorage` of one tab. */
function createTabStorage(tab: Listener, view: View, { storage, limit, write }: Disk): Storage {
  const readKey = (key: string): string | null => read(view, storage.stored, key)
  const check = (): void => {
    if (!storage.isAvailable) throw new DOMException('The user blocks site data.', 'SecurityError')
  }
  const change = (key: string | null, text: string | null): void => {
    if (tab.gone) return
    storage.count.writes++
    if (key !== null) {
      check()
      // A write of the same text changes nothing and causes no event: HTML §12.2.1.
      if (readKey(key) === text) return
    }
    write(tab, { key, text })
  }
  const keys = (): string[] => {
    check()
    const all = new Set([...storage.stored.keys(), ...view.ahead.flatMap(({ key }) => key ?? [])])
    return [...all].filter((key) => readKey(key) !== null)
  }
  return {
    get length() {
      return keys().length
    },
    key: (index) => keys()[index] ?? null,
    getItem(key) {
      storage.count.reads++
      check()
      return readKey(key)
    },
    setItem(key, text) {
      // On a full disk a text can still be written if it needs no more room than the one before.
      const size = keys().reduce((sum, one) => sum + (one === key ? 0 : sizeOf(one, readKey(one))), sizeOf(key, text))
      if (size > limit()) {
        storage.count.writes++
        throw new DOMException('There is no room left.', 'QuotaExceededError')
      }
      change(key, text)
    },
    removeItem(key) {
      change(key, null)
    },
    clear() {
      change(null, null)
    },
  }
}

export function createStorage(time: Time): FakeStorage {
  const stored = new Map<string, string>()
  const views = new Map<Listener, View>()
  const listeners = new Set<{
    readonly tab: Listener
    readonly heard: (key: string | null, text: string | null) => void
  }>()

  const viewOf = (tab: Listener): View => {
    const view = views.get(tab) ?? { ahead: [], behind: [], writesAt: 0, readsAt: 0 }
    views.set(tab, view)
    return view
  }

  /** Changes the disk. Other tabs read the change after the lag, and get the storage event after the delay. */
  const apply = (from: Listener | null, { key, text }: Change): void => {
    const before = new Map(stored)
    if (key === null) stored.clear()
    else if (text === null) stored.delete(key)
    else stored.set(key, text)
    for (const [tab, view] of views) {
      if (tab.gone) {
        views.delete(tab)
        continue
      }
      const now = time.clock().mono
      const at = Math.max(view.readsAt, now + sample(storage.lag) / 2)
      view.readsAt = at
      const onRead = (): void => {
        // The tab's own write has reached the disk.
        if (tab === from) {
          view.ahead.shift()
          return
        }
        view.behind.shift()
        for (const one of listeners)
          // Firefox and WebKit drop an event for a page in the back/forward cache, Chromium delivers it when the page is back.
          if (one.tab === tab && !(tab.cached && tab.losesStorageEvents))
            time.later(tab, sample(storage.delay), () => {
              if (listeners.has(one)) one.heard(key, text)
            })
      }
      if (tab !== from) view.behind.push({ key, before })
      if (at <= now && view.behind.length + view.ahead.length === 1) onRead()
      else time.later(browser, at - now, onRead)
    }
  }

  const write = (from: Listener, change: Change): void => {
    const view = viewOf(from)
    const now = time.clock().mono
    const at = Math.max(view.writesAt, now + sample(storage.lag) / 2)
    const isFree = !view.ahead.length
    view.ahead.push(change)
    view.writesAt = at
    const arrive = (): void => {
      apply(from, change)
    }
    if (at <= now && isFree) arrive()
    else time.later(browser, at - now, arrive)
  }

  let limit = Infinity
  const storage: FakeStorage = {
    stored,
    isAvailable: true,
    get full() {
      return limit < Infinity
    },
    set full(isFull) {
      const texts = new Map(stored)
      // Writes that have not reached the disk yet have their room on it.
      for (const { ahead } of views.values())
        for (const { key, text } of ahead) if (key !== null && text !== null) texts.set(key, text)
      limit = isFull ? [...texts].reduce((sum, entry) => sum + sizeOf(...entry), 0) : Infinity
    },
    lag: 0,
    delay: 2,
    count: { reads: 0, writes: 0 },
    of: (tab) => indexed(createTabStorage(tab, viewOf(tab), { storage, limit: () => limit, write })),
    listen(tab, listener) {
      const one = { tab, heard: listener }
      viewOf(tab)
      listeners.add(one)
      return () => listeners.delete(one)
    },
    change(texts) {
      for (const [key, text] of Object.entries(texts))
        if ((stored.get(key) ?? null) !== text) apply(null, { key, text })
    },
    clear() {
      apply(null, { key: null, text: null })
    },
  }
  return storage
}
