import type { FakeChannel, FakeLocks, FakeStorage, Page, Ports } from '../../src/testing.js'
import type { TokenStore } from '../../src/types.js'
import type * as Library from './page-script.js'
import type { Random } from './random.js'

interface FakeEvent {
  readonly isTrusted?: boolean
  readonly persisted?: boolean
  readonly key?: string | null
  readonly newValue?: string | null
  readonly [more: string]: unknown
}
type Listener = (event: FakeEvent & { readonly type: string }) => void

interface Target {
  readonly addEventListener: (type: string, listener: Listener, options?: { readonly signal?: AbortSignal }) => void
  readonly dispatch: (type: string, event?: FakeEvent) => void
}

/** An event target whose events are under way until microtasks have run, as events are that no script has caused. */
function createTarget(): Target {
  const listeners: (readonly [type: string, listener: Listener, signal?: AbortSignal | undefined])[] = []
  return {
    addEventListener(type, listener, { signal } = {}) {
      listeners.push([type, listener, signal])
    },
    dispatch(type, event = {}) {
      for (const [of, listener, signal] of [...listeners])
        if (of === type && !signal?.aborted) listener({ type, isTrusted: true, eventPhase: 1, ...event })
    },
  }
}

/** The globals of a page that the library's ports use. */
const GLOBALS = [
  ...[
    'window',
    'document',
    'Document',
    'navigator',
    'location',
    'localStorage',
    'sessionStorage',
    'BroadcastChannel',
    'MutationObserver',
    'addEventListener',
  ],
  ...['setTimeout', 'clearTimeout', 'Date', 'performance', 'Math', 'crypto', 'console', 'globalThis'],
] as const

/** Runs the part of the library that touches a page in a page of fakes, where its globals are looked up. */
export type PageScript = (page: Readonly<Record<(typeof GLOBALS)[number], unknown>>) => typeof Library

/** `code`: page-script.ts as a script that defines `library`. */
export function compilePage(code: string): PageScript {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a function whose globals are arguments has no other spelling
  const run = new Function(...GLOBALS, `${code}\nreturn library`) as (...values: unknown[]) => typeof Library
  return (page) => run(...GLOBALS.map((name) => page[name]))
}

/** An object that throws at any use. */
const untouchable = new Proxy(
  {},
  {
    get(_target, name) {
      throw new Error(`${String(name)} was read`)
    },
  },
)

/** The fault of an import that touches a page; empty if it touches nothing. */
export function faultOfImport(script: PageScript): string {
  try {
    script(Object.fromEntries(GLOBALS.map((name) => [name, untouchable])) as Parameters<PageScript>[0])
    return ''
  } catch (error) {
    return String(error)
  }
}

export interface Shared {
  readonly storage: FakeStorage
  readonly channel: FakeChannel
  readonly locks: FakeLocks
  readonly random: Random
  readonly isOnline: () => boolean
}

export interface BrowserPage {
  readonly ports: Ports & Required<Pick<Ports, 'withLock'>>
  readonly webStorageTokens: () => TokenStore
}

/** The library's own ports on a page of fakes. `own` are the fake ports, which report the events of that page. */
export function createBrowserPage(
  script: PageScript,
  own: Ports,
  page: Page,
  { storage, channel, locks, random, isOnline }: Shared,
): BrowserPage {
  const body = createTarget()
  const sheet = createTarget()
  const { clock } = own
  const moves = { screenX: 0, screenY: 0 }
  const frame = { contentWindow: {}, contentDocument: null }

  const document = {
    addEventListener: sheet.addEventListener,
    documentElement: {
      style: {
        set cssText(_text: string) {
          own.page.hide()
        },
      },
    },
    get activeElement() {
      return page.focusInFrame ? frame : null
    },
    get prerendering() {
      return page.prerendered
    },
    hidden: false,
    hasFocus: () => true,
  }
  class BroadcastChannel {
    onmessage: ((event: { readonly data: unknown }) => void) | null = null
    readonly #end
    constructor(name: string) {
      if (!channel.isAvailable) throw new DOMException('No channel here.', 'SecurityError')
      this.#end = channel.open(page, name, (data) => this.onmessage?.({ data }))
    }
    postMessage(message: object): void {
      this.#end.post(message)
    }
    close(): void {
      this.#end.close()
    }
  }
  /** No world empties the document. test/e2e/written-page.spec.ts does. */
  class MutationObserver {
    observe(): void {
      // There is nothing to hide.
    }
    disconnect(): void {
      // There is nothing to show.
    }
  }
  const timers = new Map<number, () => void>()
  let count = 0
  const math = Object.create(Math) as { random: () => number }
  math.random = own.random

  const library = script({
    window: Object.assign([], { addEventListener: body.addEventListener, document }),
    document,
    Document: { prototype: document },
    navigator: {
      get onLine() {
        return isOnline()
      },
      get locks() {
        return locks.of(page)
      },
      get userActivation() {
        return { isActive: page.userActive }
      },
    },
    location: { reload: own.page.reload },
    localStorage: storage.of(page),
    sessionStorage: {},
    BroadcastChannel,
    MutationObserver,
    addEventListener: body.addEventListener,
    setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = ++count
      const undo = own.after(ms, () => {
        timers.delete(timer)
        run(...args)
      })
      timers.set(timer, undo)
      return timer
    },
    clearTimeout: (timer: number) => {
      timers.get(timer)?.()
      timers.delete(timer)
    },
    Date: { now: () => clock().wall },
    performance: { now: () => clock().mono },
    Math: math,
    crypto: { getRandomValues: (values: Uint32Array) => values.map(() => random.below(2 ** 32)) },
    console: { warn: own.warn, error: own.report },
    globalThis: { reportError: own.report },
  })

  const inputs = [
    () => body.dispatch('pointerdown'),
    () => body.dispatch('keydown'),
    () => {
      // The first move over a new page may only report where the mouse rests.
      body.dispatch('pointermove', { screenX: ++moves.screenX, screenY: 5 })
      body.dispatch('pointermove', { screenX: ++moves.screenX, screenY: 5 })
    },
    () => body.dispatch('input'),
  ]
  own.watchInput(() => random.pick(inputs)())
  own.onWake((cause, restored) => {
    // Events that a script dispatches are no activity.
    body.dispatch('click', { isTrusted: false })
    // The events that the browser dispatches for a script are trusted, and finished before their microtasks run.
    body.dispatch('input', { eventPhase: 0 })
    const target = ['visibilitychange', 'resume', 'prerenderingchange'].includes(cause) ? sheet : body
    target.dispatch(cause, { persisted: restored })
  })
  storage.listen(page, (key, newValue) => body.dispatch('storage', { key, newValue }))
  return {
    ports: {
      ...library.browserPorts(),
      // Each page has the lease, as on plain http.
      withLock: (name, turn, ...rest) => library.browserLocks(name, { ...turn, lease: library.lease }, ...rest),
      openStorage(onChange, signal) {
        const open = library.browserStorage(onChange, signal)
        return () => {
          const found = open()
          // If storage is denied, a browser throws when the property is read.
          return found && found.length >= 0 ? found : null
        }
      },
    },
    webStorageTokens: () => library.webStorageTokens(),
  }
}
