import type { Clock } from '../core/clock.js'

export type { Clock }

/** Undoes what gave it; may be called twice. */
export type Undo = () => void

/** The two texts that tabs share. `null`: the key is not there. */
export interface Texts {
  readonly record: string | null
  readonly end: string | null
}

/** Storage that all tabs see. Nothing here throws: what cannot be read is `null`, what cannot be written is `false`. */
export interface RecordStore {
  /** Null where storage does not work. */
  readonly read: () => Texts | null
  readonly write: (texts: Partial<Texts>) => boolean
}

/** How tabs hear of each other. What is heard is not to be trusted. */
export interface Channel {
  /** Whether there is a channel; the storage event needs none. */
  readonly works: boolean
  /** Says something to all other tabs at once, where there is a channel. An empty message asks them what they know. */
  readonly post: (message: Partial<Texts>) => void
  readonly close: () => void
}

export type OnMessage = (cause: 'storage' | 'channel', message: Partial<Record<keyof Texts, unknown>> | null) => void

/** What else is to be known of input in one window. */
export interface Watching {
  /** Whether one more sign of a person would say nothing new now. Asked before the cause of an event is looked into. */
  readonly isKnown?: () => boolean
  /** Calls back when the focus has left a window that is watched: `framed` may have changed. */
  readonly left?: () => void
  /** @default the page's own */
  readonly view?: Window | undefined
}

export interface InputWatch {
  /** Whether the user's focus is where this page sees nothing: inside another origin's frame, or a PDF viewer. */
  readonly isFocusInFrame: () => boolean
  /** Whether the page is hidden, and its timers may ring late. */
  readonly hidden: () => boolean
  /** Whether the user was active in this page or in a frame of it within the last seconds. */
  readonly isUserActive: () => boolean
  readonly stop: () => void
}

/** How a page that is out of date is kept from being seen. */
export interface Page {
  readonly hide: () => void
  readonly reload: () => void
}

/** The world of one tab. A session touches nothing else. */
export interface Ports {
  /** False on a server: nothing else is then called. */
  readonly hasPage: boolean
  /** Whether the browser renders this page before anybody has opened it. When somebody does, `wake` hints `prerenderingchange`. */
  readonly prerendering: () => boolean
  /** Both clocks, ms. */
  readonly clock: () => Clock
  /** The wall clock alone, which costs a tenth of both in Chromium: it is read at each input. */
  readonly wallNow: () => number
  /** Calls once, after `ms` or later; any length is allowed. */
  readonly after: (ms: number, callback: () => void) => Undo
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** A new id that nobody can guess or repeat. */
  readonly id: () => string
  /** False where it is certain that no request can succeed. */
  readonly online: () => boolean
  readonly openRecordStore: (name: string) => RecordStore
  readonly openChannel: (name: string, heard: OnMessage) => Channel
  /**
   * Runs `work` while no other tab runs any under this name, and returns what it returns. Rejects with `timeout`
   * where its turn did not come within `wait` ms (with a wait of 0: where it is not free now), or `signal` came first. `hold`:
   * how long the work may take; where there is no lock of the browser's, another tab then goes ahead. @default 14.8 s
   * `isLost`: whether the browser has taken the turn away since. Only servers and token stores need it. @default the browser's locks
   */
  readonly withLock?: <T>(
    name: string,
    turn: { readonly wait: number; readonly hold?: number; readonly signal: AbortSignal },
    work: (isLost?: () => boolean) => Promise<T>,
    degraded: () => void,
  ) => Promise<T>
  /** Calls back at each sign that time may have passed. `restored`: the page comes from the back/forward cache. */
  readonly onWake: (hint: (cause: string, restored: boolean) => void) => Undo
  /** Calls back at each sign of a person. The callback must cost next to nothing. */
  readonly watchInput: (seen: () => void, more?: Watching) => InputWatch
  readonly page: Page
  /** Tells the developer of a mistake in his code. */
  readonly report: (error: unknown) => void
  readonly warn: (message: string) => void
}
