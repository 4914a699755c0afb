import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useSyncExternalStore,
  type Context,
  type ReactElement,
  type ReactNode,
} from 'react'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'

/** The session of the nearest {@link SessionProvider}: a component that calls `extend()` or `signOut()` gets it by `useContext(SessionContext)`. */
export const SessionContext: Context<Session | null> = /* @__PURE__ */ createContext<Session | null>(null)

/**
 * Provides a session to all components below. Create the session in a module of its own, once for the page: React may call a
 * component twice (StrictMode), and each call would create another session.
 *
 * @example Around the application
 * ```ts
 * createRoot(document.body).render(createElement(SessionProvider, { session }, createElement(App)))
 * ```
 */
export function SessionProvider(props: { readonly session: Session; readonly children?: ReactNode }): ReactElement {
  return createElement(SessionContext.Provider, { value: props.session }, props.children)
}

/** The phase is unknown on a server, and the first render in the page has to match the server's. */
const LOADING: Snapshot = { phase: 'loading' }

function useRequiredSession(session: Session | undefined): Session {
  const provided = useContext(SessionContext)
  const found = session ?? provided
  if (!found)
    throw sessionError('invalid_options', 'There is no <SessionProvider> above: add one, or pass the session.')
  return found
}

/**
 * The snapshot of the given session, or of that of the nearest {@link SessionProvider}. The component renders again with each new
 * snapshot. On a server, and during hydration, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase
 * ```ts
 * const { phase } = useSession()
 * ```
 */
export function useSession(session?: Session): Snapshot {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- closures without a `this`, and the same ones in each render
  const { subscribe, getSnapshot } = useRequiredSession(session)
  return useSyncExternalStore(subscribe, getSnapshot, () => LOADING)
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
