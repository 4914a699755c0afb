import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
  type Context,
  type ReactElement,
  type ReactNode,
} from 'react'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'
import { DEVELOPMENT } from '../util/development.js'
import { createViews, type SessionView } from '../util/session-view.js'

export type { SessionView } from '../util/session-view.js'

/** The session of the nearest {@link SessionProvider}. */
export const SessionContext: Context<Session | null> = /* @__PURE__ */ createContext<Session | null>(null)

const InitialContext = /* @__PURE__ */ createContext<Snapshot | undefined>(undefined)

/**
 * Provides a session to all components below. Create the session in a module of its own, once for the page: React may call a
 * component twice (StrictMode), and each call would create another session.
 *
 * @example Around the application
 * ```ts
 * createRoot(document.body).render(createElement(SessionProvider, { session }, createElement(App)))
 * ```
 *
 * `initial` is what the server knew when it rendered the page: the components show it on the server, and in the page until they
 * are hydrated and the session knows better. Only the first value counts. Without it they show `loading`.
 *
 * @example On a server that has found nobody signed in
 * ```ts
 * createElement(SessionProvider, { session, initial: { phase: 'signedOut', reason: null, endedAt: null } }, createElement(App))
 * ```
 */
export function SessionProvider(props: {
  readonly session: Session
  readonly initial?: Snapshot | undefined
  readonly children?: ReactNode
}): ReactElement {
  const [initial] = useState(props.initial)
  const inner = createElement(InitialContext.Provider, { value: initial }, props.children)
  return createElement(SessionContext.Provider, { value: props.session }, inner)
}

function useRequiredSession<S extends Session>(session: S | undefined): S {
  const provided = useContext(SessionContext)
  // The application says which kind of session it has provided.
  const found = session ?? (provided as S | null)
  if (typeof found?.getSnapshot !== 'function')
    throw sessionError(
      'invalid_options',
      DEVELOPMENT && 'There is no <SessionProvider> above: add one, or pass the session.',
    )
  return found
}

/**
 * The snapshot with its session: of the given one, or of that of the nearest {@link SessionProvider}. The component renders again
 * with each new snapshot. On a server, and during hydration, it is the provider's `initial`, or `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase, and a button
 * ```ts
 * const { phase, session } = useSession()
 * const button = createElement('button', { onClick: () => session.signOut() }, 'Sign out')
 * ```
 */
export function useSession<S extends Session = Session>(session?: S): SessionView<S> {
  const found = useRequiredSession(session)
  const initial = useContext(InitialContext)
  const isProvided = useContext(SessionContext) === found
  const { first, read } = useMemo(
    () => createViews(found, isProvided ? initial : undefined),
    [found, isProvided, initial],
  )
  // eslint-disable-next-line @typescript-eslint/unbound-method -- a closure without a `this`, and the same one in each render
  return useSyncExternalStore(found.subscribe, read, () => first)
}

/**
 * Whole seconds until the end during a warning, null otherwise. The component renders again once a second, only during a warning
 * and while the page is visible.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example A countdown
 * ```ts
 * const seconds = useRemaining()
 * const text = seconds === null ? '' : `Your session ends in ${seconds} s.`
 * ```
 */
export function useRemaining(session?: Session): number | null {
  const found = useRequiredSession(session)
  const watch = useCallback((listener: () => void) => watchRemaining(found, listener), [found])
  return useSyncExternalStore(
    watch,
    () => remainingSeconds(found),
    () => null,
  )
}
