import { failed } from '../errors.js'
import type { Ports } from '../ports/types.js'
import type { FakeLocks } from './locks.js'
import type { Listener } from './channel.js'

/**
 * One at a time, by the world's locks. Where there are none every tab goes ahead at once: that is worse than the lease which
 * the library then falls back on, and must do no harm either.
 */
export const exclusiveBy =
  (locks: FakeLocks, tab: Listener, after: Ports['after']): Ports['exclusive'] =>
  (name, { wait, signal }, work, degraded) =>
    new Promise((resolve, reject) => {
      const waiting = new AbortController()
      const giveUp = (): void => {
        reject(failed('timeout', 'Another tab of this world did not finish in time.'))
        waiting.abort()
      }
      const start = async (): Promise<void> => {
        if (waiting.signal.aborted) return
        waiting.abort()
        await work().then(resolve, reject)
      }
      const fallBack = (): void => {
        if (waiting.signal.aborted) return
        degraded()
        void start()
      }
      waiting.signal.addEventListener('abort', after(wait || 15e3, giveUp))
      signal.addEventListener('abort', giveUp, { signal: waiting.signal })
      if (signal.aborted) giveUp()
      const manager = locks.of(tab)
      if (!manager) fallBack()
      else
        manager
          .request(name, wait ? { signal: waiting.signal } : { ifAvailable: true }, (lock) =>
            lock ? start() : giveUp(),
          )
          .catch(fallBack)
    })
