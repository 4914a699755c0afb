import {
  createComponent,
  createContext,
  createSignal,
  onCleanup,
  onMount,
  sharedConfig,
  useContext,
  type Accessor,
  type Context,
  type JSX,
} from 'solid-js'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'
import { DEVELOPMENT } from '../util/development.js'
import { createViews, type SessionView } from '../util/session-view.js'

export type { SessionView } from '../util/session-view.js'

/** The session of the nearest {@link SessionProvider}. */
export const SessionContext: Context<Session | undefined> = /* @__PURE__ */ createContext<Session>()

const InitialContext = /* @__PURE__ */ createContext<Snapshot>()

/**
 * Provides a session to all components below. Create the session in a module of its own, once for the page.
 *
 * @example Around the application
 * ```ts
 * render(() => SessionProvider({ session, get children() { return App() } }), document.body)
 * ```
 *
 * `initial` is what the server knew when it rendered the page: the components show it on the server, and in the page until they
 * are hydrated and the session knows better. Without it they show `loading`.
 *
 * @example On a server that has found nobody signed in
 * ```ts
 * SessionProvider({ session, initial: { phase: 'signedOut', reason: null, endedAt: null }, get children() { return App() } })
 * ```
 */
export function SessionProvider(props: {
  readonly session: Session
  readonly initial?: Snapshot | undefined
  readonly children?: JSX.Element
}): JSX.Element {
  return createComponent(SessionContext.Provider, {
    value: props.session,
    get children() {
      return createComponent(InitialContext.Provider, {
        value: props.initial,
        get children() {
          return props.children
        },
      })
    },
  })
}

function requireSession<S extends Session>(given: S | undefined): S {
  // The application says which kind of session it has provided.
  const session = given ?? (useContext(SessionContext) as S | undefined)
  if (typeof session?.getSnapshot === 'function') return session
  throw sessionError(
    'invalid_options',
    DEVELOPMENT && 'There is no <SessionProvider> above: add one, or pass the session.',
  )
}

/** `first`: on a server, and in the first render of a page that one rendered. */
function follow<T>(first: T, read: () => T, watch: (listener: () => void) => () => void): Accessor<T> {
  // During hydration the first value has to match the one that the server rendered.
  const isHydrated = !!sharedConfig.context
  const [shown, setShown] = createSignal(isHydrated ? first : read())
  const show = (): void => {
    setShown(read)
  }
  if (isHydrated) onMount(show)
  onCleanup(watch(show))
  return shown
}

/**
 * The snapshot with its session: of the given one, or of that of the nearest {@link SessionProvider}. It is updated until the owner
 * around the call is disposed of. On a server, and during hydration, it is the provider's `initial`, or `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase, and a sign-out
 * ```ts
 * const view = useSession()
 * const isSignedOut = () => view().phase === 'signedOut'
 * const leave = () => view().session.signOut()
 * ```
 */
export function useSession<S extends Session = Session>(session?: S): Accessor<SessionView<S>> {
  const found = requireSession(session)
  const initial = useContext(SessionContext) === found ? useContext(InitialContext) : undefined
  const { first, read } = createViews(found, initial)
  return follow(first, read, (listener) => found.subscribe(listener))
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
export function useRemaining(session?: Session): Accessor<number | null> {
  const found = requireSession(session)
  return follow(
    null,
    () => remainingSeconds(found),
    (listener) => watchRemaining(found, listener),
  )
}
