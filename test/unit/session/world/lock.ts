import { failed } from '../../../../src/errors.js'
import type { Ports } from '../../../../src/ports/types.js'
import type { Owner, Time } from './time.js'

export interface Locks {
  /** False: every tab goes ahead at once, and says that it is degraded. */
  works: boolean
  readonly isHeld: (name: string) => boolean
  readonly of: (owner: Owner) => Ports['exclusive']
  /** The browser lets go of what a closed tab held. */
  readonly release: (owner: Owner) => void
}

interface Turn {
  readonly owner: Owner
  readonly go: () => void
}

/** Web Locks: one at a time by name, the others in a queue that each leaves when its wait is over. */
export function createLocks(time: Time): Locks {
  const queues = new Map<string, Turn[]>()
  const queue = (name: string): Turn[] => {
    if (!queues.has(name)) queues.set(name, [])
    return queues.get(name)!
  }
  const leave = (name: string, turn: Turn): void => {
    const turns = queue(name)
    const wasFirst = turns[0] === turn
    if (turns.includes(turn)) turns.splice(turns.indexOf(turn), 1)
    if (wasFirst) turns[0]?.go()
  }

  const locks: Locks = {
    works: true,
    isHeld: (name) => queue(name).length > 0,
    release(owner) {
      for (const [name, turns] of queues)
        for (const turn of turns.filter((one) => one.owner === owner)) leave(name, turn)
    },
    of:
      (owner) =>
      (name, { wait, signal }, work, degraded) => {
        if (!locks.works) {
          degraded()
          return work()
        }
        if (!wait && locks.isHeld(name)) return Promise.reject(failed('timeout', 'Another tab has the lock.'))
        return new Promise((resolve, reject) => {
          const waiting = new AbortController()
          const giveUp = (): void => {
            waiting.abort()
            leave(name, turn)
            reject(failed('timeout', 'The lock did not come in time.'))
          }
          const turn: Turn = {
            owner,
            // The browser grants in a later turn.
            go: () =>
              time.later(owner, 0, () => {
                if (waiting.signal.aborted) return
                waiting.abort()
                work()
                  .then(resolve, reject)
                  // The next turn is granted a moment after this one's result is known.
                  .finally(() => time.later(owner, 0, () => leave(name, turn)))
              }),
          }
          waiting.signal.addEventListener('abort', time.later(owner, wait || 15e3, giveUp))
          signal.addEventListener('abort', giveUp, { signal: waiting.signal })
          queue(name).push(turn)
          if (queue(name)[0] === turn) turn.go()
        })
      },
  }
  return locks
}
