import type { Session } from '../types.js'
import { outsideZones } from './zones.js'

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

const browserTime: SessionTime = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = outsideZones(() => setTimeout(callback, ms))
    return () => {
      clearTimeout(timer)
    }
  },
}

/** The clock and the timers that a session goes by: the browser's, or those of a world of `sojourn/testing`. */
export const sessionTime = (session: Session): SessionTime => times.get(session.ready) ?? browserTime

/** Whether a session goes by other clocks than the browser's. */
export const hasOwnTime = (session: Session): boolean => times.has(session.ready)
