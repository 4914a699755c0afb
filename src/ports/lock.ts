import { SessionError } from '../errors.js'
import { after } from './clock.js'
import type { Ports } from './types.js'

const busy = (): SessionError =>
  new SessionError('timeout', {
    message: 'Another tab of this session is busy, and did not finish in time. Try again in a moment.',
  })

/**
 * Runs `work` while no other tab runs any under this name; waits for at most `wait` ms and never steals.
 * Where the page has no Web Locks (plain http, https://w3c.github.io/web-locks/#api), a lease in localStorage serves.
 */
export const exclusive: Ports['exclusive'] = async (name, { wait, signal }, work, degraded) => {
  const locks = (navigator as { locks?: LockManager }).locks
  const done = locks && (await withLock(locks, name, wait, signal, work))
  if (done) return done.value
  degraded()
  return withLease(name, wait, signal, work)
}

/** Null where the browser refuses locks (an opaque origin, blocked storage). */
function withLock<T>(
  locks: LockManager,
  name: string,
  wait: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ value: T } | null> {
  return new Promise((resolve, reject) => {
    const waiting = new AbortController()
    const stopWaiting = (): void => {
      clearTimer()
      waiting.abort()
    }
    const giveUp = (): void => {
      reject(busy())
      stopWaiting()
    }
    // A request that must not wait still gets a limit, should the browser never answer.
    const clearTimer = after(wait || 15e3, giveUp)
    signal.addEventListener('abort', giveUp, { signal: waiting.signal })
    locks
      .request(name, wait ? { signal: waiting.signal } : { ifAvailable: true }, async (lock) => {
        if (waiting.signal.aborted) return
        if (!lock) {
          giveUp()
          return
        }
        stopWaiting()
        // The result does not go through the lock: WebKit rejects the request of a page that it puts into the
        // back/forward cache, while the work goes on.
        await work().then((value) => {
          resolve({ value })
        }, reject)
      })
      .catch(() => {
        resolve(null)
        stopWaiting()
      })
  })
}

/** Longer than any work under the lock may take. */
const LEASE = 16e3
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    after(ms, resolve)
  })

/**
 * A key that says who works, and until when at most. It is read again after a moment, because two tabs may write at once;
 * the last writer has it. This is weaker than a lock, and what it guards checks again before it commits.
 */
async function withLease<T>(name: string, wait: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const key = `${name}:lease`
  const mine = String(Math.random())
  const owner = (): string | undefined => {
    const [who, until] = (localStorage.getItem(key) ?? '').split(' ')
    const left = Number(until) - Date.now()
    // A lease that ends later than any could is left from before the clock was set back.
    return left > 0 && left <= LEASE ? who : undefined
  }
  try {
    const start = Date.now()
    while (owner() !== mine) {
      if (!owner()) localStorage.setItem(key, `${mine} ${String(Date.now() + LEASE)}`)
      else if (signal.aborted || Date.now() - start >= wait) throw busy()
      await sleep(50 + Math.random() * 25)
    }
  } catch (error) {
    if (error instanceof SessionError) throw error
    // No storage either: each tab is alone.
    return work()
  }
  return work().finally(() => {
    if (owner() === mine) localStorage.removeItem(key)
  })
}
