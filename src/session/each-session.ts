import { onceAborted } from '../util/async.js'
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
 * @throws SessionError `invalid_options` for what is no session
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
  const undone = new AbortController()
  let startedId = ''

  const report = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      context.ports.report(error)
      return undefined
    }
  }
  const follow = (): void => {
    const id = context.liveRecord()?.id ?? ''
    if (!id || id === startedId || undone.signal.aborted || context.isClosed()) return
    startedId = id
    const own = new AbortController()
    let isStarting = true
    const end = (): void => {
      own.abort()
      if (!isStarting && stop) report(stop)
    }
    // By the session's own signal: listeners of a sign-in that replaces it are called later, when a lock is free.
    onceAborted(context.signal(), end, own.signal)
    onceAborted(undone.signal, end, own.signal)
    const stop = report(() => start({ id, signal: own.signal }))
    isStarting = false
    // The session ended while `start` ran.
    if (own.signal.aborted && stop) report(stop)
  }

  context.poll()
  follow()
  const unsubscribe = session.subscribe(follow)
  return () => {
    unsubscribe()
    undone.abort()
  }
}
