import { sessionError } from '../errors.js'
import { DEVELOPMENT } from './development.js'

/**
 * Calls `listener` when `signal` aborts, unless `until` has aborted before. By hand, because Node forgets the `signal` of a
 * listener where its target has several: https://github.com/nodejs/node/issues/63954.
 */
export function onceAborted(signal: AbortSignal, listener: () => void, until: AbortSignal): void {
  signal.addEventListener('abort', listener)
  until.addEventListener('abort', () => {
    signal.removeEventListener('abort', listener)
  })
}

/**
 * Work with a limit: rejects with `timeout` after `ms`, with `signed_out` as soon as `parent` aborts, and aborts the
 * signal that the work was given. By hand, because `AbortSignal.any` and `.timeout` are newer than our floor of support.
 */
export function withTimeout<T>(
  after: (ms: number, callback: () => void) => () => void,
  ms: number,
  parent: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(sessionError('signed_out', DEVELOPMENT && 'The session ended before this was done.'))
      own.abort()
    }
    const expire = (): void => {
      reject(sessionError('timeout', DEVELOPMENT && 'No answer in time. Nothing is lost: try again later.'))
      own.abort()
    }
    // In two halves: a page that was busy (`alert()`, printing) finds a timer due before it is handed the answer that lies
    // ready, and would ask again with a refresh token that has been used.
    let clear = after(ms / 2, () => {
      clear = after(ms / 2, expire)
    })
    own.signal.addEventListener('abort', () => {
      clear()
    })
    if (parent) onceAborted(parent, onAbort, own.signal)
    if (parent?.aborted) onAbort()
    else
      work(own.signal)
        .then(resolve, reject)
        .finally(() => {
          own.abort()
        })
  })
}

/** Lets time pass, less where `parent` aborts. */
export const sleep = (
  after: (ms: number, callback: () => void) => () => void,
  ms: number,
  parent: AbortSignal,
): Promise<unknown> => withTimeout(after, ms, parent, () => new Promise(() => undefined)).catch(() => undefined)

/**
 * `work`, unless `signal` aborts first; what it waited for goes on for the others. `reason`: what it then rejects with, in place
 * of the signal's own.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, reason?: () => Error): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      // Chrome before 98 knows no `reason`.
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

/** What a failed call waits before the next, ms: exponential, with jitter, at most a minute. Ten seconds of 503 take five calls. */
export const backoff = (failures: number, random: () => number): number =>
  Math.min(6e4, 800 * 2 ** failures) * (0.75 + random() / 4)
