import type { Clock } from '../core/clock.js'
import { outsideZones } from '../util/zones.js'
import type { Undo } from './types.js'

/** Both clocks. `performance.now()` stops while most systems sleep, and `Date.now()` can be set: neither is enough alone. */
export const readClock = (): Clock => ({ wall: Date.now(), mono: performance.now() })

/** The longest timer, ms. Browsers fire a longer one at once (a signed 32-bit count), HTML §8.6 timer initialization steps. */
const LONGEST = 2 ** 31 - 1

/** Calls once, after `ms` or later. A timer that is too long for the browser fires early, which is harmless: each step reads the clock. */
export function after(ms: number, callback: () => void): Undo {
  const timer = outsideZones(() => setTimeout(callback, Math.min(Math.ceil(ms), LONGEST)))
  return () => {
    clearTimeout(timer)
  }
}
