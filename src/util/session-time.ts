import type { Session } from '../types.js'

/** The clock and the timers that a session goes by. */
export interface SessionTime {
  /** Epoch ms. */
  readonly now: () => number
  /** Calls once, after `ms` or later; returns the undo. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** By `ready`, which a copy of a session (`{ ...session }`) and a framework's proxy of it share with the session itself. */
const times = new WeakMap<Session['ready'], SessionTime>()

/** For a session whose ports are not the browser's: all that counts down for it goes by `time`. */
export function setSessionTime(session: Session, time: SessionTime): void {
  times.set(session.ready, time)
}

/** What {@link setSessionTime} has said; undefined where the session goes by the browser's time. */
export const ownTime = (session: Session): SessionTime | undefined => times.get(session.ready)
