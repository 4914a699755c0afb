import type { SharedRecord } from './record.js'

/** One reading of both clocks, ms. The wall clock can be set; on some systems the monotonic clock stops while they sleep. */
export interface Clock {
  readonly wall: number
  readonly mono: number
}

/** The last moment at which the wall clock and the monotonic clock agreed: later readings are compared with it. */
export interface Anchor {
  readonly shared: number
  readonly mono: number
  /** Whether `skew` was inferred from the record: no tab was open that could measure how far the clock was set back. */
  readonly isSkewGuessed?: boolean
}

/** A smaller difference between the two clocks is rounding, or the system slewing its clock. */
const DRIFT_TOLERANCE = 1e3

/** How far ahead of this tab's clock an instant of another tab may be. All tabs of a device read one clock; more is an error. */
export const CLOCK_TOLERANCE = 2e3

/** Shared time, which all tabs count in: the wall clock plus the skew that the record gathered each time the clock was set back. */
export const sharedNow = (record: SharedRecord | null, clock: Clock): number => clock.wall + (record?.skew ?? 0)

/**
 * How far shared time has fallen behind (negative) or jumped ahead of the monotonic clock since the anchor, 0 if both agree.
 * Behind: the wall clock was set back. Ahead: the machine slept, or the clock was set forward; those cannot be told apart.
 *
 * @example The clock is set back by an hour, one minute after the anchor
 * ```ts
 * drift({ shared: 0, mono: 0 }, 60_000 - 3_600_000, 60_000) // -3600000
 * ```
 */
export function drift(anchor: Anchor, now: number, mono: number): number {
  const jump = now - mono - (anchor.shared - anchor.mono)
  return Math.abs(jump) > DRIFT_TOLERANCE ? jump : 0
}
