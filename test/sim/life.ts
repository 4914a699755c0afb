import type { Traits } from './traits.js'

/** A session as somebody knows it who sees everything. Instants are real time, in ms since the world began. */
export interface Life {
  readonly id: string
  readonly startedAt: number
  /** When the sign-in was called, at the earliest. */
  readonly signInAt: number
  /** The last sign of the user that may count, and the last that must. */
  signAt: number
  countedAt: number
  /** What the server last told of its end; `mayKnow`: what some tab knows, `told`: what all must know by now. */
  mayKnow: Told | null
  /** What it said the time before. */
  knewBefore: Told | null
  told: Told | null
  /** What was known until this answer, for as long as that is on its way: its own step settles by that. */
  knewJustNow: Told | null
  /** All ends that it ever told of. */
  readonly toldOf: number[]
  /** When the server ends the grants that it has tokens of, as it said with them. */
  readonly grantEnds: number[]
  /** When the token came that is in force, and when the server was last told of the user. */
  tokenAt: number
  keptAliveAt: number
  signOutCalled: boolean
  /** `behind`: what storage said of it then was older than what it had said. */
  ended: { readonly at: number; readonly reason: string; readonly sound: boolean; readonly behind: boolean } | null
  /** The clock was set back and nobody was there to see it: until the next page opens anything goes, and then one idle timeout. */
  unseen: boolean
  /** What absolute ends were put off by that. */
  putOff: number
  /** When storage last said less of its user than it had said, because somebody else wrote over it. */
  behindAt: number
  /** When somebody else last did each of these to what storage says of it. */
  readonly touchedAt: Record<Touch, number>
}

/**
 * `removed`: both keys were. `overwritten`: its record was, by one that is older, that cannot be read, or by nothing. `planted`:
 * its record says what it never said. `ahead`: it speaks of activity in the future, which a tab that comes to know of it takes
 * for a clock that was set back. `exhumed`: its end was taken away, or its record put back beside none. `robbed`: its tokens were
 * taken out of the store, by somebody else or at its end. `swept`: a tab that could not know of it did that.
 * `withdrawn`: a tab that shows it did, because it could not store the next ones.
 */
export type Touch = 'removed' | 'overwritten' | 'planted' | 'ahead' | 'exhumed' | 'robbed' | 'swept' | 'withdrawn'

export const UNTOUCHED: Readonly<Record<Touch, number>> = {
  removed: -Infinity,
  overwritten: -Infinity,
  planted: -Infinity,
  ahead: -Infinity,
  exhumed: -Infinity,
  robbed: -Infinity,
  swept: -Infinity,
  withdrawn: -Infinity,
}

export interface Told {
  readonly sentAt: number
  readonly idleEndsAt: number
  readonly absoluteEndsAt: number
}

/** Somebody set the clock. */
export interface Jump {
  readonly at: number
  readonly by: number
  /** Whether the machine fell asleep before all tabs could know. */
  slept?: boolean
  /** Who sees less of it, by a sleep that they had not seen before it. */
  readonly misled: Set<object>
}

/** Input is written down up to so much later than it happens (a flag, looked at by the one timer), and as if it had just happened. */
export const FLUSH = 2e3
/** What a clock that is set back may cost while somebody is there, each time. */
const SET_BACK = 2e3
const ROUNDING = 20

const sumOf = (jumps: readonly Jump[], since: number, wanted: (by: number) => number): number =>
  jumps.reduce((sum, { at, by }) => (at >= since ? sum + wanted(by) : sum), 0)

/** I1: when the session is over at the latest. */
export function latestEnd(life: Life, { idle, absolute, network, store }: Traits, jumps: readonly Jump[]): number {
  if (life.unseen) return Infinity
  const setBack = (since: number): number => sumOf(jumps, since, (by) => (by < 0 ? SET_BACK : 0))
  const ends = [
    life.signAt + idle + FLUSH + setBack(life.signAt - FLUSH),
    life.startedAt + absolute + life.putOff + setBack(life.startedAt),
  ]
  // What the server told is measured from when it was asked.
  if (life.told) {
    // A later answer may know better, if the one before was long on its way.
    const toldAt = Math.max(life.told.absoluteEndsAt, life.mayKnow?.absoluteEndsAt ?? 0)
    ends.push(toldAt + network + life.putOff + setBack(life.told.sentAt))
  }
  // Where tokens are not shared, a tab without them knows nothing of their ends. What was brought late lives from then on.
  if (life.grantEnds.length > 0 && store !== 'memory') {
    const late = life.startedAt - life.signInAt
    ends.push(Math.max(...life.grantEnds) + late + network + life.putOff + setBack(life.startedAt))
  }
  return Math.min(...ends) + ROUNDING
}

/** I3: when it is over at the earliest. A clock set forward cannot be told from sleep. */
export function earliestEnd(life: Life, { idle, absolute }: Traits, jumps: readonly Jump[]): number {
  const forward = (since: number): number => sumOf(jumps, since, (by) => Math.max(0, by) + 1e3)
  const ends = [life.countedAt + idle - forward(life.countedAt), life.startedAt + absolute - forward(life.startedAt)]
  for (const told of [life.told, life.mayKnow, life.knewJustNow])
    if (told) ends.push(Math.min(told.idleEndsAt, told.absoluteEndsAt) - forward(told.sentAt) - 1e3)
  // Counted from when the tokens were given: a sign-in may wait for its turn, and take a clock set forward meanwhile for sleep.
  for (const at of life.grantEnds) ends.push(at - forward(life.signInAt) - 1e3)
  return Math.min(...ends) - FLUSH - ROUNDING
}
