import { createRecord, isLive, isSameSession, merge, MAX_COUNT, type SharedRecord } from './record.js'
import {
  drift,
  deadlines,
  policyFor,
  sharedNow,
  activeWarning,
  type Anchor,
  type Clock,
  type Config,
} from './deadlines.js'
import type { EndReason } from './snapshot.js'

/** What one tab knows: the shared record, and its own anchor between the clocks. */
export interface State {
  readonly record: SharedRecord | null
  readonly anchor: Anchor
}

/** Of tokens the record says only how often they were refreshed and how long they live, never what they are. */
export type TokenTimes = Pick<
  SharedRecord,
  'generation' | 'tokenAt' | 'tokenExpiresAt' | 'refreshEndsAt' | 'grantEndsAt' | 'unstored'
>

/** Something that happens to a live session, at shared time `now`: what it adds to the record, by merging. */
export type Change = (record: SharedRecord, now: number) => Partial<SharedRecord> | false

/** Nobody is made to wait longer, whatever storage or a server says. */
export const LONGEST_RETRY = 36e5
/** Sign-ins that follow each other at once count on: their numbers are a little ahead of the clock, which nobody has set back. */
const SAME_MOMENT = 100
/** How far ahead of us another tab's instants may be. More is no clock of this machine. */
const CLOCK_TOLERANCE = 2e3

/**
 * Takes in what other tabs wrote or said, and the time. What comes from outside may shorten the session; an instant
 * that lies ahead of us would lengthen it, so it is not believed.
 */
export function adopt(state: State, incoming: SharedRecord | null, { wall, mono }: Clock): State {
  const known = state.record
  const winner = merge(known, incoming)
  if (!winner) return { record: null, anchor: { shared: wall, mono } }
  const same = !!known && isSameSession(known, winner)
  // With no tab alive the clock may have been set back: then the record is ahead of us, and we go to meet it, once.
  // A tab whose own clock has not been set back does not follow those whose was: Chromium on Windows learns of the new
  // time within a minute, each process for itself.
  const own =
    same &&
    winner.skew > known.skew + CLOCK_TOLERANCE &&
    !state.anchor.guessed &&
    !drift(state.anchor, wall + known.skew, mono) &&
    // Unless they are ahead of us: a clock that was set forward and back again may have gone by unnoticed here.
    winner.activeAt <= wall + known.skew + CLOCK_TOLERANCE
  const met = own
    ? known.skew
    : same || !isLive(winner)
      ? winner.skew
      : Math.min(MAX_COUNT, Math.max(winner.skew, winner.activeAt - wall))
  const off = same ? drift(state.anchor, wall + met, mono) : 0
  // Raised by the whole difference at once, never per sample: rounding would ratchet.
  const skew = Math.round(met + Math.max(0, -off))
  const now = wall + skew
  const heard = incoming && isSameSession(incoming, winner) ? dropFuture(incoming, now) : null
  const record = merge(same ? known : null, heard) ?? winner
  return {
    record: { ...record, skew },
    anchor: same && !off ? state.anchor : { shared: now, mono, guessed: !same && skew > winner.skew + CLOCK_TOLERANCE },
  }
}

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
    retryAt: Math.min(record.retryAt, now + LONGEST_RETRY),
  }
}

/** Past its deadline a session has ended, at the deadline: so all tabs write the same, and nothing revives it. */
export function settle(record: SharedRecord | null, policy: Config, now: number): SharedRecord | null {
  if (!isLive(record)) return record
  const [{ at, reason }] = deadlines(record, policy)
  return now < at ? record : { ...record, endedAt: at, reason }
}

/**
 * `other`, or null where it says nothing beside the session that was found in storage: it began later than it is now. Storage was
 * emptied and filled again while a tab slept, and the clock was set back in between. One that began since then, and counted on
 * from a session of before, is ahead in number alone. `isKnown`: null only if `other` knows itself that it began earlier.
 */
export function unlessAhead(
  other: SharedRecord | null,
  found: SharedRecord | null,
  { wall }: Clock,
  isKnown = false,
): SharedRecord | null {
  if (other && found && other.id !== found.id && other.seq > wall + SAME_MOMENT && found.seq <= wall) {
    // By the clock of this device, as it is set now if the session knows of that.
    const beganAt = other.startedAt - other.skew
    if ((beganAt > wall && !isKnown) || beganAt <= found.startedAt - found.skew) return null
  }
  return other
}

