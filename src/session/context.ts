import type { SharedRecord } from '../core/record.js'
import type { Change } from '../core/changes.js'
import type { Reach } from './network.js'
import type { SessionEvents, TokenResponse } from '../types.js'

/** What the parts of a session need of the whole. */
export interface Host {
  /** The record as of now, settled. Throws `signed_out` where no session lives, or another than `id`. @default cause 'look' */
  readonly live: (id?: string, cause?: string) => SharedRecord
  /** The same, also after `destroy()`: for what was on its way then. */
  readonly latest: (id: string) => SharedRecord
  /** The same, or null. */
  readonly current: () => SharedRecord | null
  /** The record of the last session where that is over, or null. */
  readonly lastEnded: () => SharedRecord | null
  /** Whether the last session, alive or not, began with this login; throws where this tab is done. */
  readonly knows: (login: string) => boolean
  /** Whether this tab is done with the session, by `destroy()`. */
  readonly isClosed: () => boolean
  /** Waits while the phase is `loading`: null where it is known. */
  readonly loading: () => Promise<unknown> | null
  /** Waits in a prerendered page until somebody opens it, and the phase is known; null where somebody has. */
  readonly opening: () => Promise<unknown> | null
  /** Shared time. */
  readonly now: () => number
  /** Aborts when the session that lives now ends, or this tab is done with it. */
  readonly signal: () => AbortSignal
  /** Aborts when the session that lives now ends. */
  readonly ended: () => AbortSignal
  /** Lets something happen to session `id`, and to no other; in a prerendered page nothing happens. `quiet`: listeners are told when the lock is free again. */
  readonly step: (cause: string, id: string, change: Change, quiet?: boolean) => void
  /** Looks at the clock and at what other tabs did. */
  readonly look: () => void
  /** Asks the other tabs what they know: that may be what nobody could write. */
  readonly ask: () => void
  /** Begins a session, listeners are told when the lock is free again. */
  readonly begin: (known: Partial<SharedRecord>) => void
  /** The server has heard that session `id` is over. */
  readonly endSent: (id: string) => void
  /** Removes the tokens of a session that is over, and revokes them if nobody has; or those `given`, where none are left. */
  readonly wipe: (id: string, given?: TokenResponse | null) => Promise<void>
  readonly reach: Reach
  readonly tell: (type: string, value: unknown) => void
  readonly degraded: (feature: SessionEvents['degraded']['feature'], consequence: string) => void
  /** Runs `work` in one tab at a time, once the page is opened; with a wait of 0, only if no other does now. `isLost`: the browser took the turn away. */
  readonly exclusive: <T>(wait: number, work: (isLost?: () => boolean) => Promise<T>) => Promise<T>
}
