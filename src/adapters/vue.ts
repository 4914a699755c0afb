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

/** Where {@link sessionPlugin} puts the session: `inject(sessionKey)` where a component calls `extend()` or `signOut()`. */
export const sessionKey: InjectionKey<Session> = Symbol('sojourn')

/**
 * Gives a session to all components of an application.
 *
 * @example At its start
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
  // A component that is being hydrated has its element before it is set up, and has to agree with what the server rendered.
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
 * The picture of the session that is given, or of the plugin's, until the component or effect scope around the call ends.
 * On a server, and while what it rendered is hydrated, the phase is `loading`.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example What to show
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
 * Whole seconds until the end while warned, null otherwise; changes once a second, and only while warned and visible.
 *
 * @throws SessionError `invalid_options` where there is no session
 * @example A countdown
 * ```ts
 * const seconds = useRemaining()
 * ```
 */
export function useRemaining(session?: Session): Readonly<ShallowRef<number | null>> {
  return follow(session, null, remainingSeconds, watchRemaining)
}
