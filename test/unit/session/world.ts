import type { Ports } from '../../../src/ports/types.js'
import { createSessionWith } from '../../../src/session.js'
import type { Session, SessionEvents, SessionOptions, SessionServer, TokenResponse } from '../../../src/types.js'
import { createBoard, type Board, type Listener } from './world/board.js'
import { createLocks, type Locks } from './world/lock.js'
import { createServer, type FakeServer, type Method } from './world/server.js'
import { createTime, type Time } from './world/time.js'
import { createTokenPlace, type TokenPlace } from './world/tokens.js'

export { START } from './world/time.js'
export const SECOND = 1e3
export const MINUTE = 6e4
export const HOUR = 36e5
/** Where the record of a session with the default name lies. */
export const KEY = 'sojourn:session:1'

/** An event as a listener got it, with its name. */
export type Heard = { [K in keyof SessionEvents]: { readonly type: K } & SessionEvents[K] }[keyof SessionEvents]

export interface Tab extends Listener {
  readonly session: Session
  readonly ports: Ports
  /** All that the session told, but for `degraded`, which comes late. */
  readonly heard: Heard[]
  readonly degraded: SessionEvents['degraded'][]
  /** Takes what was heard since the last call. */
  readonly news: () => Heard[]
  readonly phase: () => string
  /** A person does something in this tab. */
  readonly input: () => void
  /** A sign that time may have passed. */
  readonly hint: (cause: string, restored?: boolean) => void
  /** The tab is gone without a word: a crash, or the end of the process. */
  readonly crash: () => void
  online: boolean
  /** Whether the focus is in another origin's frame, and whether the user was active there. */
  framed: boolean
  activated: boolean
  /** Timers that are pending now. */
  readonly timers: () => number
  /** Whether input is listened to. */
  readonly listens: () => boolean
  readonly reports: unknown[]
  readonly warnings: string[]
  readonly page: { hidden: boolean; reloads: number }
}

export interface World {
  readonly time: Time
  readonly board: Board
  readonly locks: Locks
  readonly tokens: TokenPlace
  readonly server: FakeServer
  readonly advance: (ms: number) => Promise<void>
  /** Opens a tab. Its store and server are the world's unless the options say otherwise. */
  readonly tab: (
    options?: SessionOptions,
    more?: { readonly methods?: readonly Method[]; readonly alive?: boolean },
  ) => Tab
  /** Opens a tab and signs in with tokens of the world's server. */
  readonly signedIn: (...tab: Parameters<World['tab']>) => Promise<Tab>
  readonly grant: () => TokenResponse
  /** The record as it lies in storage. */
  readonly record: () => Record<string, unknown>
  /** Waits for `promise` while time passes, at most `ms`. */
  readonly until: <T>(promise: Promise<T>, ms?: number) => Promise<T>
}

const USUAL: readonly Method[] = ['refresh', 'signOut']
const TYPES = ['signedIn', 'warning', 'extended', 'signedOut', 'switched', 'refreshed', 'refreshFailed'] as const

/** What becomes of a promise, for tests that let time pass themselves: its value, or the code of its error. */
export const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error as { code?: unknown }).code ?? error)

/** A world of tabs without a browser: nothing in it happens by itself, and everything can go wrong. */
export function createWorld(): World {
  const time = createTime()
  const board = createBoard(time)
  const locks = createLocks(time)
  const tokens = createTokenPlace(time)
  const server = createServer(time)
  let tabs = 0
  let ids = 0

  const tab: World['tab'] = (options = {}, { methods = USUAL, alive = true } = {}) => {
    const pending = new Set<object>()
    let seen: (() => void) | null = null
    let hint: Parameters<Ports['wake']>[0] | null = null
    const page = { hidden: false, reloads: 0 }
    const reports: unknown[] = []
    const warnings: string[] = []
    const heard: Heard[] = []
    const degraded: SessionEvents['degraded'][] = []
    const listener: Listener = { name: `tab ${++tabs}`, frozen: false, gone: false }

    const ports: Ports = {
      alive,
      clock: time.clock,
      after(ms, callback) {
        const timer = {}
        pending.add(timer)
        const cancel = time.later(me, ms, () => {
          pending.delete(timer)
          callback()
        })
        return () => {
          pending.delete(timer)
          cancel()
        }
      },
      random: () => 0.5,
      id: () => `session-${String(++ids).padStart(4, '0')}`,
      online: () => me.online,
      records: (name) => board.records(me, name),
      tabs: (name, onHeard) => board.open(me, name, onHeard),
      exclusive: (...call) => locks.of(me)(...call),
      wake(callback) {
        hint = callback
        return () => (hint = null)
      },
      activity(callback) {
        seen = callback
        return { framed: () => me.framed, activated: () => me.activated, stop: () => (seen = null) }
      },
      page: {
        hide: () => (page.hidden = true),
        reload: () => page.reloads++,
      },
      report: (error) => reports.push(error),
      warn: (message) => warnings.push(message),
    }

    const me: Tab = Object.assign(listener, {
      online: true,
      framed: false,
      activated: false,
      ports,
      heard,
      degraded,
      reports,
      warnings,
      page,
      news: () => heard.splice(0),
      phase: () => me.session.getSnapshot().phase,
      input: () => seen?.(),
      hint: (cause: string, restored = false) => hint?.(cause, restored),
      crash() {
        me.gone = true
        locks.release(me)
      },
      timers: () => pending.size,
      listens: () => !!seen,
      session: undefined as never,
    })
    const all = server.of(me)
    const offered: SessionServer = Object.fromEntries(methods.map((method) => [method, all[method]]))
    const session = createSessionWith(ports, { tokenStore: tokens.of(me), server: offered, ...options })
    for (const type of TYPES) session.on(type, (event) => heard.push({ type, ...event } as Heard))
    session.on('degraded', (event) => degraded.push(event))
    return Object.assign(me, { session })
  }

  const until: World['until'] = async (promise, ms = 30e3) => {
    const state = { done: false }
    const end = (): void => {
      state.done = true
    }
    promise.then(end, end)
    const limit = time.clock().mono + ms
    while (!state.done) {
      if (time.clock().mono > limit) throw new Error(`still waiting after ${ms} ms`)
      await time.advance(5)
    }
    return promise
  }

  return {
    time,
    board,
    locks,
    tokens,
    server,
    advance: time.advance,
    tab,
    async signedIn(...how) {
      const opened = tab(...how)
      await until(opened.session.signIn(server.grant()))
      await time.advance(10)
      opened.news()
      return opened
    },
    grant: server.grant,
    record: () => JSON.parse(board.stored.get(KEY) ?? 'null') as Record<string, unknown>,
    until,
  }
}
