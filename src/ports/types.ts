import type { Clock } from '../core/clock.js'
import type { Lease } from '../types.js'

export type { Clock }

/** Undoes the call that returned it. It may be called twice. */
export type Undo = () => void

/** The two texts that tabs share. `null`: the key is absent. */
export interface Texts {
  readonly record: string | null
  readonly end: string | null
}

/** Storage that all tabs share. Its methods do not throw: a failed read returns `null`, a failed write `false`. */
export interface RecordStore {
  /** Null where storage does not work. */
  readonly read: () => Texts | null
  readonly write: (texts: Partial<Texts>) => boolean
}

export type OpenStorage = (onChange: (key: string) => void, signal: AbortSignal) => () => Storage | null

/** Messages between tabs. They are input, and not trusted. */
export interface Channel {
  /** Whether messages can be posted; the storage event works without. */
  readonly works: boolean
  /** Posts a message to all other tabs, if it can. `{}` is a query: other tabs reply with their record. */
  readonly post: (message: Partial<Texts>) => void
  readonly close: () => void
}

export type OnMessage = (cause: 'storage' | 'channel', message: Partial<Record<keyof Texts, unknown>> | null) => void

/** Options of `watchInput`. */
export interface Watching {
  /** Whether activity is already flagged. Then the cause of another event is not examined. */
  readonly isKnown?: () => boolean
  /** Called when the focus has left a watched window: `isFocusInFrame` may have changed. */
  readonly left?: () => void
  /** The window to watch. @default the page's own */
  readonly view?: Window | undefined
}

export interface InputWatch {
  /** Whether the focus is where the page gets no events: in a frame of another origin, or in a PDF viewer. */
  readonly isFocusInFrame: () => boolean
  /** Whether the page is hidden, so that its timers may fire late. */
  readonly hidden: () => boolean
  /** Whether the user was active in this page or in a frame of it within the last seconds. */
  readonly isUserActive: () => boolean
  readonly stop: () => void
}

/** Keeps the user from seeing a page that is out of date. */
export interface Page {
  readonly hide: () => void
  readonly reload: () => void
}

/** Everything outside the library that a session in one tab uses. */
export interface Ports {
  /** False on a server: then no other member is used. */
  readonly hasPage: boolean
  /** Whether the browser renders this page before the user opens it. When they do, `onWake` reports `prerenderingchange`. */
  readonly prerendering: () => boolean
  /** Both clocks, ms. */
  readonly clock: () => Clock
  /** The wall clock alone, read at each input event: in Chromium that takes a tenth of the time of both. */
  readonly wallNow: () => number
  /** Calls once, after `ms` or later; any length is allowed. */
  readonly after: (ms: number, callback: () => void) => Undo
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** A new id that is unique and cannot be guessed. */
  readonly id: () => string
  /** False if the browser says that no request can succeed. */
  readonly online: () => boolean
  readonly openRecordStore: (name: string) => RecordStore
  readonly openChannel: (name: string, onMessage: OnMessage) => Channel
  /**
   * Runs `work` while no other tab runs any under this name, and returns its result. Rejects with `timeout` if the lock is not
   * granted within `wait` ms (with a wait of 0: if it is not free now), or if `signal` aborts first. `hold`: how long the work may
   * take, by default 14.8 s; without Web Locks another tab goes ahead after that. `isLost`: whether the browser has taken the lock
   * away since. Only servers and token stores need locks. @default the browser's locks
   */
  readonly withLock?: <T>(
    name: string,
    turn: {
      readonly wait: number
      readonly hold?: number
      readonly signal: AbortSignal
      readonly lease?: Lease | undefined
    },
    work: (isLost?: () => boolean) => Promise<T>,
    degraded: () => void,
  ) => Promise<T>
  /**
   * `localStorage`, key by key. What this returns gives it; it throws or gives null where the browser denies it. `onChange` is called at each
   * storage event, with its key. @default the browser's
   */
  readonly openStorage?: OpenStorage
  /** The Web Locks of this page; undefined where it has none, as on plain http. @default navigator.locks */
  readonly locks?: () => Pick<LockManager, 'request'> | undefined
  /** Calls `hint` at each event after which time may have passed. `restored`: the page comes from the back/forward cache. */
  readonly onWake: (hint: (cause: string, restored: boolean) => void) => Undo
  /** Calls `onUserInput` at each input event of the user. It must be fast. */
  readonly watchInput: (onUserInput: () => void, options?: Watching) => InputWatch
  readonly page: Page
  /** Reports an error that the application's own code threw. */
  readonly report: (error: unknown) => void
  readonly warn: (message: string) => void
}
