import { getContext, setContext } from 'svelte'
import { createSubscriber } from 'svelte/reactivity'
import type { Readable } from 'svelte/store'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'
import { DEVELOPMENT } from '../util/development.js'
import { createViews, type SessionView } from '../util/session-view.js'

export type { SessionView } from '../util/session-view.js'

/** The key of {@link provideSession}: `getContext(sessionKey)` is the session. */
export const sessionKey: unique symbol = Symbol('sojourn')

const initialKey = Symbol('sojourn initial')

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
 *
 * `initial` is what the server knew when it rendered the page: the components show it on the server, and in the page until they
 * are hydrated and the session knows better. Without it they show `loading` on the server.
 *
 * @example On a server that has found nobody signed in
 * ```ts
 * provideSession(session, { phase: 'signedOut', reason: null, endedAt: null })
 * ```
 */
export function provideSession<S extends Session>(session: S, initial?: Snapshot): S {
  setContext(initialKey, initial)
  return setContext(sessionKey, session)
}

function requireSession<S extends Session>(given: S | undefined): S {
  const session = given ?? getContext<S | undefined>(sessionKey)
  if (typeof session?.getSnapshot === 'function') return session
  throw sessionError(
    'invalid_options',
    DEVELOPMENT && 'There is no session here: call provideSession(session) above, or pass it.',
  )
}

/** `first`: is shown until the components are hydrated. */
function live<T>(read: () => T, watch: (listener: () => void) => () => void, first?: T): Live<T> {
  let isFirst = first !== undefined
  const current = (): T => (isFirst ? (first as T) : read())
  /** Shows what the session knows, once the first render is done: Svelte does not say when it hydrates. */
  const follow = (update: () => void): (() => void) => {
    let isStopped = false
    if (isFirst)
      queueMicrotask(() => {
        isFirst = false
        if (!isStopped) update()
      })
    const stop = watch(update)
    return () => {
      isStopped = true
      stop()
    }
  }
  const track = createSubscriber(follow)
  return {
    get current() {
      track()
      return current()
    },
    subscribe(run) {
      const notify = (): void => {
        run(current())
      }
      notify()
      return follow(notify)
    },
  }
}

/**
 * The snapshot with its session: of the given one, or of the one from {@link provideSession}. On a server, and during hydration, it
 * is what `provideSession` was given as `initial`. Without that it is `loading` on a server.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase, and a sign-out
 * ```ts
 * const view = useSession()
 * const isSignedOut = () => view.current.phase === 'signedOut'
 * const leave = () => view.current.session.signOut()
 * ```
 */
export function useSession<S extends Session = Session>(session?: S): Live<SessionView<S>> {
  const found = requireSession(session)
  const initial = session ? undefined : getContext<Snapshot | undefined>(initialKey)
  const { first, read } = createViews(found, initial)
  return live(read, (listener) => found.subscribe(listener), initial && first)
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
  const found = requireSession(session)
  return live(
    () => remainingSeconds(found),
    (listener) => watchRemaining(found, listener),
  )
}
