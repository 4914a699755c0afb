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

/** The session of the nearest {@link SessionProvider}: a component that calls `extend()` or `signOut()` gets it by `useContext(SessionContext)`. */
export const SessionContext: Context<Session | undefined> = /* @__PURE__ */ createContext<Session>()

/**
 * Provides a session to all components below. Create the session in a module of its own, once for the page.
 *
 * @example Around the application
 * ```ts
 * render(() => SessionProvider({ session, get children() { return App() } }), document.body)
 * ```
 */
export function SessionProvider(props: { readonly session: Session; readonly children?: JSX.Element }): JSX.Element {
  return createComponent(SessionContext.Provider, {
    value: props.session,
    get children() {
      return props.children
    },
  })
}

function follow<T>(
  given: Session | undefined,
  onServer: T,
  read: (session: Session) => T,
  watch: (session: Session, listener: () => void) => () => void,
): Accessor<T> {
  const session = given ?? useContext(SessionContext)
  if (!session)
    throw sessionError('invalid_options', 'There is no <SessionProvider> above: add one, or pass the session.')
  // During hydration the first value has to match the one that the server rendered.
  const isHydrated = !!sharedConfig.context
  const [shown, setShown] = createSignal(isHydrated ? onServer : read(session))
  const show = (): void => {
    setShown(() => read(session))
  }
  if (isHydrated) onMount(show)
  onCleanup(watch(session, show))
  return shown
}

/**
 * The snapshot of the given session, or of that of the nearest {@link SessionProvider}. It is updated until the owner around the
 * call is disposed of. On a server, and during hydration, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase
 * ```ts
 * const snapshot = useSession()
 * const isSignedOut = () => snapshot().phase === 'signedOut'
 * ```
 */
export function useSession(session?: Session): Accessor<Snapshot> {
  return follow<Snapshot>(
    session,
    { phase: 'loading' },
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
export function useRemaining(session?: Session): Accessor<number | null> {
  return follow(session, null, remainingSeconds, watchRemaining)
}
