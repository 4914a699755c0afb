import { createMutex, type Lease } from './mutex.js'
import { leaseLength, LONGEST_REQUEST } from '../util/timing.js'
import { after } from './clock.js'
import type { Ports } from './types.js'

/**
 * A key that says who works, until when at most, and how long that is in all. It is read again after a moment, because two tabs
 * may write at once; the last writer has it. This is weaker than a lock, and what it guards checks again before it commits.
 */
const lease: Lease = async (name, hold, signal, start, busy) => {
  const key = `${name}:lease`
  const mine = String(Math.random())
  const owner = (): string | undefined => {
    const [who, until, length] = (localStorage.getItem(key) ?? '').split(' ')
    const left = Number(until) - Date.now()
    // Tabs may have different options, and an older version did not write the length. A lease that ends later than it could is
    // left from before the clock was set back; one that is longer than any is none of ours.
    const longest = Math.min(Number(length) || leaseLength(1e4), leaseLength(LONGEST_REQUEST))
    return left > 0 && left <= longest ? who : undefined
  }
  try {
    while (owner() !== mine && !signal.aborted) {
      if (owner()) busy?.()
      else localStorage.setItem(key, `${mine} ${Date.now() + hold} ${hold}`)
      await new Promise<void>((resolve) => {
        after(50 + Math.random() * 25, resolve)
      })
    }
    await start()
    if (owner() === mine) localStorage.removeItem(key)
  } catch {
    // No storage either: each tab is alone.
    await start()
  }
}

/** Web Locks, or the lease where there are none. */
export const browserLocks: NonNullable<Ports['withLock']> = /* @__PURE__ */ createMutex(
  after,
  () => (navigator as { locks?: LockManager }).locks,
  lease,
)
