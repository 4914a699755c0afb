import { isSessionError } from '../errors.js'
import { DEVELOPMENT } from '../util/development.js'
import { attempt, type ConnectionParts } from './attempt.js'
import { until } from './until.js'

/** The back-off: the first wait is at most `FIRST` ms, each further one may be twice as long, up to `LONGEST`. */
const FIRST = 1e3
const LONGEST = 3e4
/** A connection that was up for so long ends a row of failures. A server that accepts and closes at once does not. */
const STABLE = 5e3

/** The connections of one session in this tab, one after the other. */
export interface Connections {
  /** Connects again and again until `signal` aborts. */
  readonly keep: (signal: AbortSignal) => Promise<void>
  /** The network is back: the next try comes soon. */
  readonly online: () => void
}

/** 3000 is Unauthorized: https://www.iana.org/assignments/websocket. */
const isRefusal = (reason: unknown): boolean => {
  const { code, status } = Object(reason) as { readonly code?: unknown; readonly status?: unknown }
  return status === 401 || [3000, 4401, 4403].includes(code as number)
}

const noop = (): void => undefined

export function createConnections(parts: ConnectionParts): Connections {
  const { session, context, id, options, gate, tell } = parts
  const { ports } = context
  let failures = 0
  let refusal: { readonly reason: unknown } | undefined
  let online = noop

  /** Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. */
  const backOff = async (reason: unknown, signal: AbortSignal): Promise<void> => {
    // `navigator.onLine` may be wrong for good: it makes the wait longer, and no more than that.
    const ms = ports.online() ? ports.random() * Math.min(LONGEST, FIRST * 2 ** failures++) : LONGEST
    const retryAt = ports.wallNow() + ms
    tell('waiting', { retryAt, reason })
    let again: Promise<void> | undefined
    await until(signal, (done) => {
      online = () => {
        online = noop
        failures = 0
        again = backOff(reason, signal)
        done()
      }
      return ports.after(ms, done)
    })
    if (!again) online = noop
    await again
  }
  const isRefused = (reason: unknown): boolean => {
    try {
      // Not a promise, which an `async` function returns for each reason.
      const result: unknown = options.isRefused ? options.isRefused(reason) : isRefusal(reason)
      return result === true
    } catch (error) {
      ports.report(error)
      return false
    }
  }
  const loop = async (signal: AbortSignal): Promise<void> => {
    const isOver = (): boolean => signal.aborted
    let waited: object = {}
    while (!isOver() && !refusal) {
      if (!gate.isOpen()) tell('waiting', waited)
      await gate.opening(signal)
      if (isOver()) return
      const { reason, used, lasted } = await attempt(parts, signal)
      if (isOver()) return
      waited = { reason }
      if (lasted >= STABLE) failures = 0
      if (isRefused(reason)) {
        if (!gate.refuse(used)) refusal = { reason }
      } else if (isSessionError(reason) && reason.code === 'no_tokens') {
        tell('waiting', waited)
        await until(signal, (done) => session.on('refreshed', done))
      } else if (gate.isOpen()) await backOff(reason, signal)
    }
    if (isOver()) return
    tell('refused', refusal)
    // Keeps the lock: other tabs would be refused as well.
    await until(signal, () => noop)
  }
  /** Runs the loop while no other tab of the device does. */
  const alone = async (signal: AbortSignal): Promise<void> => {
    let work: Promise<void> | undefined
    const locks = ports.locks ? ports.locks() : (navigator as { locks?: LockManager }).locks
    tell('waiting')
    await locks
      ?.request(`${context.key}:connect:${options.name ?? ''}:${id}`, { signal }, () => (work = loop(signal)))
      // WebKit takes the lock from a page that it puts into the back/forward cache.
      .catch(noop)
    if (!work && !signal.aborted) {
      context.degraded('locks', DEVELOPMENT && 'Each tab has a connection of its own.')
      work = loop(signal)
    }
    await work
  }
  return {
    keep: (signal) => (options.one === 'device' ? alone(signal) : loop(signal)),
    online: () => online(),
  }
}
