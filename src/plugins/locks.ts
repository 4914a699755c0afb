import { browserLocks } from '../ports/web-locks.js'
import { DEVELOPMENT } from '../util/development.js'
import { leaseLength } from '../util/timing.js'
import type { SessionContext } from '../session/context.js'

/** The two locks of a session, each held by one tab at a time. */
export interface Locks {
  /** For refreshes and sign-ins. Waits `wait` ms at most. `isLost`: whether the browser took the lock away. */
  readonly refreshLock: <T>(wait: number, work: (isLost?: () => boolean) => Promise<T>) => Promise<T>
  /** For calls to the server that one tab makes for all. Rejects where another tab is at it, or is still after `wait` ms. @default 0 */
  readonly serverLock: <T>(work: () => Promise<T>, wait?: number) => Promise<T>
}

export function createLocks({ ports, config, key, lease, opening, destroyed, flush, degraded }: SessionContext): Locks {
  const withLock = ports.withLock ?? browserLocks
  const run = async <T>(name: string, wait: number, work: (isLost?: () => boolean) => Promise<T>): Promise<T> => {
    // The browser makes a prerendered page wait for its lock anyway: our own limit is to begin when it can be had.
    const waiting = opening()
    if (waiting) await waiting
    return withLock(name, { wait, hold: leaseLength(config.requestTimeout), signal: destroyed, lease }, work, () => {
      degraded(
        'locks',
        DEVELOPMENT &&
          (lease ? 'Two tabs may now and then refresh at once.' : 'Tabs may refresh at once: see sojourn/lease.'),
      )
    }).finally(flush)
  }
  return {
    refreshLock: (wait, work) => run(key, wait, work),
    serverLock: (work, wait = 0) => run(`${key}:server`, wait, work),
  }
}
