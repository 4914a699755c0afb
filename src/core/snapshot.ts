import { isLive, type SharedRecord } from './record.js'
import { warnedOf, type Policy } from './deadlines.js'
import type { SessionError } from '../errors.js'

/** Why a session is over. `wiped`: its record, or its tokens, vanished from storage. (One that is replaced is told as `switched`.) */
export type EndReason = 'signOut' | 'idle' | 'absolute' | 'rejected' | 'wiped'

/**
 * An immutable picture of the session for rendering. A new object appears when the phase or the id changes and, while warned,
 * when the end moves; never for mere activity. It does not read the clock: `check()` does.
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

/** What `session.on` reports. */
export interface SessionEvents {
  signedIn: { id: string; where: 'here' | 'elsewhere' }
  /** The warning phase began, or became one that cannot be extended. */
  warning: { endAt: number; canExtend: boolean }
  /** The warning phase ended without an end of the session. `where` is the tab in which it happened. */
  extended: { by: 'user' | 'activity' | 'server'; where: 'here' | 'elsewhere' }
  signedOut: { reason: EndReason; where: 'here' | 'elsewhere' }
  /** Another sign-in replaced the session while this tab was open: another user may be signed in now. */
  switched: { from: string; to: string }
  refreshed: { generation: number }
  refreshFailed: { error: SessionError; retryAt: number | null }
  /** A browser feature is missing or broken; the session goes on with less. Told to late listeners as well. */
  degraded: { feature: 'storage' | 'channel' | 'locks' | 'tokenStore' | 'dpop'; consequence: string }
}

/** An event for the application: its name, and what it says. */
export type Notice = { [K in keyof SessionEvents]: readonly [K, SessionEvents[K]] }[keyof SessionEvents]

const REASONS: readonly string[] = ['signOut', 'idle', 'absolute', 'rejected', 'wiped']

/** What is shown of a record at shared time `now`, by this device's clock. */
export function pictureOf(record: SharedRecord | null, policy: Policy, now: number): Snapshot {
  if (!record) return { phase: 'signedOut', reason: null, endedAt: null }
  const { id, skew, reason, endedAt } = record
  // A reason of a newer version still ends the session.
  if (!isLive(record)) {
    const known = REASONS.includes(reason) ? (reason as EndReason) : 'signOut'
    return { phase: 'signedOut', reason: known, endedAt: endedAt - skew }
  }
  const startedAt = record.startedAt - skew
  const end = warnedOf(record, policy, now)
  if (!end) return { phase: 'active', id, startedAt }
  const { at, by } = end
  return { phase: 'warning', id, startedAt, endAt: at - skew, endsBy: by, canExtend: by === 'idle' }
}

/** `startedAt` belongs to the id: it moves only with this device's clock. */
export const isSamePicture = (a: Snapshot, b: Snapshot): boolean =>
  JSON.stringify({ ...a, startedAt: 0 }) === JSON.stringify({ ...b, startedAt: 0 })

/** What to tell of a step from one record and its picture to the next; `heard`: what was to be seen before this tab acted. */
export function noticesOf(
  before: SharedRecord | null,
  after: SharedRecord | null,
  was: Snapshot,
  heard: Snapshot,
  is: Snapshot,
  cause: string,
  policy: Policy,
): Notice[] {
  const notices: Notice[] = []
  const where = isSamePicture(heard, is) ? 'elsewhere' : 'here'
  if (is.phase === 'signedOut') {
    if (isLive(before) && is.reason) notices.push(['signedOut', { reason: is.reason, where }])
  } else if (is.phase !== 'loading' && after) {
    const { id } = is
    if (!isLive(before)) notices.push(['signedIn', { id, where }])
    else if (before.id !== id)
      notices.push(where === 'here' ? ['signedIn', { id, where }] : ['switched', { from: before.id, to: id }])
    else {
      if (after.generation > before.generation) notices.push(['refreshed', { generation: after.generation }])
      if (is.phase === 'active' && was.phase === 'warning') {
        const byServer = after.serverAt > before.serverAt && after.activeAt < after.serverAt
        const byUser = cause === 'extend' || (where === 'elsewhere' && !policy.activityExtends)
        notices.push(['extended', { by: byUser && !byServer ? 'user' : byServer ? 'server' : 'activity', where }])
      }
    }
    if (is.phase === 'warning' && (was.phase !== 'warning' || was.id !== id || (was.canExtend && !is.canExtend)))
      notices.push(['warning', { endAt: is.endAt, canExtend: is.canExtend }])
  }
  return notices
}
