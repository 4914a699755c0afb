import { activity, extension, type Change } from '../core/changes.js'
import { drift, type Anchor } from '../core/clock.js'
import type { Config } from '../core/deadlines.js'
import type { InputWatch, Ports, Undo } from '../ports/types.js'

/** What happened, and when, shared time. What happened before the deadline counts, however late it is said. */
export type PendingChange = readonly [at: number, change: Change]

/** What this tab sees of its user. */
export interface Activity {
  /** Watches while somebody is signed in, and only then. */
  readonly watch: (live: boolean) => void
  /** Watches one more window, from the next `watch` on. */
  readonly add: (view: Window) => Undo
  /** A sign of the user: per event a look at the clock and a flag, and no more. */
  readonly onInput: () => void
  readonly hold: () => () => void
  /** The page was frozen, and no work has gone on meanwhile, whatever the clocks say. */
  readonly thawed: () => void
  /** What is to be said now, the earliest first: flagged input, work that goes on, what is seen of other origins' frames. */
  readonly takePending: (now: Anchor, idleTimeout: number) => PendingChange[]
  /** When there will be more to say; 0 for never. */
  readonly wakeTimes: () => number[]
}

interface Watched {
  readonly view?: Window
  activity?: InputWatch | undefined
}

/** How often a frame of another origin is looked at; its activation lasts about 5 s. */
const SAMPLE = 4e3
/**
 * How late a timer may ring in a page that runs: Chromium lets those of a hidden page ring once a minute,
 * https://developer.chrome.com/blog/timer-throttling-in-chrome-88.
 */
const LATEST = 65e3

/** `step`: the user does something first after a quiet while, or after time has jumped, or their focus leaves: see `overdue`. */
export function createActivity(ports: Ports, policy: Config, step: (cause: 'activity' | 'blur') => void): Activity {
  const own: Watched = {}
  /** The page's own window, and those that it fills itself. */
  const windows = new Set([own])
  let watching = false
  /** Until when input only raises the flag; 0 while the user is quiet. */
  let flushAt = 0
  /** The same by the wall clock, which is cheap to read. */
  let flagsUntil = 0
  let flag = false
  let isFirst = false
  let holds = 0
  let holdAt = 0
  let heldAt: Anchor = { shared: 0, mono: 0 }
  /** Whether the page has been hidden since: the timers of one that is seen are on time, unless the machine has slept. */
  let wasHidden = false
  let sampleAt = 0

  const seen = (): void => {
    // Timers sleep too: the input that wakes a machine may be the first sign of it.
    if (ports.wallNow() < flagsUntil) flag = true
    else {
      isFirst = true
      step('activity')
    }
  }
  const more = {
    isKnown: () => flag && ports.wallNow() < flagsUntil,
    left: () => {
      step('blur')
    },
  }

  return {
    onInput: seen,
    watch(live) {
      watching = live
      for (const one of windows) {
        if (one.view?.closed) windows.delete(one)
        else if (live) one.activity ??= ports.watchInput(seen, { ...more, view: one.view })
        else {
          one.activity?.stop()
          one.activity = undefined
        }
      }
      if (!live) {
        flushAt = flagsUntil = 0
        flag = false
      }
    },
    add(view) {
      const one: Watched = { view }
      windows.add(one)
      return () => {
        one.activity?.stop()
        windows.delete(one)
      }
    },
    thawed() {
      heldAt = { shared: 0, mono: 0 }
    },
    hold() {
      if (!holds++) heldAt = { shared: 0, mono: 0 }
      let held = true
      return () => {
        if (held) holds--
        held = false
      }
    },
    takePending(now, idleTimeout) {
      // How often continuous input, and work that goes on, are written down.
      const flushEvery = Math.min(2e3, idleTimeout / 10)
      const holdEvery = Math.min(6e4, idleTimeout / 4)
      const at = now.shared
      const overdue: PendingChange[] = []
      if (flushAt && at >= flushAt) {
        if (flag) overdue.push([flushAt, activity(policy)])
        // A flag that is looked at late says little about now: the next input is to say when it comes.
        flushAt = flag && at < flushAt + 1e3 ? at + flushEvery : 0
        flag = false
      }
      holdAt = heldAt.shared + holdEvery
      const isHidden = !!own.activity?.hidden()
      wasHidden ||= isHidden
      if (holds && at >= holdAt) {
        // In a page that has run since, the work has gone on all the time: it is as if the timer had rung when it was due.
        // Where both clocks do not agree on how long that was, the machine has slept, and nobody knows about the work.
        const hasRun = wasHidden && at - holdAt < LATEST && !drift(heldAt, at, now.mono)
        overdue.push([hasRun ? holdAt : at, (record) => extension(record, at)])
        holdAt = at + holdEvery
        heldAt = now
        wasHidden = isHidden
      }
      if (isFirst) {
        flushAt = at + flushEvery
        overdue.push([at, activity(policy)])
      }
      isFirst = false
      flagsUntil = ports.wallNow() + flushAt - at
      const framed = [...windows].filter((one) => one.activity?.isFocusInFrame())
      if (framed.length < 1) sampleAt = 0
      else if (at >= sampleAt) {
        sampleAt = at + SAMPLE
        if (framed.some((one) => one.activity?.isUserActive())) overdue.push([at, activity(policy)])
      }
      return overdue
    },
    wakeTimes: () => (watching ? [flushAt, sampleAt, holds && holdAt] : []),
  }
}
