import type { Clock } from '../../../../src/core/time.js'

/** Whose turn it is: the tasks of a frozen tab wait, those of a closed one are lost. */
export interface Owner {
  frozen: boolean
  gone: boolean
}

export interface Time {
  readonly clock: () => Clock
  /** Runs `run` in a later turn, `ms` from now. */
  readonly later: (owner: Owner, ms: number, run: () => void) => () => void
  /** Lets time pass, turn by turn, as it does where nobody sleeps. */
  readonly advance: (ms: number) => Promise<void>
  /** The machine sleeps: the wall clock goes on, the monotonic one and all that waits stand still. */
  readonly sleep: (ms: number) => void
  /** Somebody sets the wall clock. */
  readonly setClock: (by: number) => void
}

interface Task {
  readonly owner: Owner
  at: number
  readonly run: () => void
}

/** Everything that promises alone can do has been done when this resolves. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const START = Date.UTC(2026, 0, 5, 9)

/** Virtual time for several tabs: a wall clock, a monotonic clock, and what waits for them, in order. */
export function createTime(): Time {
  const tasks = new Set<Task>()
  let mono = 1e3
  let offset = START - mono

  const due = (until: number): Task | undefined =>
    [...tasks].filter((task) => !task.owner.frozen && task.at <= until).sort((a, b) => a.at - b.at)[0]

  return {
    clock: () => ({ wall: mono + offset, mono }),
    later(owner, ms, run) {
      const task = { owner, at: mono + ms, run }
      tasks.add(task)
      return () => tasks.delete(task)
    },
    async advance(ms) {
      const until = mono + ms
      await quiet()
      for (let task = due(until); task; task = due(until)) {
        tasks.delete(task)
        mono = Math.max(mono, task.at)
        if (task.owner.gone) continue
        task.run()
        await quiet()
      }
      mono = until
    },
    sleep(ms) {
      offset += ms
    },
    setClock(by) {
      offset += by
    },
  }
}
