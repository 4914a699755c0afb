import { LONGEST_RETRY, type State } from './changes.js'
import { CLOCK_TOLERANCE, drift, type Anchor, type Clock } from './clock.js'
import { isLive, isSameSession, merge, MAX_COUNT, type SharedRecord } from './record.js'

/** Sign-ins in quick succession count `seq` up by one each, so it may be this far ahead of a clock that was never set back, ms. */
const SAME_MOMENT = 100

/**
 * The state after another tab's record and the current time were taken into account. The record is input: it may shorten
 * the session, but an instant that lies in the future would lengthen it and is dropped.
 *
 * @example Five minutes pass, and meanwhile the clock is set back by an hour: the skew grows by that hour, so shared time goes on
 * ```ts
 * const state = { record: { ...live, skew: 0 }, anchor: { shared: 36e5, mono: 0 } }
 * adopt(state, null, { wall: 3e5, mono: 3e5 })
 * // { record: { ...live, skew: 36e5 }, anchor: { shared: 39e5, mono: 3e5, isSkewGuessed: false } }
 * ```
 */
export function adopt(state: State, incoming: SharedRecord | null, { wall, mono }: Clock): State {
  const winner = merge(state.record, incoming)
  if (!winner) return state
  const known = state.record && isSameSession(state.record, winner) ? state.record : null
  const knownSkew = skewOf(winner, known, state.anchor, wall, mono)
  const jump = known ? drift(state.anchor, wall + knownSkew, mono) : 0
  // A clock that was set back raises the skew by the whole difference at once. Raised per reading, it would grow by rounding.
  const skew = Math.round(knownSkew + Math.max(0, -jump))
  const now = wall + skew
  const trusted = incoming && isSameSession(incoming, winner) ? dropFuture(incoming, now) : null
  const record = merge(known, trusted) ?? winner
  return {
    record: { ...record, skew },
    anchor:
      known && !jump
        ? state.anchor
        : { shared: now, mono, isSkewGuessed: !known && skew > winner.skew + CLOCK_TOLERANCE },
  }
}

/**
 * The skew, before {@link adopt} adds what this tab's own clocks show. A session that is new to this tab may be ahead of the
 * clock, one that it knows may have a higher skew than the tab's own clock explains.
 *
 * @param known The same session as this tab knew it; null where the session is new to this tab.
 * @example All tabs were closed, the clock was set back by an hour, and a new tab finds activity an hour ahead
 * ```ts
 * skewOf({ ...live, skew: 0, activeAt: 36e5 }, null, anchor, 0, 0) // 3600000
 * ```
 * @example The clock was set back by an hour: another tab has raised the skew, this tab still reads the old clock
 * ```ts
 * const anchor = { shared: 36e5, mono: 0 }
 * skewOf({ ...live, skew: 36e5 }, { ...live, skew: 0 }, anchor, 36e5 + 5e3, 5e3) // 0
 * ```
 */
function skewOf(winner: SharedRecord, known: SharedRecord | null, anchor: Anchor, wall: number, mono: number): number {
  // While no tab was open, the clock may have been set back. Activity ahead of the clock proves it: shared time goes on there.
  if (!known) return isLive(winner) ? Math.min(MAX_COUNT, Math.max(winner.skew, winner.activeAt - wall)) : winner.skew
  // Other tabs see that the clock was set back, this tab does not yet: with their skew its time would be ahead. Chromium on
  // Windows reads the system's clock once a minute, each process for itself (base/time/time_win.cc).
  const ownNow = wall + known.skew
  const keepsOwnClock =
    winner.skew > known.skew + CLOCK_TOLERANCE &&
    !anchor.isSkewGuessed &&
    !drift(anchor, ownNow, mono) &&
    // Activity ahead of this tab's time disproves its clock: it may have missed that the clock was set forward and back again.
    winner.activeAt <= ownNow + CLOCK_TOLERANCE
  return keepsOwnClock ? known.skew : winner.skew
}

/** The record without instants that lie in the future, which no tab on this device can have written. */
function dropFuture(record: SharedRecord, now: number): SharedRecord {
  const past = (instant: number): number => (instant > now + CLOCK_TOLERANCE ? 0 : instant)
  return {
    ...record,
    startedAt: isLive(record) ? Math.min(record.startedAt, now) : record.startedAt,
    activeAt: past(record.activeAt),
    toldAt: past(record.toldAt),
    askedAt: past(record.askedAt),
    tokenAt: past(record.tokenAt),
    serverAt: past(record.serverAt),
    answeredAt: past(record.answeredAt),
    retryAt: Math.min(record.retryAt, now + LONGEST_RETRY),
  }
}

/** When a session began by this device's clock as it is set now, if the session knows of all changes. */
export const beganAt = ({ startedAt, skew }: SharedRecord): number => startedAt - skew

/**
 * `other`, or null if it must not displace the session `found` in storage, because by this device's clock `other` has not begun yet.
 * Storage was emptied and filled again while a tab slept, and the clock was set back in between. A session that began since then
 * may also have a `seq` ahead of the clock, where it counted on from an earlier session: that one is right. `isKnown`: null only
 * if `other` began earlier than `found` by its own word.
 */
export function unlessAhead(
  other: SharedRecord | null,
  found: SharedRecord | null,
  wall: number,
  isKnown = false,
): SharedRecord | null {
  if (!other || !found || other.id === found.id || found.seq > wall) return other
  // One that knows of more changes of the clock began before them, however far the clock has come since.
  if (other.seq <= wall + SAME_MOMENT && other.skew <= found.skew) return other
  // The end that version 0.1.0 writes does not say when its session began.
  const isEarlier = found.startedAt < Infinity && beganAt(other) <= beganAt(found)
  return (beganAt(other) > wall && !isKnown) || isEarlier ? null : other
}

/**
 * `other`, or null if the session `own` of this tab began since the clock was set back, and `other` counted on from before that.
 * `before`: `own` as this tab knew it before it read its clocks now.
 */
export function unlessBefore(
  other: SharedRecord | null,
  own: SharedRecord | null,
  before: SharedRecord | null,
  wall: number,
): SharedRecord | null {
  // It began before a change that the tab sees only now. Others may have seen more of the change: sleep hides a part.
  const sawLess = !!own && own.skew > (before?.skew ?? 0) && (other?.skew ?? 0) > own.skew
  return sawLess ? other : unlessAhead(other, own, wall, true)
}
