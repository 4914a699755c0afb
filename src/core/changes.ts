import { CLOCK_TOLERANCE, sharedNow, type Anchor, type Clock } from './clock.js'
import { activeWarning, configFor, deadlines, type Config } from './deadlines.js'
import { createRecord, isLive, merge, MAX_COUNT, type SharedRecord } from './record.js'
import type { EndReason } from './snapshot.js'

/** The session as one tab knows it: the shared record, and the tab's own anchor between its two clocks. */
export interface State {
  readonly record: SharedRecord | null
  readonly anchor: Anchor
}

/** What the record says of the tokens: how often they were refreshed and how long they are valid, never what they are. */
export type TokenTimes = Pick<
  SharedRecord,
  'generation' | 'tokenAt' | 'tokenExpiresAt' | 'refreshEndsAt' | 'grantEndsAt' | 'unstored' | 'login'
>

/** Something that happens to a live session at shared time `now`. It returns what is merged into the record, or false. */
export type Change = (record: SharedRecord, now: number) => Partial<SharedRecord> | false

/** The longest back-off, ms, whatever storage or a server says. */
export const LONGEST_RETRY = 36e5

/** Ends a session that is past its deadline, at that deadline: all tabs write the same end, and later activity cannot undo it. */
export function settle(record: SharedRecord | null, config: Config, now: number): SharedRecord | null {
  if (!isLive(record)) return record
  const [{ at, reason }] = deadlines(record, config)
  return now < at ? record : { ...record, endedAt: at, reason }
}

/**
 * One step: ends the session if it is past its deadline, applies the change if the session is still live, and checks the deadline
 * again, because the change may leave no time at all. Without a change it only checks the deadline.
 *
 * @param now Shared time at which the change happened, or was due: it counts as of then, even if it is applied later.
 */
export function reduce(
  { record, anchor }: State,
  change: Change | null | undefined,
  clock: Clock,
  config: Config,
  now: number = sharedNow(record, clock),
): State {
  const before = settle(record, config, now)
  const added = isLive(before) && change?.(before, now)
  if (!added) return { record: before, anchor }
  const { id, seq } = before
  return { record: settle(merge(before, createRecord({ id, seq, ...added })), config, now), anchor }
}

/**
 * A new session in place of the present one. Shared time goes on. Only a skew so large that it leaves no room to grow is reset:
 * no clock was set back that far, so the value was planted, and must not outlast its session.
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

/** Notes that the server was told of the end of session `id`. */
export function endSent({ record, anchor }: State, id: string, clock: Clock): State {
  if (record?.id !== id || isLive(record)) return { record, anchor }
  return { record: { ...record, endSentAt: Math.max(record.endSentAt, sharedNow(record, clock)) }, anchor }
}

/**
 * Ordinary activity. It is ignored during a warning that the user can answer, unless `activityExtends` is set. During a warning
 * that cannot be answered it counts: otherwise an active user would reach the idle timeout meanwhile.
 */
export const activity =
  (config: Config): Change =>
  (record, activeAt) =>
    (config.activityExtends || activeWarning(record, config, activeAt)?.by !== 'idle') && { activeAt }

/** "Stay signed in", or a `hold()`: counts even during a warning. */
export const extension: Change = (_record, activeAt) => ({ activeAt })

/** The session ends now, for this reason. */
export const ending =
  (reason: EndReason): Change =>
  (_record, endedAt) => ({ endedAt, reason })

/** The timeouts of this tab's options, or of a sign-in, where they are shorter than those of the session so far. */
export const shortening =
  ({ idleTimeout, absoluteTimeout }: Pick<SharedRecord, 'idleTimeout' | 'absoluteTimeout'>): Change =>
  (record) =>
    (idleTimeout < record.idleTimeout || absoluteTimeout < record.absoluteTimeout) && { idleTimeout, absoluteTimeout }

/** A refresh failed: no tab tries again before `retryAt`. */
export const failure =
  (retryAt: number): Change =>
  ({ generation, failures }, now) => ({
    generation,
    failures: failures + 1,
    retryAt: Math.min(retryAt, now + LONGEST_RETRY),
  })

/**
 * The server's reply to a request sent at `sentAt`: the ms that the session has left there, undefined where the server did not
 * say. It is true of some moment between the request and its reply, at most `requestTimeout` later.
 *
 * @param isKeepAlive The request itself counted as activity at the server: more idle time is no sign of activity elsewhere.
 */
export const serverReply =
  (config: Config, sentAt: number, isKeepAlive: boolean, idle?: number, absolute?: number): Change =>
  (record) => {
    const { serverIdleEndsAt, serverAbsoluteEndsAt } = record
    const elsewhereAt = isKeepAlive || idle === undefined ? 0 : activityElsewhere(record, config, sentAt, idle)
    // A keep-alive moves the idle end even where the reply does not say to when: the earlier value is then out of date.
    const unsaid = isKeepAlive ? Infinity : serverIdleEndsAt
    return {
      activeAt: elsewhereAt,
      toldAt: elsewhereAt,
      serverAt: sentAt,
      serverIdleEndsAt: idle === undefined ? unsaid : sentAt + idle,
      serverAbsoluteEndsAt: absolute === undefined ? serverAbsoluteEndsAt : sentAt + absolute,
    }
  }

/**
 * When the user was last active elsewhere, in another application of the same login, as far as a reply to `check` shows; 0 where
 * it shows nothing. More idle time than known is activity elsewhere. The server knows of it, so it needs no `keepAlive`.
 *
 * @example Idle timeout of 15, in minutes since the sign-in. At 10 the server said that 5 are left, so until 15. At 14 it
 * says that 12 are left, so until 26: the user was active elsewhere at 11
 * ```ts
 * // The least of: 26 - 15 = 11, by the timeout; 14, when it was asked; 10 + (26 - 15) = 21, by the earlier reply.
 * activityElsewhere({ ...live, toldAt: 0, serverAt: 10, serverIdleEndsAt: 15 }, config, 14, 12) // 11
 * ```
 */
function activityElsewhere(record: SharedRecord, config: Config, sentAt: number, idle: number): number {
  const { toldAt, serverAt, serverIdleEndsAt } = record
  const { idleTimeout } = configFor(record, config)
  const wasTold = serverIdleEndsAt < Infinity
  // Without an earlier reply to compare with, nothing follows from a server whose timeout is longer than ours.
  const isMore = wasTold ? sentAt + idle > serverIdleEndsAt + config.requestTimeout : idle <= idleTimeout
  // The idle end moved as far as the last activity did, and that was before the earlier reply.
  const upperBound = wasTold ? serverAt + sentAt + idle - serverIdleEndsAt : Infinity
  const elsewhereAt = Math.min(sentAt + idle - idleTimeout, sentAt - 1, upperBound)
  // Activity that is no later than our own keep-alive is the one that the keep-alive reported.
  return isMore && elsewhereAt > toldAt + CLOCK_TOLERANCE ? elsewhereAt : 0
}
