import { isLive, type SharedRecord } from './record.js'
import { activeWarning, type Config } from './deadlines.js'
import type { SessionError } from '../errors.js'

/** Every reason for which a session can end. The type follows from it, and so does the check of what storage says. */
const END_REASONS = ['signOut', 'idle', 'absolute', 'rejected', 'wiped'] as const

/** Why a session ended. `wiped`: its record, or its tokens, vanished from storage. (A session that is replaced ends with the event `switched`.) */
export type EndReason = (typeof END_REASONS)[number]

const isEndReason = (reason: string): reason is EndReason => (END_REASONS as readonly string[]).includes(reason)

/**
 * The session as an immutable object, for rendering. A new object appears when the phase or the id changes and, while warned,
 * when the end moves; never for mere activity. Reading it does not read the clock: `check()` does.
 */
export type Snapshot =
  | { readonly phase: 'loading' }
  | { readonly phase: 'signedOut'; readonly reason: EndReason | null; readonly endedAt: number | null }
  | { readonly phase: 'active'; readonly id: string; readonly startedAt: number }
  | {
      readonly phase: 'warning'
      readonly id: string
      readonly startedAt: number
      readonly endAt: number
      /** An `absolute` end, or a server's, cannot be extended. */
      readonly endsBy: 'idle' | 'absolute' | 'server'
      readonly canExtend: boolean
    }

/** The events of `session.on`, by name. */
export interface SessionEvents {
  /** A session began, in this tab or in another. A page that finds one when it loads gets no event. */
  signedIn: { id: string; where: 'here' | 'elsewhere' }
  /** The warning phase began, or became one that cannot be extended. */
  warning: { endAt: number; canExtend: boolean }
  /** The warning phase ended without an end of the session. `where` is the tab in which it happened. */
  extended: { by: 'user' | 'activity' | 'server'; where: 'here' | 'elsewhere' }
  /** The session ended. `where`: `'elsewhere'` if another tab had ended it by then. One that is replaced ends with `switched`. */
  signedOut: { reason: EndReason; where: 'here' | 'elsewhere' }
  /** Another sign-in replaced the session while this tab was open: another user may be signed in now. */
  switched: { from: string; to: string }
  /** There are newer tokens, of a refresh or of `setTokens()`: in whichever tab, or with tokens in memory in this one. */
  refreshed: { generation: number }
  /**
   * A refresh that this tab made failed for now, and the session goes on. `retryAt`: nobody asks the server before, epoch ms; null where
   * nothing holds the next call back.
   */
  refreshFailed: { error: SessionError; retryAt: number | null }
  /**
   * A browser feature is missing or broken; the session goes on with less. Listeners that are added later get it as well.
   * `consequence` says in the development build what follows; in the production build it is the feature's name.
   */
  degraded: { feature: 'storage' | 'channel' | 'locks' | 'tokenStore' | 'dpop'; consequence: string }
}

/** An event for the application: its name and its data. */
export type SessionEvent = { [K in keyof SessionEvents]: readonly [K, SessionEvents[K]] }[keyof SessionEvents]

/** A snapshot of what is known. */
export type KnownSnapshot = Exclude<Snapshot, { readonly phase: 'loading' }>

/** The snapshot of a record at shared time `now`. Its instants are by this device's clock. */
export function snapshotOf(record: SharedRecord | null, config: Config, now: number): KnownSnapshot {
  if (!record) return { phase: 'signedOut', reason: null, endedAt: null }
  const { id, skew, reason, endedAt } = record
  // A reason of a newer version still ends the session.
  if (!isLive(record)) {
    return { phase: 'signedOut', reason: isEndReason(reason) ? reason : 'signOut', endedAt: endedAt - skew }
  }
  const startedAt = record.startedAt - skew
  const end = activeWarning(record, config, now)
  if (!end) return { phase: 'active', id, startedAt }
  const { at, by } = end
  return { phase: 'warning', id, startedAt, endAt: at - skew, endsBy: by, canExtend: by === 'idle' }
}

/** Whether two snapshots show the same. `startedAt` does not count: for one session it moves only with this device's clock. */
export const isSameSnapshot = (a: Snapshot, b: Snapshot): boolean =>
  JSON.stringify({ ...a, startedAt: 0 }) === JSON.stringify({ ...b, startedAt: 0 })

/** One step, as its events see it. */
export interface StepResult {
  readonly before: SharedRecord | null
  readonly after: SharedRecord | null
  /** The snapshot before the step, the one of the record that this tab `found` in it, and the one after it. */
  readonly previous: Snapshot
  readonly found: Snapshot
  readonly next: KnownSnapshot
  readonly cause: string
  readonly config: Config
}

/**
 * The events of one step. `where` is `'elsewhere'` if what this tab found already showed all of it.
 *
 * @example Another tab signed out: this tab found the end, and added nothing
 * ```ts
 * eventsOf({ before: live, after: ended, previous: active, found: signedOut, next: signedOut, cause: 'storage', config })
 * // [['signedOut', { reason: 'signOut', where: 'elsewhere' }]]
 * ```
 */
export function eventsOf({ before, after, previous, found, next, cause, config }: StepResult): SessionEvent[] {
  const where = isSameSnapshot(found, next) ? 'elsewhere' : 'here'
  if (next.phase === 'signedOut')
    return isLive(before) && next.reason ? [['signedOut', { reason: next.reason, where }]] : []
  const events: SessionEvent[] = []
  const { id } = next
  // Activity of this tab may show at once in a session that began in another.
  const isFound = (found as { readonly id?: string }).id === id
  if (!isLive(before) || !after) events.push(['signedIn', { id, where: isFound ? 'elsewhere' : 'here' }])
  else if (before.id !== id)
    events.push(isFound ? ['switched', { from: before.id, to: id }] : ['signedIn', { id, where }])
  else {
    const { generation } = after
    if (generation > before.generation) events.push(['refreshed', { generation }])
    // The warning ended and the session did not.
    if (next.phase === 'active' && previous.phase === 'warning') {
      const isByServer = after.serverAt > before.serverAt && after.activeAt < after.serverAt
      // In another tab activity extends only if the options say so: else it was the user's answer.
      const isByUser = cause === 'extend' || (where === 'elsewhere' && !config.activityExtends)
      events.push(['extended', { by: isByServer ? 'server' : isByUser ? 'user' : 'activity', where }])
    }
  }
  if (next.phase === 'warning') {
    const { endAt, canExtend } = next
    // It began, or became one that cannot be answered.
    if (previous.phase !== 'warning' || previous.id !== id || (previous.canExtend && !canExtend))
      events.push(['warning', { endAt, canExtend }])
  }
  return events
}
