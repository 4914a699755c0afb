import { failed } from '../errors.js'
import { after } from './clock.js'
import type { Ports } from './types.js'

const busy = (): Error =>
  failed('timeout', 'Another tab of this session did not finish in time. Try again in a moment.')

/**
 * Runs `work` while no other tab runs any under this name; waits for at most `wait` ms and never steals.
 * Where the page has no Web Locks (plain http, https://w3c.github.io/web-locks/#api), a lease in localStorage serves.
 */
export const exclusive: Ports['exclusive'] = (name, { wait, signal }, work, degraded) =>
  new Promise((resolve, reject) => {
    const waiting = new AbortController()
    const giveUp = (): void => {
      reject(busy())
      waiting.abort()
    }
    // A request that does not want to wait gets a limit too, should the browser never answer.
    waiting.signal.addEventListener('abort', after(wait || 15e3, giveUp))
    signal.addEventListener('abort', giveUp, { signal: waiting.signal })
    if (signal.aborted) {
      giveUp()
      return
    }
    // The result does not go through the lock: WebKit rejects the request of a page that it puts into the
    // back/forward cache, while the work goes on.
    const start = async (): Promise<void> => {
      if (waiting.signal.aborted) return
      waiting.abort()
      await work().then(resolve, reject)
    }
    const fallBack = (): void => {
      if (waiting.signal.aborted) return
      degraded()
      void withLease(name, waiting.signal, start, wait ? undefined : giveUp)
    }
    const locks = (navigator as { locks?: LockManager }).locks
    if (!locks) fallBack()
    else
      locks
        .request(name, wait ? { signal: waiting.signal } : { ifAvailable: true }, (lock) => (lock ? start() : giveUp()))
        // Refused by the browser: an opaque origin, blocked storage.
        .catch(fallBack)
  })

/** Longer than a refresh may take, unless the store is silent as well. */
const LEASE = 16e3

/**
 * A key that says who works, and until when at most. It is read again after a moment, because two tabs may write at once;
 * the last writer has it. This is weaker than a lock, and what it guards checks again before it commits.
 */
async function withLease(
  name: string,
  signal: AbortSignal,
  work: () => Promise<void>,
  taken?: () => void,
): Promise<void> {
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
      if (owner()) taken?.()
      else localStorage.setItem(key, `${mine} ${String(Date.now() + LEASE)}`)
      await new Promise<void>((resolve) => {
        after(50 + Math.random() * 25, resolve)
      })
    }
    await work()
    if (owner() === mine) localStorage.removeItem(key)
  } catch {
    // No storage either: each tab is alone.
    await work()
  }
}
