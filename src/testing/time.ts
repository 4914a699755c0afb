import type { Clock } from '../core/clock.js'

/** The owner of a task. Tasks of a frozen owner wait, tasks of an owner that is gone never run. */
export interface Owner {
  readonly frozen: boolean
  readonly gone: boolean
}

/** The browser itself: never frozen, never gone. */
export const browser: Owner = { frozen: false, gone: false }

/** Virtual time for several tabs. Nothing happens unless `advance` is called. */
export interface Time {
  /** Both clocks as a page reads them, ms. */
  readonly clock: () => Clock
  /** The real time since the world began, ms, sleep included. No clock in the world has to agree with it. */
  readonly passed: () => number
  /** Calls `run` in a task of its own, after `ms` or later; `Infinity` is never. Returns the undo. */
  readonly later: (owner: Owner, ms: number, run: () => void) => () => void
  /** Lets time pass, one task after the other. All microtasks run before the next task. */
  readonly advance: (ms: number) => Promise<void>
  /** The machine sleeps: the wall clock goes on and timers stand still. The monotonic clock stands still too, except on Windows. */
  readonly sleep: (ms: number, monotonicRuns?: boolean) => void
  /** The wall clock is set, forward or back, by so many ms. */
  readonly setClock: (by: number) => void
}

interface Task {
  readonly owner: Owner
  readonly at: number
  readonly run: () => void
}

/** Resolves when all microtasks have run. */
export type Drain = () => Promise<void>

/** Waits for the next task of the event loop, so that all microtasks run. It uses no timers, because a test may have faked them. */
const turn: Drain = () =>
  new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => void }
    if (setImmediate) {
      setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })

/** The wall clock when a world begins: Monday, 5 January 2026, 9:00 UTC. */
export const START = 1_767_603_600_000

export function createTime(drain: Drain = turn): Time {
  const tasks = new Set<Task>()
  let mono = 1e3
  let offset = START - mono
  let slept = 0

  /** The task that is due first. Of tasks that are due at the same time, the one that was added first. */
  const next = (until: number): Task | undefined => {
    let first: Task | undefined
    for (const task of tasks)
      if (task.at <= until && !task.owner.frozen && task.at < (first?.at ?? Infinity)) first = task
    return first
  }

  return {
    // Date.now() returns whole milliseconds, performance.now() fractions as well.
    clock: () => ({ wall: Math.floor(mono + offset), mono }),
    passed: () => mono - 1e3 + slept,
    later(owner, ms, run) {
      const task = { owner, at: mono + ms, run }
      if (ms < Infinity) tasks.add(task)
      return () => tasks.delete(task)
    },
    async advance(ms) {
      const until = mono + ms
      await drain()
      for (let task = next(until); task; task = next(until)) {
        tasks.delete(task)
        mono = Math.max(mono, task.at)
        if (task.owner.gone) continue
        task.run()
        await drain()
      }
      mono = Math.max(mono, until)
    },
    sleep(ms, monotonicRuns) {
      if (monotonicRuns) mono += ms
      else {
        offset += ms
        slept += ms
      }
    },
    setClock(by) {
      offset += by
    },
  }
}
