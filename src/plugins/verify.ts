import type { SessionContext } from '../session/context.js'
import type { Locks } from './locks.js'
import { sleep } from '../util/async.js'
import { lockWait, PROPAGATION_DELAY } from '../util/timing.js'

/** At most one question in so many ms, whichever tabs ask for it. */
const BETWEEN_QUESTIONS = 5e3
/** A free lock is granted in less, ms. */
const FREE_LOCK = 20

/**
 * The `verify` hook of a plugin: a question to the server, once for all tabs, at most once per 5 s. A call that comes within 5 s of
 * a question is not answered by that: what it was called for may have happened since. It waits until the 5 s are over. Only calls
 * of the same moment in other tabs share a question, because one push reaches the tabs one after the other. The tab that asked sees
 * what comes after its question, and asks again.
 *
 * @param ask Claims the question in the record (`askedAt`), and asks. The session ends if the server says so.
 */
export function createVerify(
  context: SessionContext,
  { serverLock }: Locks,
  ask: (id: string) => Promise<unknown>,
): (id: string) => Promise<void> {
  const { ports, config } = context
  /** When this tab asked last. */
  let ownAskedAt = 0

  return async (id) => {
    const calledAt = context.now()
    /** How long ago the last question was; Infinity where that one answers this call. */
    const sinceLast = (): number => {
      const { askedAt } = context.requireLive(id)
      return askedAt < calledAt - (askedAt === ownAskedAt ? 0 : PROPAGATION_DELAY) ? context.now() - askedAt : Infinity
    }
    /** Resolves with how long this call has to wait, and whether its question was asked. */
    const takeTurn = async (wantedAt: number): Promise<{ readonly wait: number; readonly isAsked: boolean }> => {
      // What the tab wrote that had the lock before has to arrive here.
      if (sinceLast() < Infinity && context.now() > wantedAt + FREE_LOCK)
        await sleep(ports.after, PROPAGATION_DELAY, context.signal())
      const since = sinceLast()
      // Another tab has asked: its outcome has to arrive here.
      if (since === Infinity) return { wait: PROPAGATION_DELAY, isAsked: true }
      if (since < BETWEEN_QUESTIONS) return { wait: BETWEEN_QUESTIONS - since, isAsked: false }
      const asking = ask(id)
      ownAskedAt = context.liveRecord()?.askedAt ?? 0
      await asking
      return { wait: 0, isAsked: true }
    }
    try {
      for (let isDone = false; !isDone;) {
        const wantedAt = context.now()
        const { wait, isAsked } = await serverLock(() => takeTurn(wantedAt), lockWait(config.requestTimeout))
        if (wait) await sleep(ports.after, wait, context.signal())
        isDone = isAsked
      }
    } catch {
      // No answer. Where the session is over, the record says so.
    }
  }
}
