import type { Clock } from '../core/clock.js'

/** Whose turn it is: what a frozen tab has to do waits, what a tab that is gone had to do is lost. */
export interface Owner {
  readonly frozen: boolean
  readonly gone: boolean
}

/** The browser itself: never frozen, never gone. */
export const browser: Owner = { frozen: false, gone: false }

/** Virtual time for several tabs. Nothing happens unless somebody lets time pass. */
export interface Time {
  /** Both clocks as a page reads them now, ms. */
  readonly clock: () => Clock
  /** How long this world has lasted, ms, sleep included: what no clock in it need show. */
  readonly passed: () => number
  /** Runs `run` in a turn of its own, `ms` from now or later; returns the undo. `Infinity` is never. */
  readonly later: (owner: Owner, ms: number, run: () => void) => () => void
  /** Lets time pass, one turn after the other. What promises alone can do is done before the next turn. */
  readonly advance: (ms: number) => Promise<void>
  /** The machine sleeps: the wall clock goes on, timers stand still, and so does the monotonic clock, but for Windows. */
  readonly sleep: (ms: number, monotonicRuns?: boolean) => void
  /** Somebody sets the wall clock, forward or back. */
  readonly setClock: (by: number) => void
}

interface Task {
  readonly owner: Owner
  readonly at: number
  readonly run: () => void
}

/** Resolves when all that promises alone can do has been done. */
export type Drain = () => Promise<void>

/** A turn of the event loop: all microtasks run before the next. Without timers, which a test may have faked. */
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

/** When a world begins, by its wall clock: Monday, 5 January 2026, 9:00 UTC. */
export const START = 1_767_603_600_000

export function createTime(drain: Drain = turn): Time {
  const tasks = new Set<Task>()
  let mono = 1e3
  let offset = START - mono
  let slept = 0

  /** What is due first; of what is due at once, what was asked for first. */
  const next = (until: number): Task | undefined => {
    let first: Task | undefined
    for (const task of tasks)
      if (task.at <= until && !task.owner.frozen && task.at < (first?.at ?? Infinity)) first = task
    return first
  }

  return {
    // As Date.now() and performance.now() do: whole ms, and parts of them.
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
