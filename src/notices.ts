import { isLive, type SharedRecord } from './core/record.js'
import { view, type Happening, type View } from './core/reduce.js'
import type { Policy } from './core/time.js'
import type { Session, SessionEvents, Snapshot } from './types.js'

/** A notice for the application: the name of an event, and the event. */
export type Notice = { [K in keyof SessionEvents]: readonly [K, SessionEvents[K]] }[keyof SessionEvents]

/** The public picture of a record. `now` and the record are shared time, the picture is this device's clock. */
export function pictureOf(
  record: SharedRecord | null,
  policy: Policy,
  now: number,
): ReturnType<Session['getSnapshot']> {
  if (!isLive(record))
    return { phase: 'signedOut', reason: record?.reason ?? null, endedAt: record ? record.endedAt - record.skew : null }
  const { id, skew } = record
  const startedAt = record.startedAt - skew
  const shown = view(record, policy, now)
  if (shown.phase !== 'warning') return { phase: 'active', id, startedAt }
  const { endAt, endsBy, canExtend } = shown
  return { phase: 'warning', id, startedAt, endAt: endAt - skew, endsBy, canExtend }
}

/** Whether two pictures show the same; `startedAt` belongs to the id. */
export function isSamePicture(a: Snapshot, b: Snapshot): boolean {
  const { ...left }: Record<string, unknown> = { ...a, startedAt: 0 }
  const right: Record<string, unknown> = { ...b, startedAt: 0 }
  return Object.keys({ ...left, ...right }).every((key) => left[key] === right[key])
}

/**
 * What to tell the application of one step: from `before`, over `heard` (what other tabs had done by then), to `after`.
 */
export function noticesOf(
  before: SharedRecord | null,
  heard: SharedRecord | null,
  after: SharedRecord | null,
  shownBefore: Snapshot,
  shown: Snapshot,
  shownHeard: View['phase'],
  cause: Happening['type'] | undefined,
): Notice[] {
  const was = isLive(before)
  const is = isLive(after)
  const where = shownHeard === shown.phase && heard?.id === after?.id ? 'elsewhere' : 'here'
  if (was && after && !is) return [['signedOut', { reason: after.reason ?? 'signOut', where }]]
  if (!is) return []
  const { id } = after
  if (!was) return [['signedIn', { id, where }]]
  if (before.id !== id)
    return [where === 'here' ? ['signedIn', { id, where }] : ['switched', { from: before.id, to: id }]]
  const notices: Notice[] = []
  const wasWarned = shownBefore.phase === 'warning'
  if (shown.phase === 'warning') {
    const { endAt, canExtend } = shown
    if (!wasWarned || (shownBefore.canExtend && !canExtend)) notices.push(['warning', { endAt, canExtend }])
  } else if (wasWarned) {
    const byUser = cause === 'extend' || after.extendedAt > before.extendedAt
    const by = byUser ? 'user' : after.serverAt > before.serverAt ? 'server' : 'activity'
    notices.push(['extended', { by, where }])
  }
  if (after.generation > before.generation) notices.push(['refreshed', { generation: after.generation }])
  return notices
}