/**
 * One step: settle, let the change happen if the session still lives, settle again (it may leave no time at all).
 *
 * @param now Shared time at which the change happened, or was due: what comes late is not too late for that.
 */
export function reduce(
  { record, anchor }: State,
  change: Change | null,
  clock: Clock,
  policy: Config,
  now: number = sharedNow(record, clock),
): State {
  const before = settle(record, policy, now)
  const added = isLive(before) && change?.(before, now)
  if (!added) return { record: before, anchor }
  const { id, seq } = before
  return { record: settle(merge(before, createRecord({ id, seq, ...added })), policy, now), anchor }
}

/**
 * A new session, in place of whatever there is. Shared time goes on, unless its skew is so large that it leaves no room to grow:
 * such a one was planted, and ends with its session.
 */
export function begin({ record }: State, how: Partial<SharedRecord>, clock: Clock): State {
  const known = record ?? { seq: 0, skew: 0 }
  const skew = known.skew < MAX_COUNT / 2 ? known.skew : 0
  const now = clock.wall + skew
  const seq = Math.max(known.seq + 1, clock.wall)
  return {
    record: createRecord({ seq, skew, startedAt: now, activeAt: now, toldAt: now, ...how }),
    anchor: { shared: now, mono: clock.mono },
  }
}

/** The server has heard that session `id` is over. */
export function endSent({ record, anchor }: State, id: string, clock: Clock): State {
  if (record?.id !== id || isLive(record)) return { record, anchor }
  return { record: { ...record, endSentAt: Math.max(record.endSentAt, sharedNow(record, clock)) }, anchor }
}

/**
 * Ordinary activity. A warning that can be answered ignores it unless the policy says otherwise;
 * one that cannot ignores nothing, or an active user would run into the idle end behind it.
 */
export const activity =
  (policy: Config): Change =>
  (record, activeAt) =>
    (policy.activityExtends || activeWarning(record, policy, activeAt)?.by !== 'idle') && { activeAt }

/** "Stay signed in", or work that goes on: counts even while warned. */
export const extension: Change = (_record, activeAt) => ({ activeAt })

export const ending =
  (reason: EndReason): Change =>
  (_record, endedAt) => ({ endedAt, reason })

/** Limits of this tab, or of a sign-in, that are shorter than those of the session so far. */
export const shortening =
  ({ idleTimeout, absoluteTimeout }: Pick<SharedRecord, 'idleTimeout' | 'absoluteTimeout'>): Change =>
  (record) =>
    (idleTimeout < record.idleTimeout || absoluteTimeout < record.absoluteTimeout) && { idleTimeout, absoluteTimeout }

/** A refresh failed: nobody tries again before `retryAt`. */
export const failure =
  (retryAt: number): Change =>
  ({ generation, failures }, now) => ({
    generation,
    failures: failures + 1,
    retryAt: Math.min(retryAt, now + LONGEST_RETRY),
  })

/**
 * What a server answered: ms left, undefined where it did not say. `told`: the request itself counted as activity there. What it
 * says is true of some moment while it was asked, which takes `requestTimeout` at most.
 */
export const serverReply =
  (policy: Config, sentAt: number, told: boolean, idle?: number, absolute?: number): Change =>
  (record) => {
    const { toldAt, serverAt, serverIdleEndsAt, serverAbsoluteEndsAt } = record
    const { idleTimeout } = policyFor(record, policy)
    // More idle time than we knew of is activity elsewhere, which the server need not be told of again. What we told it
    // ourselves is none; and where its time is longer than ours from the start, nothing can be learned from that.
    const wasTold = serverIdleEndsAt < Infinity
    const isMore =
      idle !== undefined && (wasTold ? sentAt + idle > serverIdleEndsAt + policy.requestTimeout : idle <= idleTimeout)
    // As long after its last word, at the latest, as its end is later than it said.
    const later = isMore && wasTold ? serverAt + sentAt + idle - serverIdleEndsAt : Infinity
    const inferred = isMore && !told ? Math.min(sentAt + idle - idleTimeout, sentAt - 1, later) : 0
    const seenAt = inferred > toldAt + CLOCK_TOLERANCE ? inferred : 0
    return {
      activeAt: seenAt,
      toldAt: seenAt,
      serverAt: sentAt,
      serverIdleEndsAt: idle === undefined ? (told ? Infinity : serverIdleEndsAt) : sentAt + idle,
      serverAbsoluteEndsAt: absolute === undefined ? serverAbsoluteEndsAt : sentAt + absolute,
    }
  }
