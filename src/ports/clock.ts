import type { Clock } from '../core/clock.js'
import { outsideZones } from './zones.js'
import type { Undo } from './types.js'

/** Both clocks. `performance.now()` stops while most systems sleep, `Date.now()` can be set: neither suffices alone. */
export const readClock = (): Clock => ({ wall: Date.now(), mono: performance.now() })

/** Browsers fire longer timers at once (a signed 32-bit count of ms), HTML §8.6 timer initialization steps. */
const LONGEST = 2 ** 31 - 1

/** Calls once, after `ms` or later; a timer too long for the browser calls early, and its owner looks at the clock anyway. */
export function after(ms: number, callback: () => void): Undo {
  const timer = outsideZones(() => setTimeout(callback, Math.min(Math.ceil(ms), LONGEST)))
  return () => {
    clearTimeout(timer)
  }
}
