import type { Page } from '../../src/testing.js'
import type { Traits } from './traits.js'

/** All facts about a session. Instants are real time, in ms since the world began. */
export interface Life {
  readonly id: string
  readonly startedAt: number
  /** The earliest instant at which the sign-in may have been called. */
  readonly signInAt: number
  /** The last activity that may count, and the last that must count. */
  signAt: number
  countedAt: number
  /** The last ends from the server. `mayKnow`: some tab knows them; `told`: all tabs must know them by now. */
  mayKnow: Told | null
  /** The ends from the reply before. */
  knewBefore: Told | null
  told: Told | null
  /** The ends that were known before this reply, while it is on its way: its own step settles by those. */
  knewJustNow: Told | null
  /** All ends that the server ever sent. */
  readonly toldOf: number[]
  /** The ends of its grants, as the server sent them with the tokens. */
  readonly grantEnds: number[]
  /** When the current token came, and when the last keep-alive was sent. */
  tokenAt: number
  /** The page that stored the current token, and when. */
  tokenBy: object | null
  storedAt: number
  /** The page that removed the used tokens, because it could not store the new ones. */
  withdrawnBy: Page | null
  keptAliveAt: number
  signOutCalled: boolean
  /** `behind`: the record in storage was older than one that had been written before. */
  ended: { readonly at: number; readonly reason: string; readonly sound: boolean; readonly behind: boolean } | null
  /** The clock was set back unseen: until the next page opens any end is possible, and then one within an idle timeout. */
  unseen: boolean
  /** How much that has postponed absolute ends. */
  putOff: number
  /** When storage last had less activity than before, because other code had overwritten the record. */
  behindAt: number
  /** When other code last changed its content in storage in each of these ways. */
  readonly touchedAt: Record<Touch, number>
}

/**
 * `removed`: both keys were removed. `overwritten`: its record was replaced by an older one, by a malformed one, or by none.
 * `planted`: its record has fields that were never written. `ahead`: it has activity in the future, which a tab that reads it
 * treats as a clock that was set back. `exhumed`: its end was removed, or its record was restored without an end. `robbed`: its
 * tokens were removed from the store, by other code or at its end. `swept`: a tab that could not know of the session removed
 * them. `withdrawn`: a tab with the session removed them, because it could not store the next ones.
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

/** A change of the clock. */
export interface Jump {
  readonly at: number
  readonly by: number
  /** True if the machine fell asleep before all tabs could know. */
  slept?: boolean
  /** The actors that see less of the jump, because of a sleep before it that they had not noticed. */
  readonly misled: Set<object>
}

/** The longest delay until input is written, with the time of the write: it is a flag that the one timer reads. */
export const FLUSH = 2e3
/** The time that each setting back of a clock may add while a tab is open. */
const SET_BACK = 2e3
const ROUNDING = 20

const sumOf = (jumps: readonly Jump[], since: number, wanted: (by: number) => number): number =>
  jumps.reduce((sum, { at, by }) => (at >= since ? sum + wanted(by) : sum), 0)

/** I1: the latest instant at which the session ends. */
export function latestEnd(life: Life, { idle, absolute, network, store }: Traits, jumps: readonly Jump[]): number {
  if (life.unseen) return Infinity
  const setBack = (since: number): number => sumOf(jumps, since, (by) => (by < 0 ? SET_BACK : 0))
  const ends = [
    life.signAt + idle + FLUSH + setBack(life.signAt - FLUSH),
    life.startedAt + absolute + life.putOff + setBack(life.startedAt),
  ]
  // Times from the server count from the request.
  if (life.told) {
    // A later reply may correct one that took long to arrive.
    const toldAt = Math.max(life.told.absoluteEndsAt, life.mayKnow?.absoluteEndsAt ?? 0)
    ends.push(toldAt + network + life.putOff + setBack(life.told.sentAt))
  }
  // If tokens are not shared, a tab without them does not know their ends. The lifetime of late tokens counts from their arrival.
  if (life.grantEnds.length > 0 && store !== 'memory') {
    const late = life.startedAt - life.signInAt
    ends.push(Math.max(...life.grantEnds) + late + network + life.putOff + setBack(life.startedAt))
  }
  return Math.min(...ends) + ROUNDING
}

/** I3: the earliest instant at which the session ends. A clock set forward cannot be distinguished from sleep. */
export function earliestEnd(life: Life, { idle, absolute }: Traits, jumps: readonly Jump[]): number {
  const forward = (since: number): number => sumOf(jumps, since, (by) => Math.max(0, by) + 1e3)
  const ends = [life.countedAt + idle - forward(life.countedAt), life.startedAt + absolute - forward(life.startedAt)]
  for (const told of [life.told, life.mayKnow, life.knewJustNow])
    if (told) ends.push(Math.min(told.idleEndsAt, told.absoluteEndsAt) - forward(told.sentAt) - 1e3)
  // Counted from the call: a sign-in may wait for the lock, and treat a clock set forward meanwhile as sleep.
  for (const at of life.grantEnds) ends.push(at - forward(life.signInAt) - 1e3)
  return Math.min(...ends) - FLUSH - ROUNDING
}
