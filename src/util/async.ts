import { sessionError } from '../errors.js'
import { DEVELOPMENT } from './development.js'

/**
 * Calls `listener` when `signal` aborts, unless `until` has aborted before. The option `signal` of a listener would do the same, but
 * Node forgets it where a target has several such listeners: https://github.com/nodejs/node/issues/63954.
 */
export function onceAborted(signal: AbortSignal, listener: () => void, until: AbortSignal): void {
  signal.addEventListener('abort', listener)
  until.addEventListener('abort', () => {
    signal.removeEventListener('abort', listener)
  })
}

/**
 * Runs `work` for a limited time: rejects with `timeout` after `ms`, with `signed_out` as soon as `parent` aborts, and then aborts
 * the signal that the work was given, and in no other case: a page that is being left may send a request and not wait for it.
 * `AbortSignal.any` and `.timeout` are newer than the browsers that the library supports.
 */
export function withTimeout<T>(
  after: (ms: number, callback: () => void) => () => void,
  ms: number,
  parent: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  const over = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const stop = (error: Error): void => {
      reject(error)
      over.abort()
      own.abort()
    }
    const onAbort = (): void => {
      stop(sessionError('signed_out', DEVELOPMENT && 'The session ended before this was done.'))
    }
    const expire = (): void => {
      stop(sessionError('timeout', DEVELOPMENT && 'No answer in time. Nothing is lost: try again later.'))
    }
    // Two timers of half the time: after a page was blocked (`alert()`, printing), a timer that is due fires before a response
    // that has arrived is delivered. One timer would reject it, and the refresh token, used by then, would be sent again.
    let clear = after(ms / 2, () => {
      clear = after(ms / 2, expire)
    })
    over.signal.addEventListener('abort', () => {
      clear()
    })
    if (parent) onceAborted(parent, onAbort, over.signal)
    if (parent?.aborted) onAbort()
    else
      work(own.signal)
        .then(resolve, reject)
        .finally(() => {
          over.abort()
        })
  })
}

/** Resolves after `ms`, or as soon as `parent` aborts. */
export const sleep = (
  after: (ms: number, callback: () => void) => () => void,
  ms: number,
  parent: AbortSignal,
): Promise<unknown> => withTimeout(after, ms, parent, () => new Promise(() => undefined)).catch(() => undefined)

/**
 * Settles as `work` does, or rejects as soon as `signal` aborts. The work itself goes on, for other callers. `reason` gives the error
 * to reject with, in place of the signal's own.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, reason?: () => Error): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      // Chrome has `reason` since 98.
      reject(
        reason?.() ??
          (signal.reason as Error | undefined) ??
          new DOMException('The caller stopped waiting.', 'AbortError'),
      )
    }
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop)
    })
  })
}

/**
 * The back-off after a failed call, ms: exponential, with jitter, at most a minute. During ten seconds of 503 it makes five calls.
 *
 * @param random 0 ≤ x < 1: the wait is between three quarters of the full one and all of it.
 * @example Without jitter
 * ```ts
 * [0, 1, 2, 3].map((failures) => backoff(failures, () => 1)) // [800, 1600, 3200, 6400]
 * ```
 */
export const backoff = (failures: number, random: () => number): number =>
  Math.min(6e4, 800 * 2 ** failures) * (0.75 + random() / 4)
