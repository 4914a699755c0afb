import { sessionError } from '../errors.js'
import { onceAborted } from '../util/async.js'
import { leaseLength } from '../util/timing.js'
import type { Ports } from './types.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * Runs `start` when it is this tab's turn, for `hold` ms at most, or calls `busy` where another tab has it, without a lock of the
 * browser's.
 */
export type Lease = (
  name: string,
  hold: number,
  signal: AbortSignal,
  start: () => Promise<void>,
  busy?: () => void,
) => Promise<void>

/**
 * Runs work while no other tab runs any under the same name; waits for its turn for a limited time, and never steals.
 * `lease` serves where a page has no Web Locks (plain http, https://w3c.github.io/web-locks/#api), or may not use them.
 */
export const createMutex =
  (
    after: Ports['after'],
    locks: () => Pick<LockManager, 'request'> | undefined,
    lease: Lease,
  ): NonNullable<Ports['withLock']> =>
  <T>(
    name: string,
    { wait, hold = leaseLength(1e4), signal }: Parameters<NonNullable<Ports['withLock']>>[1],
    work: (isLost: () => boolean) => Promise<T>,
    degraded: () => void,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const waiting = new AbortController()
      let result: Promise<T> | undefined
      let cancel: (() => void) | undefined
      let isFree = false
      let isLost = false
      const settle = (): void => {
        isFree = true
        cancel?.()
        if (result) resolve(result)
      }
      const giveUp = (): void => {
        reject(sessionError('timeout', DEVELOPMENT && 'Another tab did not finish in time. Try again later.'))
        waiting.abort()
      }
      // A request that does not want to wait gets a limit too, should the browser never answer.
      waiting.signal.addEventListener('abort', after(wait || 15e3, giveUp))
      onceAborted(signal, giveUp, waiting.signal)
      if (signal.aborted) {
        giveUp()
        return
      }
      const start = async (): Promise<void> => {
        if (waiting.signal.aborted) return
        waiting.abort()
        result = work(() => isLost)
        await result.catch(() => undefined)
        // Should the browser never say that the lock is free again.
        if (!isFree) cancel = after(1e3, settle)
      }
      const fallBack = async (): Promise<void> => {
        isLost = waiting.signal.aborted
        if (isLost) return
        degraded()
        await lease(name, hold, waiting.signal, start, wait ? undefined : giveUp)
      }
      const ask = (again: boolean): Promise<unknown> => {
        const manager = locks()
        return manager
          ? manager
              .request(name, wait ? { signal: waiting.signal } : { ifAvailable: true }, (lock) =>
                lock ? start() : giveUp(),
              )
              // WebKit takes the place in the queue from a page that it puts into the back/forward cache. Any other refusal is
              // final: an opaque origin, blocked storage.
              .catch((error: unknown) =>
                again && !waiting.signal.aborted && (error as Error).name === 'AbortError' ? ask(false) : fallBack(),
              )
          : fallBack()
      }
      // When the lock is free again, so that the next step may ask for it. The result itself does not go through the lock:
      // WebKit rejects the request of a page that it puts into the back/forward cache, while the work goes on.
      void ask(true).then(settle)
    })
