import { vi } from 'vitest'

export const APP = 'https://app.example'

/** A storage that lists its keys, as the browser's does. */
class FakeStorage {
  [key: string]: unknown
}
const methods = {
  getItem(this: FakeStorage, key: string) {
    return Object.hasOwn(this, key) ? this[key] : null
  },
  setItem(this: FakeStorage, key: string, value: string) {
    this[key] = value
  },
  removeItem(this: FakeStorage, key: string) {
    Reflect.deleteProperty(this, key)
  },
}
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(FakeStorage.prototype, name, { value, configurable: true })

export interface FakePage {
  href: string
  /** The addresses that the page has left for, with the way it did. */
  readonly left: [how: 'assign' | 'replace', address: URL][]
  /** The first of them. */
  readonly leaving: Promise<URL>
  readonly leave: (how: 'assign' | 'replace', url: string | URL) => void
  /** What a router keeps in the history. */
  state: unknown
  readonly document: EventTarget & { prerendering: boolean }
}

/** One browser: its pages share storage and locks. */
export function createBrowser() {
  const storage = new FakeStorage()
  const queues = new Map<string, Promise<unknown>>()
  const preventSilentAccess = vi.fn(async () => undefined)
  const browser = {
    storage,
    preventSilentAccess,
    /** The values of all slots. */
    slots: () =>
      Object.entries(storage)
        .filter(([key]) => key.startsWith('sojourn-login:'))
        .map(([, value]) => JSON.parse(String(value)) as Record<string, unknown>),
    page(path: string): FakePage {
      let tell: (url: URL) => void = () => undefined
      const page: FakePage = {
        href: new URL(path, APP).href,
        left: [],
        leaving: new Promise((resolve) => {
          tell = resolve
        }),
        leave(how, url) {
          const address = new URL(url, page.href)
          page.left.push([how, address])
          tell(address)
        },
        state: null,
        document: Object.assign(new EventTarget(), { prerendering: false }),
      }
      return page
    },
    /** From now on this is the page whose code runs. */
    show(page: FakePage): FakePage {
      vi.stubGlobal('location', {
        origin: APP,
        get href() {
          return page.href
        },
        assign: (url: string | URL) => page.leave('assign', url),
        replace: (url: string | URL) => page.leave('replace', url),
      })
      vi.stubGlobal('history', {
        get state() {
          return page.state
        },
        replaceState(state: unknown, _title: string, url: string | URL) {
          page.state = state
          page.href = new URL(url, page.href).href
        },
      })
      vi.stubGlobal('document', page.document)
      vi.stubGlobal('localStorage', storage)
      vi.stubGlobal('navigator', {
        credentials: { preventSilentAccess },
        locks: {
          async request(name: string, work: () => Promise<unknown>) {
            const turn = (queues.get(name) ?? Promise.resolve()).then(work, work)
            queues.set(name, turn)
            return turn
          },
        },
      })
      return page
    },
  }
  return browser
}
