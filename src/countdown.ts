import type { Session } from './types.js'
import { checkFunction, checkSession } from './util/arguments.js'
import { DEVELOPMENT } from './util/development.js'
import { hasOwnTime, sessionTime } from './util/session-time.js'

type Watch = (listener: () => void) => () => void

const watches = new WeakMap<Session, Watch>()

/** Ms; NaN while nothing is about to end. */
function leftOf(session: Session): number {
  const snapshot = session.getSnapshot()
  return snapshot.phase === 'warning' ? Math.max(0, snapshot.endAt - sessionTime(session).now()) : NaN
}

/**
 * Whole seconds until the end while warned, the one that has begun included; null otherwise. Reads the session's own clock and
 * changes nothing: safe during a render, and null on a server.
 */
export function remainingSeconds(session: Session): number | null {
  if (DEVELOPMENT) checkSession('remainingSeconds', session)
  const seconds = Math.ceil(leftOf(session) / 1000)
  return seconds >= 0 ? seconds : null
}

/** One timer for all who watch one session. */
function createWatch(session: Session): Watch {
  const told = new Set<() => void>()
  let shown: number | null = null
  let cancelTimer: (() => void) | undefined
  let stop: (() => void) | null = null

  /** What was left when the timer was set. */
  let before = NaN

  const look = (): void => {
    cancelTimer?.()
    const left = leftOf(session)
    if (!told.size) {
      stop?.()
      stop = null
    } else if (left && !(globalThis as Partial<typeof globalThis>).document?.hidden) {
      // At the turn of the second. A timer that rings too early finds the same second, and waits for the rest of it.
      before = left
      cancelTimer = sessionTime(session).after(left % 1000 || 1000, ring)
    }
    const seconds = remainingSeconds(session)
    if (seconds === shown) return
    shown = seconds
    // Each on its own: what one throws is reported, and hurts nobody else.
    for (const tell of told) queueMicrotask(tell)
  }
  const ring = (): void => {
    const left = leftOf(session)
    // The machine slept past the end, or the clock was set back: the session's own timer may ring much later.
    // https://github.com/jamf/JAWA/pull/67, https://github.com/Max-Herbold/AllCallTimersDiscordPlugin/issues/59
    if (!left || left > before) session.check()
    look()
  }

  return (listener) => {
    const tell = (): void => {
      if (told.has(tell)) listener()
    }
    told.add(tell)
    // A session takes a step at whatever changes it, and at each sign that time has passed, or that the page is shown or hidden.
    stop ??= session.inspect(look)
    look()
    return () => {
      told.delete(tell)
      look()
    }
  }
}

/**
 * Calls `listener` a moment after {@link remainingSeconds} became another: at the turn of the second that is shown, so at most
 * once a second, only while warned and while the page is visible. All who watch a session share one timer, which runs only
 * then. Returns the undo.
 *
 * @example A countdown of your own
 * ```ts
 * const undo = watchRemaining(session, () => {
 *   counter.textContent = String(remainingSeconds(session) ?? '')
 * })
 * ```
 */
export function watchRemaining(session: Session, listener: () => void): () => void {
  if (DEVELOPMENT) {
    checkSession('watchRemaining', session)
    checkFunction('watchRemaining: listener', listener, 'shows the seconds')
  }
  // On a server nothing comes, and some frameworks undo nothing there: what is kept for the listener would stay.
  // https://github.com/tailwindlabs/headlessui/issues/3747
  const hasDocument = !!(globalThis as Partial<typeof globalThis>).document
  if (session.getSnapshot().phase === 'loading' && !hasDocument && !hasOwnTime(session)) return () => undefined
  const watch = watches.get(session) ?? createWatch(session)
  watches.set(session, watch)
  return watch(listener)
}
