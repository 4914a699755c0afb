import { isSessionError } from '../errors.js'
import { onceAborted } from '../util/async.js'
import { attempt, type AttemptParts } from './attempt.js'
import type { ConnectOptions } from './types.js'

/** The back-off: the first wait is at most `FIRST` ms, each further one may be twice as long, up to `LONGEST`. */
const FIRST = 1e3
const LONGEST = 3e4
/** A connection that was up for so long ends a row of failures. A server that accepts and closes at once does not. */
const STABLE = 5e3

/** The connections of one session in this tab, one after the other. */
export interface KeepOpen {
  /** Connects again and again until `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** The network is back: the next try comes soon. */
  readonly online: () => void
}

/** https://developer.mozilla.org/docs/Web/API/WebSocket/close_event, https://www.iana.org/assignments/websocket: 3000 is Unauthorized. */
const isRefusal = (reason: unknown): boolean => {
  const { code, status } = Object(reason) as { readonly code?: unknown; readonly status?: unknown }
  return status === 401 || code === 3000 || code === 4401 || code === 4403
}

const noop = (): void => undefined

export function createKeepOpen(parts: AttemptParts, options: ConnectOptions): KeepOpen {
  const { context, id, gate, tell } = parts
  const { ports } = context
  const { one, name = '' } = options
  const isRefused = (reason: unknown): boolean => (options.isRefused ? options.isRefused(reason) : isRefusal(reason))
  let wake = noop
  let refusal: { readonly reason: unknown } | undefined

  /** Resolves after `ms`, when `signal` aborts, or with true as soon as the network is back. */
  const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      const done = new AbortController()
      const end = (isBack: boolean): void => {
        done.abort()
        cancel()
        wake = noop
        resolve(isBack)
      }
      const cancel = ports.after(ms, () => end(false))
      wake = () => end(true)
      onceAborted(signal, () => end(false), done.signal)
    })

  /** Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. Returns the number of failures. */
  const backOff = async (failures: number, reason: unknown, signal: AbortSignal): Promise<number> => {
    // `navigator.onLine` may be wrong for good: it makes the wait longer, and no more than that.
    const ms = ports.online() ? ports.random() * Math.min(LONGEST, FIRST * 2 ** failures) : LONGEST
    tell({ state: 'waiting', retryAt: ports.wallNow() + ms, reason })
    const isBack = await pause(ms, signal)
    return isBack && !signal.aborted ? backOff(0, reason, signal) : failures + 1
  }

  const loop = async (signal: AbortSignal): Promise<void> => {
    let failures = 0
    let reason: unknown
    const isOver = (): boolean => signal.aborted
    while (!isOver() && !refusal) {
      if (!gate.isOpen()) {
        tell({ state: 'waiting', reason })
        await gate.wait(signal)
        continue
      }
      const outcome = await attempt(parts, signal)
      if (isOver()) return
      reason = outcome.reason
      if (isRefused(reason)) {
        if (!gate.refused(outcome.used)) refusal = { reason }
        continue
      }
      if (isSessionError(reason) && reason.code === 'no_tokens') gate.missed()
      if (outcome.lasted >= STABLE) failures = 0
      if (gate.isOpen()) failures = await backOff(failures, reason, signal)
    }
    if (isOver() || !refusal) return
    tell({ state: 'refused', ...refusal })
    // Keeps the lock: other tabs would be refused as well.
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve)
    })
  }

  /** Runs `work` while no other tab of the device does. */
  const alone = async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    const locks = ports.locks ? ports.locks() : (navigator as { locks?: LockManager }).locks
    let isStarted = false
    const start = (): Promise<void> => {
      isStarted = true
      return work()
    }
    const fallBack = async (): Promise<void> => {
      // WebKit takes the lock from a page that it puts into the back/forward cache.
      if (isStarted || signal.aborted) return
      context.degraded('locks', 'Each tab has a connection of its own.')
      await start()
    }
    tell({ state: 'waiting' })
    await (locks
      ? locks.request(`${context.key}:connect:${name}:${id}`, { signal }, start).catch(fallBack)
      : fallBack())
  }

  return {
    run: (signal) => (one === 'device' ? alone(() => loop(signal), signal) : loop(signal)),
    online: () => wake(),
  }
}
