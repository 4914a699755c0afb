import {
  getCurrentInstance,
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

/** The key of {@link sessionPlugin}: a component that calls `extend()` or `signOut()` gets the session by `inject(sessionKey)`. */
export const sessionKey: InjectionKey<Session> = Symbol('sojourn')

/**
 * Provides a session to all components of an application.
 *
 * @example When the application starts
 * ```ts
 * createApp(App).use(sessionPlugin, session).mount('#app')
 * ```
 */
export function sessionPlugin(app: App, session: Session): void {
  app.provide(sessionKey, session)
}

function follow<T>(
  given: Session | undefined,
  onServer: T,
  read: (session: Session) => T,
  watch: (session: Session, listener: () => void) => () => void,
): Readonly<ShallowRef<T>> {
  const session = given ?? inject(sessionKey, null)
  if (!session)
    throw sessionError('invalid_options', 'There is no session here: app.use(sessionPlugin, session), or pass it.')
  // A component that is being hydrated has its element before its setup. Its first render has to match the server's.
  const isHydrated = !!getCurrentInstance()?.vnode.el
  const shown = shallowRef(isHydrated ? onServer : read(session))
  const show = (): void => {
    shown.value = read(session)
  }
  if (isHydrated) onMounted(show)
  onScopeDispose(watch(session, show))
  return shown
}

/**
 * The snapshot of the given session, or of the plugin's. It is updated until the component or effect scope around the call ends.
 * On a server, and during hydration, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` if there is no session
 * @example The phase
 * ```ts
 * const snapshot = useSession()
 * const isSignedOut = computed(() => snapshot.value.phase === 'signedOut')
 * ```
 */
export function useSession(session?: Session): Readonly<ShallowRef<Snapshot>> {
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
export function useRemaining(session?: Session): Readonly<ShallowRef<number | null>> {
  return follow(session, null, remainingSeconds, watchRemaining)
}
