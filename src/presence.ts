import { activity, extension, type Change } from './core/reduce.js'
import type { Policy } from './core/time.js'
import type { Activity, Ports } from './ports/types.js'

/** What this tab sees of its user. */
export interface Presence {
  /** Watches while somebody is signed in, and only then. */
  readonly watch: (live: boolean) => void
  /** A sign of the user: per event a look at the clock and a flag, and no more. */
  readonly seen: () => void
  readonly hold: () => () => void
  /** What is to be said at shared time `at`: flagged input, work that goes on, what is seen of other origins' frames. */
  readonly overdue: (at: number) => Change[]
  /** When there will be more to say; 0 for never. */
  readonly instants: () => number[]
}

/** How often a frame of another origin is looked at; its activation lasts about 5 s. */
const SAMPLE = 4e3

/** `first`: the user does something after a quiet while, or after time has jumped; what it is asks `overdue`. */
export function createPresence(ports: Ports, policy: Policy, first: () => void): Presence {
  /** How often continuous input, and work that goes on, are written down. */
  const flushEvery = Math.min(2e3, policy.idleTimeout / 10)
  const holdEvery = Math.min(6e4, policy.idleTimeout / 4)
  let watching: Activity | null = null
  /** Until when input only raises the flag; 0 while the user is quiet. */
  let flushAt = 0
  /** The same by the wall clock, which is cheap to read. */
  let flagsUntil = 0
  let flag = false
  let isFirst = false
  let holds = 0
  let holdAt = 0
  let sampleAt = 0

  const seen = (): void => {
    // Timers sleep too: the input that wakes a machine may be the first sign of it.
    if (ports.wall() < flagsUntil) flag = true
    else {
      isFirst = true
      first()
    }
  }

  return {
    seen,
    watch(live) {
      if (live) watching ??= ports.activity(seen)
      else {
        watching?.stop()
        watching = null
        flushAt = flagsUntil = 0
        flag = false
      }
    },
    hold() {
      if (!holds++) holdAt = 0
      let held = true
      return () => {
        if (held) holds--
        held = false
      }
    },
    overdue(at) {
      const changes: Change[] = []
      if (flushAt && at >= flushAt) {
        if (flag) changes.push(activity(policy, flushAt))
        // A flag that is looked at late says little about now: the next input is to say when it comes.
        flushAt = flag && at < flushAt + 1e3 ? at + flushEvery : 0
        flag = false
      }
      if (isFirst) {
        flushAt = at + flushEvery
        changes.push(activity(policy))
      }
      isFirst = false
      flagsUntil = ports.wall() + flushAt - at
      if (holds && at >= holdAt) {
        holdAt = at + holdEvery
        changes.push(extension)
      }
      if (!watching?.framed()) sampleAt = 0
      else if (at >= sampleAt) {
        sampleAt = at + SAMPLE
        if (watching.activated()) changes.push(activity(policy))
      }
      return changes
    },
    instants: () => (watching ? [flushAt, sampleAt, holds && holdAt] : []),
  }
}
