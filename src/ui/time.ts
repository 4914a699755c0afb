import { ownTime, type SessionTime } from '../util/session-time.js'
import type { Session } from '../types.js'

const browserTime: SessionTime = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** The clock and the timers that a session goes by: the browser's, or those of a world of `sojourn/testing`. */
export const sessionTime = (session: Session): SessionTime => ownTime(session) ?? browserTime
