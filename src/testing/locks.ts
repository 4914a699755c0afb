import type { Listener } from './channel.js'
import { browser, type Time } from './time.js'

/** Web Locks of one origin. */
export interface FakeLocks {
  /** False: pages have no `navigator.locks`, as on plain http. */
  isAvailable: boolean
  /** True: each request is rejected, as in a page of an opaque origin. */
  refuses: boolean
  /** How long the browser takes to grant a free lock, and to notice that a holder is gone, ms. @default { grant: 0, release: 10 } */
  readonly delay: { grant: number; release: number }
  /** Whether a lock of this name is held or requested. */
  readonly isHeld: (name: string) => boolean
  readonly isHeldBy: (tab: Listener) => boolean
  /** Whether this tab holds any lock or waits for one. */
  readonly isUsedBy: (tab: Listener) => boolean
  /** `navigator.locks` of one tab. */
  readonly of: (tab: Listener) => Pick<LockManager, 'request' | 'query'> | undefined
  /** The browser notices that a tab is gone, and releases its locks. */
  readonly release: (tab: Listener) => void
  /** Takes away the locks that a page holds or waits for, as WebKit does when the page goes into the back/forward cache. */
  readonly revoke: (tab: Listener) => void
}

interface Turn {
  readonly tab: Listener
  isHeld?: boolean
  readonly grant: () => void
  readonly reject: (reason: unknown) => void
}

interface Options {
  readonly ifAvailable?: boolean
  readonly signal?: AbortSignal
}
type Callback<T> = (lock: Lock | null) => T

/** Exclusive locks by name, granted in the order of the requests, https://w3c.github.io/web-locks/#algorithms. */
export function createLocks(time: Time): FakeLocks {
  const queues = new Map<string, Turn[]>()

  const removeTurn = (name: string, turn: Turn): void => {
    const turns = queues.get(name) ?? []
    const at = turns.indexOf(turn)
    if (at < 0) return
    turns.splice(at, 1)
    if (!turns.length) queues.delete(name)
    else if (at === 0) turns[0]?.grant()
  }
  const removeTurns = (tab: Listener, reason?: unknown): void => {
    for (const [name, turns] of [...queues])
      for (const turn of turns.filter((one) => one.tab === tab)) {
        removeTurn(name, turn)
        // The page gets the rejection when it is back.
        if (reason) time.later(tab, 0, () => turn.reject(reason))
      }
  }

  const request = <T>(tab: Listener, name: string, options: Options, work: Callback<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const { ifAvailable, signal } = options
      const later = (run: () => void): void => {
        time.later(tab, locks.delay.grant, run)
      }
      if (tab.gone) return
      if (tab.waiting) {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
        tab.waiting.push(() => void request(tab, name, options, work).then(resolve, reject))
        return
      }
      if (locks.refuses) {
        later(() => reject(new DOMException('Locks are not for this page.', 'SecurityError')))
        return
      }
      // Chromium evicts a page from the back/forward cache if others wait for its lock.
      const [holder] = queues.get(name) ?? []
      if (holder?.tab.cached) holder.tab.evict?.()
      const isFree = !queues.has(name)
      if (ifAvailable && !isFree) {
        later(() => resolve(work(null)))
        return
      }
      const abort = (): void => {
        removeTurn(name, turn)
        reject(signal?.reason as Error)
      }
      const turn: Turn = {
        tab,
        reject,
        grant: () =>
          later(() => {
            // The request may have been aborted, or revoked, in the meantime.
            if (!queues.get(name)?.includes(turn)) return
            turn.isHeld = true
            // The signal has no effect on a lock that is granted.
            signal?.removeEventListener('abort', abort)
            const result = new Promise<T>((done) => done(work({ name, mode: 'exclusive' })))
            const release = (): Promise<void> =>
              new Promise((free) => {
                time.later(browser, locks.delay.grant, () => {
                  removeTurn(name, turn)
                  later(free)
                })
              })
            // The promise settles after the lock is free. Not `resolve(result)`: then `revoke` could not reject any more.
            result.finally(release).then(resolve, reject)
          }),
      }
      if (signal?.aborted) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort)
      queues.set(name, [...(queues.get(name) ?? []), turn])
      if (isFree) turn.grant()
    })

  const query = (tab: Listener): Promise<LockManagerSnapshot> =>
    new Promise((resolve, reject) => {
      if (tab.gone) return
      if (tab.waiting) tab.waiting.push(() => void query(tab).then(resolve, reject))
      else
        time.later(tab, locks.delay.grant, () => {
          if (locks.refuses) reject(new DOMException('Locks are not for this page.', 'SecurityError'))
          else resolve({ held: [...queues].flatMap(([name, [turn]]) => (turn?.isHeld ? [{ name }] : [])), pending: [] })
        })
    })

  const locks: FakeLocks = {
    isAvailable: true,
    refuses: false,
    delay: { grant: 0, release: 10 },
    isHeld: (name) => queues.has(name),
    isHeldBy: (tab) => [...queues.values()].some(([holder]) => holder?.tab === tab),
    isUsedBy: (tab) => [...queues.values()].flat().some((turn) => turn.tab === tab),
    of: (tab) =>
      locks.isAvailable
        ? {
            request: <T>(name: string, second: Options | Callback<T>, third?: Callback<T>) =>
              third ? request(tab, name, second as Options, third) : request(tab, name, {}, second as Callback<T>),
            query: () => query(tab),
          }
        : undefined,
    release(tab) {
      time.later(browser, locks.delay.release, () => removeTurns(tab))
    },
    revoke(tab) {
      removeTurns(tab, new DOMException('The page is not shown any more.', 'AbortError'))
    },
  }
  return locks
}
