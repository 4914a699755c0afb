import { checkFunction } from '../util/arguments.js'
import { onceAborted } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import type { Session } from '../types.js'
import { contextOf } from './context.js'

/** One session, for what lives exactly as long. */
export interface CurrentSession {
  readonly id: string
  /** Aborts when the session ends, when another replaces it, at `destroy()`, and at the undo. */
  readonly signal: AbortSignal
}

/**
 * Runs `start` for the session that lives now and for each that follows in this tab. When a session ends or is replaced, its `signal`
 * aborts and then what `start` returned is called, in the task in which this tab learns of the end. The undo and `destroy()` do the
 * same. An error of `start`, or of what it returned, goes to `reportError`.
 *
 * @throws SessionError `invalid_options` for what is no session; the development build also for what is no function
 * @example A worker that is there while somebody is signed in, and never serves two users
 * ```ts
 * const undo = eachSession(session, () => {
 *   const worker = new Worker('/mail.js')
 *   return () => worker.terminate()
 * })
 * ```
 */
export function eachSession(session: Session, start: (current: CurrentSession) => (() => void) | void): () => void {
  const context = contextOf(session, 'eachSession')
  if (DEVELOPMENT) checkFunction('eachSession: start', start, 'takes a session that begins')
  const undone = new AbortController()
  let startedId = ''
  let endStarted = (): void => undefined
  /** Something starts or stops now, and may look at the session meanwhile: what comes next starts after it. */
  let isStarting = false
  let isEnding = false

  const report = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      context.ports.report(error)
      return undefined
    }
  }
  /** Events of the time in which something started or stopped have passed by. */
  const followLater = (): void => {
    void Promise.resolve().then(follow)
  }
  const liveId = (): string => context.liveRecord()?.id ?? ''
  const follow = (): void => {
    if (isStarting || isEnding || undone.signal.aborted || liveId() === startedId) return
    // Another tab may have replaced the session since this tab's last step.
    context.poll()
    const id = liveId()
    if (id === startedId) return
    // A prerendered page aborts no signal before it is opened.
    endStarted()
    if (!id || context.isClosed()) return
    startedId = id
    const own = new AbortController()
    isStarting = true
    const end = (): void => {
      if (isEnding) return
      isEnding = true
      own.abort()
      if (!isStarting && stop) report(stop)
      isEnding = false
      startedId = ''
      endStarted = () => undefined
      if (!isStarting) followLater()
    }
    endStarted = end
    // By the session's own signal: listeners of a sign-in that replaces it are called later, when a lock is free. Of a prerendered
    // page it may be the signal of a session before, which aborts when the page is opened.
    const watch = (): void => {
      onceAborted(
        context.signal(),
        () => {
          if (liveId() === id && !context.isClosed()) watch()
          else end()
        },
        own.signal,
      )
    }
    watch()
    onceAborted(undone.signal, end, own.signal)
    const given: unknown = report(() => start({ id, signal: own.signal }))
    // An `async` function returns a promise, which is nothing to call.
    const stop = typeof given === 'function' ? (given as () => void) : undefined
    isStarting = false
    // The session ended while `start` ran.
    if (own.signal.aborted && stop) report(stop)
    followLater()
  }

  // Another tab may have signed in a moment ago, and its storage event be on its way.
  context.poll()
  follow()
  const undos = [session.subscribe(follow), session.inspect(follow)]
  return () => {
    for (const undo of undos) undo()
    undone.abort()
  }
}
