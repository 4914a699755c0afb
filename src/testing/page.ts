import type { Channel, OnMessage, Ports } from '../ports/types.js'
import type { FakeChannel, Listener } from './channel.js'
import { mutexBy } from './mutex.js'
import type { FakeLocks } from './locks.js'
import { recordStoreIn } from './record-store.js'
import type { FakeStorage } from './storage.js'
import type { Owner, Time } from './time.js'

/** The browser engine that a world imitates in its treatment of frozen pages and of the back/forward cache. */
export type Engine = 'chromium' | 'firefox' | 'webkit'

/** The parts of a world that all its tabs share. */
export interface Origin {
  readonly engine: Engine
  readonly ports: (ports: Ports, page: Page) => Ports
  readonly time: Time
  readonly storage: FakeStorage
  readonly channel: FakeChannel
  readonly locks: FakeLocks
  readonly random: () => number
  readonly id: () => string
}

/** One page in one tab, with everything that the browser and the user do to it. */
export interface Page extends Listener {
  /** The ports of this page. Give them to `createSessionWith` for a second session in the same tab. */
  readonly ports: Ports
  /** While it is true, nothing runs on the page. Afterwards everything that was due runs, late. */
  frozen: boolean
  /** Whether the page is in the back/forward cache. */
  readonly cached: boolean
  /** Whether the page was closed, has crashed or was evicted. */
  readonly gone: boolean
  /** Whether the browser has rendered the page and the user has not opened it yet: storage works, messages and locks wait. */
  readonly prerendered: boolean
  online: boolean
  /** Whether the focus is in another origin's frame. */
  focusInFrame: boolean
  /** Whether the user has been active in this page or a frame of it within the last seconds. */
  userActive: boolean
  /** Timers fire only every so many ms, as in hidden tabs: 1000, or 60000. `Infinity`: never. @default 0 */
  timersEvery: number
  /** The user does something in this tab; with `view`, in that window, which counts if a session watches it. */
  readonly input: (view?: Window) => void
  /** A browser event that shows that time may have passed: `'focus'`, `'visibilitychange'`, `'online'`, … */
  readonly hint: (cause: string, restored?: boolean) => void
  /** The user opens the prerendered page. */
  readonly activate: () => void
  /** The user navigates away, and the page goes into the back/forward cache. */
  readonly leave: () => void
  /** The user comes back to the page. False if it was evicted in the meantime: then open a new tab, as a browser loads it again. */
  readonly comeBack: () => boolean
  /** The user closes the tab. */
  readonly close: () => void
  /** The tab is gone, without any event. */
  readonly crash: () => void
  /** How many timers are pending. */
  readonly timers: () => number
  /** Whether a session on this page listens to input. */
  readonly listensToInput: () => boolean
  /** The errors of listeners that the library has reported. */
  readonly reports: unknown[]
  /** The library's warnings in the console. */
  readonly warnings: string[]
  /** Whether the library has hidden the page, and how often it has reloaded it. */
  readonly page: { hidden: boolean; reloads: number }
}

export interface PageSetup {
  /** False: a server that renders a page. @default true */
  readonly hasPage?: boolean
  /** True: the page is prerendered until `activate()` is called. @default false */
  readonly prerendered?: boolean
}

type Hint = Parameters<Ports['onWake']>[0]

interface Watcher {
  readonly onInput: () => void
  readonly view: Window | undefined
}

/** The timers of a page. */
interface Timers {
  readonly after: Ports['after']
  readonly pending: ReadonlySet<object>
}

function createTimers(time: Time, page: Page): Timers {
  const pending = new Set<object>()
  const owner: Owner = {
    get frozen() {
      return page.frozen || page.timersEvery === Infinity
    },
    get gone() {
      return page.gone
    },
  }
  return {
    pending,
    after(ms, callback) {
      const timer = {}
      pending.add(timer)
      const ring = (): void => {
        pending.delete(timer)
        callback()
      }
      const { mono } = time.clock()
      const grid = page.timersEvery < Infinity ? page.timersEvery : 0
      const cancel = time.later(owner, grid ? Math.ceil((mono + ms) / grid) * grid - mono : ms, ring)
      return () => {
        pending.delete(timer)
        cancel()
      }
    },
  }
}

/** The `Channel` port of a page: its BroadcastChannel and its storage events. */
function openChannel({ channel, storage }: Origin, page: Page, key: string, onMessage: OnMessage): Channel {
  const end = channel.open(page, key, (message) => onMessage('channel', message instanceof Object ? message : null))
  const stop = storage.listen(page, (changed, text) => {
    if (changed === null) onMessage('storage', null)
    else if (changed === key) onMessage('storage', { record: text })
    else if (changed === `${key}:end`) onMessage('storage', { end: text })
  })
  return {
    ...end,
    close() {
      stop()
      end.close()
    },
  }
}

