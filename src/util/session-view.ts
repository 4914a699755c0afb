import type { Session, Snapshot } from '../types.js'

/** A snapshot with its session: what a component needs to show the phase, and to extend or sign out. */
export type SessionView<S extends Session = Session> = Snapshot & { readonly session: S }

/** The snapshots of one session, as a framework renders them. */
export interface SessionViews<S extends Session> {
  /** Before anything is known of the session: on a server, and in the first render of a page that a server rendered. */
  readonly first: SessionView<S>
  /** The current one. The same object until the snapshot changes: frameworks compare by identity. */
  readonly read: () => SessionView<S>
}

/** `given`: what the server knew when it rendered the page; null where its answer came as JSON, which has no other word for nothing. */
export function createViews<S extends Session>(session: S, given?: Snapshot | null): SessionViews<S> {
  let snapshot = given ?? { phase: 'loading' }
  const first = { ...snapshot, session }
  let view: SessionView<S> = first
  return {
    first,
    read() {
      const next = session.getSnapshot()
      if (next.phase === 'loading') return first
      if (next !== snapshot) {
        snapshot = next
        view = { ...next, session }
      }
      return view
    },
  }
}
