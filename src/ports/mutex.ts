import { sessionError } from '../errors.js'
import { onceAborted } from '../util/async.js'
import { leaseLength } from '../util/timing.js'
import type { Lease } from '../types.js'
import type { Ports } from './types.js'
import { DEVELOPMENT } from '../util/development.js'

type WithLock = NonNullable<Ports['withLock']>

/** The code of a {@link Lease}. */
export interface LeaseLock extends Lease {
  /**
   * Calls `start` when this tab has the lease, for `hold` ms at most, or `busy` where another tab has it. Stops trying when `signal`
   * aborts.
   */
  readonly run: (
    name: string,
    hold: number,
    signal: AbortSignal,
    start: () => Promise<void>,
    busy?: () => void,
  ) => Promise<void>
}

/**
 * Runs work while no other tab runs any under the same name. It waits for a limited time, and never steals a lock.
 * Where a page does not have Web Locks (plain http, https://w3c.github.io/web-locks/#api), or may not use them, the caller's
 * `lease` replaces them; without one the work begins at once.
 *
 * A call goes through these states:
 *
 * 1. *waiting* for the lock; it ends with 2 or 3, whichever comes first.
 * 2. *given up*: the time is over, the caller's signal has aborted, or the lock is not free and the caller does not wait. The
 *    call rejects with `timeout`, and the work never runs.
 * 3. *working*: the lock is granted, the work runs, and the call no longer times out. If the browser takes the lock away
 *    meanwhile, `isLost()` says so and the work goes on.
 * 4. *free*: the work is done and the lock is free again. Now the call resolves, so that the caller can request the lock again.
 */
export const createMutex =
  (after: Ports['after'], locks: () => Pick<LockManager, 'request'> | undefined): WithLock =>
  <T>(
    name: string,
    { wait, hold = leaseLength(1e4), signal, lease }: Parameters<WithLock>[1],
    work: (isLost: () => boolean) => Promise<T>,
    degraded: () => void,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      /** Aborts at the end of the state `waiting`: that removes the timer and the listener, and withdraws the request. */
      const waiting = new AbortController()
      const isWaiting = (): boolean => !waiting.signal.aborted
      let result: Promise<T> | undefined
      let isLost = false
      let isFree = false
      let cancelTimer: (() => void) | undefined

      const giveUp = (): void => {
        reject(sessionError('timeout', DEVELOPMENT && 'Another tab did not finish in time. Try again later.'))
        waiting.abort()
      }
      const start = async (): Promise<void> => {
        if (!isWaiting()) return
        waiting.abort()
        result = work(() => isLost)
        await result.catch(() => undefined)
        // The browser may never report that the lock is free.
        if (!isFree) cancelTimer = after(1e3, settle)
      }
      const settle = (): void => {
        isFree = true
        cancelTimer?.()
        if (result) resolve(result)
      }
      /** Without Web Locks, or where the browser has rejected the request. During the work that means that the lock is lost. */
      const fallBack = async (): Promise<void> => {
        isLost = !isWaiting()
        if (isLost) return
        degraded()
        await (lease ? (lease as LeaseLock).run(name, hold, waiting.signal, start, wait ? undefined : giveUp) : start())
      }
      const request = (mayRetry: boolean): Promise<unknown> => {
        const manager = locks()
        const options = wait ? { signal: waiting.signal } : { ifAvailable: true }
        return manager
          ? manager
              .request(name, options, (lock) => (lock ? start() : giveUp()))
              // WebKit removes the request of a page that it puts into the back/forward cache. Any other rejection is final: an
              // opaque origin, blocked storage.
              .catch((error: unknown) =>
                mayRetry && isWaiting() && (error as Error).name === 'AbortError' ? request(false) : fallBack(),
              )
          : fallBack()
      }

      // A call that does not wait has a limit too: the browser may never reply.
      waiting.signal.addEventListener('abort', after(wait || 15e3, giveUp))
      onceAborted(signal, giveUp, waiting.signal)
      if (signal.aborted) giveUp()
      // The result does not go through the request: WebKit rejects that of a page that it puts into the back/forward cache, while the
      // work goes on.
      else void request(true).then(settle)
    })