/** The ports of a page. */
function createPorts(
  origin: Origin,
  page: Page,
  hasPage: boolean,
  { after }: Timers,
  hints: Set<Hint>,
  watchers: Set<Watcher>,
): Ports {
  const { time, storage, locks, random, id } = origin
  return {
    hasPage,
    prerendering: () => page.prerendered,
    clock: time.clock,
    wallNow: () => time.clock().wall,
    after,
    random,
    id,
    online: () => page.online,
    openRecordStore: (key) => recordStoreIn(storage.of(page), key),
    openChannel: (key, onMessage) => openChannel(origin, page, key, onMessage),
    withLock: (...call) => mutexBy(locks, page, after)(...call),
    openStorage(onChange, signal) {
      const stop = storage.listen(page, (key) => {
        if (key !== null) onChange(key)
      })
      signal.addEventListener('abort', stop)
      return () => {
        if (storage.isAvailable) return storage.of(page)
        throw new DOMException('The user blocks site data.', 'SecurityError')
      }
    },
    locks: () => locks.of(page),
    onWake(hint) {
      hints.add(hint)
      return () => hints.delete(hint)
    },
    watchInput(onInput, { view } = {}) {
      const watcher = { onInput, view }
      watchers.add(watcher)
      return {
        hidden: () => page.timersEvery > 0,
        isFocusInFrame: () => !view && page.focusInFrame,
        isUserActive: () => !view && page.userActive,
        stop: () => watchers.delete(watcher),
      }
    },
    page: {
      hide: () => (page.page.hidden = true),
      reload: () => page.page.reloads++,
    },
    report: (error) => page.reports.push(error),
    warn: (message) => page.warnings.push(message),
  }
}

/** A page of this origin. */
export function createPage(
  name: string,
  origin: Origin,
  { hasPage: alive = true, prerendered = false }: PageSetup,
): Page {
  const { engine, time, locks } = origin
  const hints = new Set<Hint>()
  const watchers = new Set<Watcher>()
  const state = { cached: false, gone: false }
  let waiting: (() => void)[] | null = prerendered ? [] : null
  /** Chromium delivers messages to a page in the back/forward cache, and evicts it. */
  const receiver: Owner = {
    frozen: false,
    get gone() {
      return state.gone
    },
  }
  const leaveForGood = (): void => {
    state.gone = true
    locks.release(page)
  }

  let ports: Ports | undefined
  const page: Page = {
    name,
    get ports() {
      return (ports ??= origin.ports(createPorts(origin, page, alive, timers, hints, watchers), page))
    },
    frozen: false,
    get cached() {
      return state.cached
    },
    get gone() {
      return state.gone
    },
    get waiting() {
      return waiting
    },
    get prerendered() {
      return !!waiting
    },
    online: true,
    focusInFrame: false,
    userActive: false,
    timersEvery: prerendered ? 1e3 : 0,
    reports: [],
    warnings: [],
    page: { hidden: false, reloads: 0 },
    input(of) {
      for (const { onInput, view } of [...watchers]) if (view === of) onInput()
    },
    hint(cause, restored = false) {
      for (const hint of [...hints]) hint(cause, restored)
    },
    activate() {
      if (!waiting) return
      page.timersEvery = 0
      // Chromium fires these events in this order, in one task, before the first frame.
      page.hint('visibilitychange')
      page.hint('focus')
      const calls = waiting
      waiting = null
      page.hint('prerenderingchange')
      for (const want of calls) want()
    },
    leave() {
      // Firefox does not keep a page in the back/forward cache if it holds a lock or waits for one.
      if (engine === 'firefox' && locks.isUsedBy(page)) {
        page.close()
        return
      }
      page.hint('pagehide', true)
      state.cached = true
      page.frozen = true
      if (engine === 'webkit') locks.revoke(page)
    },
    comeBack() {
      if (state.gone) return false
      state.cached = false
      page.frozen = false
      page.hint('pageshow', true)
      return true
    },
    close() {
      page.hint('pagehide')
      leaveForGood()
    },
    crash: leaveForGood,
    ...(engine !== 'webkit' && { evict: leaveForGood }),
    losesStorageEvents: engine !== 'chromium',
    ...(engine === 'chromium' && { receiver: receiver }),
    timers: () => timers.pending.size,
    listensToInput: () => watchers.size > 0,
  }
  const timers = createTimers(time, page)
  return page
}
