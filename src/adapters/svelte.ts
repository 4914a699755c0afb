import { getContext, setContext } from 'svelte'
import { createSubscriber } from 'svelte/reactivity'
import type { Readable } from 'svelte/store'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'

/** Where {@link provideSession} puts the session: `getContext(sessionKey)` where a component calls `extend()` or `signOut()`. */
export const sessionKey: unique symbol = Symbol('sojourn')

/**
 * A value that changes by itself. In templates, `$derived` and `$effect` read `current`; whoever prefers stores writes `$value`,
 * or passes it on to what takes one. It listens to the session only while somebody reads it so, and needs no cleaning up.
 */
export interface Live<T> extends Readable<T> {
  readonly current: T
}

/**
 * Gives a session to the component that calls this while it is set up, and to all below it. Returns the session.
 *
 * @example In the outermost component
 * ```ts
 * provideSession(session)
 * ```
 */
export function provideSession(session: Session): Session {
  return setContext(sessionKey, session)
}

function live<T>(
  given: Session | undefined,
  read: (session: Session) => T,
  watch: (session: Session, listener: () => void) => () => void,
): Live<T> {
  const session = given ?? getContext<Session | undefined>(sessionKey)
  if (!session)
    throw sessionError('invalid_options', 'There is no session here: call provideSession(session) above, or pass it.')
  const track = createSubscriber((update) => watch(session, update))
  return {
    get current() {
      track()
      return read(session)
    },
    subscribe(run) {
      const notify = (): void => {
        run(read(session))
      }
      notify()
      return watch(session, notify)
    },
  }
}

/**
 * The picture of the session that is given, or of the one from {@link provideSession}. On a server the phase is `loading`.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example What to show
 * ```ts
 * const snapshot = useSession()
 * const isSignedOut = () => snapshot.current.phase === 'signedOut'
 * ```
 */
export function useSession(session?: Session): Live<Snapshot> {
  return live(
    session,
    (one) => one.getSnapshot(),
    (one, listener) => one.subscribe(listener),
  )
}

/**
 * Whole seconds until the end while warned, null otherwise; changes once a second, and only while warned and visible.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example A countdown
 * ```ts
 * const seconds = useRemaining()
 * ```
 */
export function useRemaining(session?: Session): Live<number | null> {
  return live(session, remainingSeconds, watchRemaining)
}
