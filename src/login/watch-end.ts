import type { Session } from '../types.js'

/** The sessions whose ends are watched, by `ready`, which a copy of a session shares with the session itself. */
const watched = /* @__PURE__ */ new WeakSet()

/** After the end of a session no browser signs in again by itself, as it does for one-tap logins. */
export function watchEnd(session: Session): void {
  if (watched.has(session.ready)) return
  watched.add(session.ready)
  const look = (): void => {
    const snapshot = session.getSnapshot()
    if (snapshot.phase !== 'signedOut' || !snapshot.reason) return
    // Only https and localhost have it, Safari since 17.
    const { credentials } = navigator as { readonly credentials?: Partial<CredentialsContainer> }
    credentials?.preventSilentAccess?.().catch(() => undefined)
  }
  session.subscribe(look)
  look()
}
