import type { Lease } from '../types.js'
import { leaseLength, LONGEST_REQUEST } from '../util/timing.js'
import { after } from './clock.js'
import type { LeaseLock } from './mutex.js'

/** How long the lease of a page of version 0.1.0 lasts, which writes no length. It heeds none that has longer to go. */
const OLD_LENGTH = 16e3

/**
 * A lock made of a key in `localStorage`, with its owner, the time at which it expires, and its length. Two tabs may write at once,
 * so each reads the key again after a moment: the last writer has the lease. This is weaker than a lock, and the code that runs
 * under it does a compare-and-set before it commits.
 */
const run: LeaseLock['run'] = async (name, hold, signal, start, busy) => {
  const key = `${name}:lease`
  const mine = String(Math.random())
  const owner = (): string | undefined => {
    const [who, until, length] = (localStorage.getItem(key) ?? '').split(' ')
    // Tabs may have different options. A lease that expires later than its length allows was written before the clock was set back;
    // one that is longer than the longest was not written by this library.
    const longest = Math.min(Number(length) || OLD_LENGTH, leaseLength(LONGEST_REQUEST))
    const left = Number(until) + Math.max(0, longest - OLD_LENGTH) - Date.now()
    return left > 0 && left <= longest ? who : undefined
  }
  try {
    while (owner() !== mine && !signal.aborted) {
      if (owner()) busy?.()
      else localStorage.setItem(key, `${mine} ${Date.now() + Math.min(hold, OLD_LENGTH)} ${hold}`)
      await new Promise<void>((resolve) => {
        after(50 + Math.random() * 25, resolve)
      })
    }
    await start()
    if (owner() === mine) localStorage.removeItem(key)
  } catch {
    // Storage does not work either: each tab goes ahead.
    await start()
  }
}

const lock: LeaseLock = { lease: true, run }

/**
 * Lets one tab at a time refresh on pages without Web Locks: those on plain http, other than localhost. Two tabs may still refresh at
 * once where they begin in the same moment. Without it each tab of such a page refreshes on its own, and a server that detects
 * the reuse of a refresh token then ends the session.
 *
 * @example An application of an intranet without https
 * ```ts
 * const session = createSession({ server: oauth({ tokenEndpoint: '/token', clientId: 'app' }), lease })
 * ```
 */
export const lease: Lease = lock
