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

/** The session that a {@link SessionProvider} gave: `useContext(SessionContext)` where a component calls `extend()` or `signOut()`. */
export const SessionContext: Context<Session | undefined> = /* @__PURE__ */ createContext<Session>()

/**
 * Gives a session to all components below. Make it in a module of its own, once for the page.
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
  // What is being hydrated has to agree with what the server rendered.
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
 * The picture of the session that is given, or of the nearest {@link SessionProvider}'s, until the owner around the call is
 * disposed of. On a server, and while what it rendered is hydrated, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example What to show
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
 * Whole seconds until the end while warned, null otherwise; changes once a second, and only while warned and visible.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example A countdown
 * ```ts
 * const seconds = useRemaining()
 * ```
 */
export function useRemaining(session?: Session): Accessor<number | null> {
  return follow(session, null, remainingSeconds, watchRemaining)
}
