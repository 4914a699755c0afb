import { createExclusive, type Lease } from './exclusive.js'
import { after } from './clock.js'
import type { Ports } from './types.js'

/** Longer than a refresh may take (14.3 s), and shorter than others wait for their turn (15 s): a crash costs nobody a turn. */
const LEASE = 14.5e3

/**
 * A key that says who works, and until when at most. It is read again after a moment, because two tabs may write at once;
 * the last writer has it. This is weaker than a lock, and what it guards checks again before it commits.
 */
const lease: Lease = async (name, signal, start, busy) => {
  const key = `${name}:lease`
  const mine = String(Math.random())
  const owner = (): string | undefined => {
    const [who, until] = (localStorage.getItem(key) ?? '').split(' ')
    const left = Number(until) - Date.now()
    // A lease that ends later than any could is left from before the clock was set back.
    return left > 0 && left <= LEASE ? who : undefined
  }
  try {
    while (owner() !== mine && !signal.aborted) {
      if (owner()) busy?.()
      else localStorage.setItem(key, `${mine} ${String(Date.now() + LEASE)}`)
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
export const exclusive: Ports['exclusive'] = createExclusive(
  after,
  () => (navigator as { locks?: LockManager }).locks,
  lease,
)
