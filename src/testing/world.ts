import { customServer } from '../servers/custom.js'
import { memoryTokens } from '../tokens/stores/memory.js'
import { checkOptions } from '../util/arguments.js'
import { milliseconds } from '../util/duration.js'
import type { Duration, TokenSession, SessionEvents, SessionOptions, Snapshot, TokenResponse } from '../types.js'
import { createChannel, type FakeChannel } from './channel.js'
import { createLocks, type FakeLocks } from './locks.js'
import type { Ports } from '../ports/types.js'
import { createPage, type Engine, type Page, type PageSetup } from './page.js'
import { createSessionWith } from './session.js'
import { createServer, type FakeServer, type ServerMethod } from './server.js'
import { createStorage, type FakeStorage } from './storage.js'
import { createTime, type Time } from './time.js'
import { createTokens, type FakeTokens } from './tokens.js'

/** An event of a session, with its name as `type`. */
export type HeardEvent = { [K in keyof SessionEvents]: { readonly type: K } & SessionEvents[K] }[keyof SessionEvents]

/** A page in a tab, with its session. */
export interface Tab extends Page {
  readonly session: TokenSession
  /** The options that the tab was opened with. Give them to `world.tab` for another tab of the same application. */
  readonly options: SessionOptions
  /** All events of the session except `degraded`, which listeners also get late. */
  readonly heard: HeardEvent[]
  readonly degraded: SessionEvents['degraded'][]
  /** Returns the events since the last call, and empties `heard`. */
  readonly takeEvents: () => HeardEvent[]
  readonly phase: () => Snapshot['phase']
  /** The phase that the user sees: `nothing` if the page is gone, left, prerendered, or hidden until it has reloaded. */
  readonly visible: () => Snapshot['phase'] | 'nothing'
}

/** How a tab is opened, besides its options. */
export interface TabSetup extends PageSetup {
  /** The methods of the world's server that the application uses. @default ['refresh', 'signOut'] */
  readonly methods?: readonly ServerMethod[]
}

export interface WorldOptions {
  /** The browser engine that the world imitates. @default 'chromium' */
  readonly engine?: Engine
  /** Returns the ports of a page, made of the world's. @default the world's own */
  readonly ports?: (ports: Ports, page: Page) => Ports
  /** 0 ≤ x < 1. With a generator that has a seed, the world repeats itself. @default () => 0.5 */
  readonly random?: () => number
  /** Resolves when all microtasks have run. @default the next task of the event loop */
  readonly drain?: () => Promise<void>
}

/** Tabs of one origin, with their browser, their server and their time. */
export interface World {
  readonly time: Time
  readonly storage: FakeStorage
  readonly channel: FakeChannel
  readonly locks: FakeLocks
  /** The token store of all tabs, unless a tab's options name another. */
  readonly tokens: FakeTokens
  /** The server of all tabs, unless a tab's options name another. */
  readonly server: FakeServer
  /** Lets time pass while the machine is awake. */
  readonly advance: (span: Duration) => Promise<void>
  /**
   * The machine sleeps: the wall clock goes on and timers stand still. Wake a page by `hint` or `input` afterwards.
   * `monotonicRuns`: `performance.now()` goes on as well, as on Windows.
   */
  readonly sleep: (span: Duration, monotonicRuns?: boolean) => void
  /** The wall clock is set, forward or back, by so many ms. */
  readonly setClock: (by: number) => void
  /** Lets time pass until `promise` settles, and returns its result. Throws after `limit`. @default '30s' */
  readonly until: <T>(promise: Promise<T>, limit?: Duration) => Promise<T>
  /** Opens a page without a session: give its `ports` to `createSessionWith`. */
  readonly page: (setup?: PageSetup) => Page
  /** Opens a tab. */
  readonly tab: (options?: SessionOptions, setup?: TabSetup) => Tab
  /** Opens a tab and signs in with tokens of the world's server. */
  readonly signedIn: (options?: SessionOptions, setup?: TabSetup) => Promise<Tab>
  /** Returns the tokens of a new sign-in at the world's server. */
  readonly grant: () => TokenResponse
}

const DEFAULT_METHODS: readonly ServerMethod[] = ['refresh', 'signOut']
const EVENT_TYPES = ['signedIn', 'warning', 'extended', 'signedOut', 'switched', 'refreshed', 'refreshFailed'] as const

/**
 * Creates a world of tabs without a browser. Time in it passes only when you call `advance` or `until`, and no real time passes.
 * Its members let every part fail. The sessions in its tabs are real sessions.
 *
 * @example A user who is away past the deadline
 * ```ts
 * const world = createWorld()
 * const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
 * await world.advance('13m')
 * console.log(tab.visible()) // 'warning'
 * world.sleep('8h')
 * tab.input()
 * console.log(tab.visible()) // 'signedOut'
 * ```
 */
export function createWorld(options: WorldOptions = {}): World {
  checkOptions('createWorld', options, { engine: 'string', ports: 'function', random: 'function', drain: 'function' })
  const { engine = 'chromium', random = () => 0.5, ports = (own: Ports) => own, drain } = options
  const time = createTime(drain)
  const storage = createStorage(time)
  const channel = createChannel(time)
  const locks = createLocks(time)
  const tokens = createTokens(time)
  const server = createServer(time)
  let tabs = 0
  let ids = 0
  const id = (): string => `session-${String(++ids).padStart(4, '0')}`

  const openPage: World['page'] = (setup = {}) =>
    createPage(`tab ${++tabs}`, { engine, time, storage, channel, locks, random, id, ports }, setup)

  const tab: World['tab'] = (options = {}, { methods = DEFAULT_METHODS, ...setup } = {}) => {
    checkOptions('world.tab', options)
    const page = openPage(setup)
    const all = server.of(page)
    const offered = customServer(Object.fromEntries(methods.map((method) => [method, all[method]])))
    const { tokenStore = 'tokenStore' in options ? memoryTokens() : tokens.of(page) } = options
    const session = createSessionWith(page.ports, { server: offered, ...options, tokenStore })
    const heard: HeardEvent[] = []
    const degraded: SessionEvents['degraded'][] = []
    for (const type of EVENT_TYPES) session.on(type, (event) => heard.push({ type, ...event } as HeardEvent))
    session.on('degraded', (event) => degraded.push(event))
    const phase = (): Snapshot['phase'] => session.getSnapshot().phase
    return Object.assign(page, {
      session,
      options,
      heard,
      degraded,
      takeEvents: () => heard.splice(0),
      phase,
      visible: () => (page.gone || page.cached || page.prerendered || page.page.hidden ? 'nothing' : phase()),
    })
  }

  const advance: World['advance'] = (span) => time.advance(milliseconds(span, 'span'))

  const until: World['until'] = async (promise, limit = '30s') => {
    const state = { done: false }
    const end = (): void => {
      state.done = true
    }
    promise.then(end, end)
    const last = time.clock().mono + milliseconds(limit, 'limit')
    while (!state.done) {
      if (time.clock().mono > last) throw new Error(`Still waiting after ${String(limit)}.`)
      await time.advance(5)
    }
    return promise
  }

  return {
    time,
    storage,
    channel,
    locks,
    tokens,
    server,
    advance,
    sleep(span, monotonicRuns) {
      time.sleep(milliseconds(span, 'span'), monotonicRuns)
    },
    setClock: time.setClock,
    until,
    page: openPage,
    tab,
    async signedIn(...how) {
      const opened = tab(...how)
      await until(opened.session.signIn(server.grant()))
      await advance(10)
      opened.takeEvents()
      return opened
    },
    grant: server.grant,
  }
}
