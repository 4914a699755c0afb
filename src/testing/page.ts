import type { Channel, OnMessage, Ports } from '../ports/types.js'
import type { FakeChannel, Listener } from './channel.js'
import { mutexBy } from './mutex.js'
import type { FakeLocks } from './locks.js'
import { recordStoreIn } from './record-store.js'
import type { FakeStorage } from './storage.js'
import type { Owner, Time } from './time.js'

/** The browser engine whose treatment of frozen pages and of the back/forward cache a world imitates. */
export type Engine = 'chromium' | 'firefox' | 'webkit'

/** What all tabs of a world share. */
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

/** One page in one tab: what happens to it, and what it has to do with a person. */
export interface Page extends Listener {
  /** What a session on this page stands on. Give it to `createSessionWith` again for a second session in the same tab. */
  readonly ports: Ports
  /** Nothing runs here until it is false again; then all that has waited does, late. */
  frozen: boolean
  /** Whether the page is in the back/forward cache. */
  readonly cached: boolean
  /** Whether the page is gone for good. */
  readonly gone: boolean
  /** Whether the browser renders the page before anybody has opened it: storage works, messages and locks wait. */
  readonly prerendered: boolean
  online: boolean
  /** Whether the focus is in another origin's frame, and whether the user has been active there within the last seconds. */
  focusInFrame: boolean
  userActive: boolean
  /** Timers ring only each so many ms, as in hidden tabs: 1000, or 60000. `Infinity`: never. @default 0 */
  timersEvery: number
  /** A person does something in this tab; with `view`, in that window, which counts where a session watches it. */
  readonly input: (view?: Window) => void
  /** A sign that time may have passed: `'focus'`, `'visibilitychange'`, `'online'`, … */
  readonly hint: (cause: string, restored?: boolean) => void
  /** Somebody opens a prerendered page. */
  readonly activate: () => void
  /** The page is left for another one, and goes into the back/forward cache. */
  readonly leave: () => void
  /** The user comes back to it. False where it was thrown away in the meantime: open a new tab, as a browser loads it anew. */
  readonly comeBack: () => boolean
  /** The tab is closed by the user. */
  readonly close: () => void
  /** The tab is gone without a word. */
  readonly crash: () => void
  /** How many timers are pending. */
  readonly timers: () => number
  /** Whether anybody listens to input. */
  readonly listensToInput: () => boolean
  /** What the library told the developer. */
  readonly reports: unknown[]
  readonly warnings: string[]
  /** Whether the library hid the page, and how often it asked for a reload. */
  readonly page: { hidden: boolean; reloads: number }
}

export interface PageSetup {
  /** False: it is no page, but a server that renders one. @default true */
  readonly hasPage?: boolean
  /** True: the browser renders it, and nobody has opened it yet: see `activate()`. @default false */
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

/** A page's channel and storage events, as the library sees both. */
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

/** The ports of a page: everything that a session on it calls. */
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
      // In this order, in one task, before the first frame.
      page.hint('visibilitychange')
      page.hint('focus')
      const calls = waiting
      waiting = null
      page.hint('prerenderingchange')
      for (const want of calls) want()
    },
    leave() {
      // Firefox keeps no page that holds a lock or waits for one.
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
