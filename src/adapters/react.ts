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

/** The session that a {@link SessionProvider} gave: `useContext(SessionContext)` where a component calls `extend()` or `signOut()`. */
export const SessionContext: Context<Session | null> = /* @__PURE__ */ createContext<Session | null>(null)

/**
 * Gives a session to all components below. Make it in a module of its own, once for the page: a component may be called
 * twice (StrictMode), and each call would make another.
 *
 * @example Around the application
 * ```ts
 * createRoot(document.body).render(createElement(SessionProvider, { session }, createElement(App)))
 * ```
 */
export function SessionProvider(props: { readonly session: Session; readonly children?: ReactNode }): ReactElement {
  return createElement(SessionContext.Provider, { value: props.session }, props.children)
}

/** On a server nothing is known, and the first render in the page has to agree with it. */
const LOADING: Snapshot = { phase: 'loading' }

function useRequiredSession(session: Session | undefined): Session {
  const provided = useContext(SessionContext)
  const found = session ?? provided
  if (!found)
    throw sessionError('invalid_options', 'There is no <SessionProvider> above: add one, or pass the session.')
  return found
}

/**
 * The picture of the session that is given, or of the nearest {@link SessionProvider}'s; renders again with each new one.
 * On a server, and while what it rendered is hydrated, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example What to show
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
 * Whole seconds until the end while warned, null otherwise; renders again once a second, and only while warned and visible.
 *
 * @throws SessionError `invalid_options` where there is no session
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
