import { getContext, setContext } from 'svelte'
import { createSubscriber } from 'svelte/reactivity'
import type { Readable } from 'svelte/store'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'

/** The key of {@link provideSession}: a component that calls `extend()` or `signOut()` gets the session by `getContext(sessionKey)`. */
export const sessionKey: unique symbol = Symbol('sojourn')

/**
 * A reactive value. Read `current` in templates, `$derived` and `$effect`. It is also a store: write `$value`, or pass it to a
 * function that takes a store. It listens to the session only while it is read in one of these ways, and needs no cleanup.
 */
export interface Live<T> extends Readable<T> {
  readonly current: T
}

/**
 * Provides a session to the component whose setup calls this, and to all components below it. Returns the session.
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
 * The snapshot of the given session, or of the one from {@link provideSession}. On a server the phase is `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase
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
 * Whole seconds until the end during a warning, null otherwise. The value changes once a second, only during a warning and while
 * the page is visible.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example A countdown
 * ```ts
 * const seconds = useRemaining()
 * ```
 */
export function useRemaining(session?: Session): Live<number | null> {
  return live(session, remainingSeconds, watchRemaining)
}
