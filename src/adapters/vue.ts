import {
  getCurrentInstance,
  hasInjectionContext,
  inject,
  onMounted,
  onScopeDispose,
  shallowRef,
  type App,
  type InjectionKey,
  type ShallowRef,
} from 'vue'
import { sessionError } from '../errors.js'
import type { Session, Snapshot } from '../types.js'
import { remainingSeconds, watchRemaining } from '../countdown.js'
import { DEVELOPMENT } from '../util/development.js'
import { createViews, type SessionView } from '../util/session-view.js'

export type { SessionView } from '../util/session-view.js'

/** The key of {@link sessionPlugin}: `inject(sessionKey)` is the session. */
export const sessionKey: InjectionKey<Session> = Symbol('sojourn')

/** What the server knew, of the plugin's session and of no other that is provided below. */
const initialKey: InjectionKey<ReadonlyMap<Session, Snapshot>> = Symbol('sojourn initial')

/**
 * Provides a session to all components of an application.
 *
 * @example When the application starts
 * ```ts
 * createApp(App).use(sessionPlugin, session).mount('#app')
 * ```
 *
 * `initial` is what the server knew when it rendered the page: the components show it on the server, and in the page until they
 * are hydrated and the session knows better. Without it they show `loading`.
 *
 * @example On a server that has found nobody signed in
 * ```ts
 * createSSRApp(App).use(sessionPlugin, session, { phase: 'signedOut', reason: null, endedAt: null })
 * ```
 */
export function sessionPlugin(app: App, session: Session, initial?: Snapshot): void {
  app.provide(sessionKey, session)
  if (initial) app.provide(initialKey, new Map([[session, initial]]))
}

function requireSession<S extends Session>(given: S | undefined): S {
  // The application says which kind of session it has provided.
  const session = given ?? (inject(sessionKey, null) as S | null)
  if (typeof session?.getSnapshot === 'function') return session
  throw sessionError(
    'invalid_options',
    DEVELOPMENT && 'There is no session here: app.use(sessionPlugin, session), or pass it.',
  )
}

/** `first`: on a server, and in the first render of a page that one rendered. */
function follow<T>(first: T, read: () => T, watch: (listener: () => void) => () => void): Readonly<ShallowRef<T>> {
  // A component that is being hydrated has its element before its setup. Its first render has to match the server's. A vnode that is
  // shown again has the element of before, which the page has removed. `onMounted` of what is made in `onMounted` is not called.
  const instance = getCurrentInstance()
  const isHydrated = !instance?.isMounted && !!(instance?.vnode.el as Node | null | undefined)?.isConnected
  const shown = shallowRef(isHydrated ? first : read())
  const show = (): void => {
    shown.value = read()
  }
  if (isHydrated) onMounted(show)
  onScopeDispose(watch(show))
  return shown
}

/**
 * The snapshot with its session: of the given one, or of the plugin's. It is updated until the component or effect scope around the
 * call ends. On a server, and during hydration, it is the plugin's `initial`, or `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase, and a sign-out
 * ```ts
 * const view = useSession()
 * const isSignedOut = computed(() => view.value.phase === 'signedOut')
 * const leave = () => view.value.session.signOut()
 * ```
 */
export function useSession<S extends Session = Session>(session?: S): Readonly<ShallowRef<SessionView<S>>> {
  const found = requireSession(session)
  const initial = hasInjectionContext() ? inject(initialKey, undefined) : undefined
  const { first, read } = createViews(found, initial?.get(found))
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
export function useRemaining(session?: Session): Readonly<ShallowRef<number | null>> {
  const found = requireSession(session)
  return follow(
    null,
    () => remainingSeconds(found),
    (listener) => watchRemaining(found, listener),
  )
}
