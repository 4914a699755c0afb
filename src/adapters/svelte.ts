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

/** What the server knew, and whether the page still shows it. */
interface Initial {
  readonly snapshot: Snapshot
  isShown: boolean
}

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
  const first = initial && { snapshot: initial, isShown: true }
  setContext<Initial | undefined>(initialKey, first)
  // Svelte does not say when it hydrates: it does so in one go, which began above. A component that is made later has no server to match.
  if (first)
    queueMicrotask(() => {
      first.isShown = false
    })
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

/** What the server knew of this session, where that is the provided one. */
function initialOf(session: Session): Initial | undefined {
  try {
    return getContext(sessionKey) === session ? getContext<Initial | undefined>(initialKey) : undefined
  } catch {
    // Outside of any component.
    return undefined
  }
}

/** `valuesOf`: what is shown until the components are hydrated, where the server knew something, and what the session knows. */
function live<T>(
  session: Session,
  valuesOf: (known?: Snapshot) => { readonly first: T; readonly read: () => T },
  watch: (listener: () => void) => () => void,
): Live<T> {
  const initial = initialOf(session)
  const { first, read } = valuesOf(initial?.snapshot)
  const value = (): T => (initial?.isShown ? first : read())
  /** Shows what the session knows, once the first render is done. */
  const follow = (update: () => void): (() => void) => {
    let isStopped = false
    const updateLater = (): void => {
      queueMicrotask(() => {
        if (!isStopped) update()
      })
    }
    if (initial?.isShown) updateLater()
    const stop = watch(() => {
      try {
        update()
      } catch {
        // A `$derived` or a template that looks at the session has found a change, and may write no state.
        updateLater()
      }
    })
    return () => {
      isStopped = true
      stop()
    }
  }
  const track = createSubscriber(follow)
  return {
    get current() {
      track()
      return value()
    },
    subscribe(run) {
      const notify = (): void => {
        run(value())
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
  return live(
    found,
    (known) => createViews(found, known),
    (listener) => found.subscribe(listener),
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
  const found = requireSession(session)
  return live(
    found,
    () => ({ first: null, read: () => remainingSeconds(found) }),
    (listener) => watchRemaining(found, listener),
  )
}
