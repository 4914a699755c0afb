import { chosen } from './choices.js'

const TIMEOUTS = {
  short: { idleTimeout: 60_000, warnBefore: 20_000 },
  medium: { idleTimeout: 300_000, warnBefore: 60_000 },
  standard: { idleTimeout: 900_000, warnBefore: 120_000 },
  strict: { idleTimeout: 60_000, warnBefore: 20_000, absoluteTimeout: 180_000 },
}

/** The chosen timeouts, in milliseconds. */
export const timeouts = TIMEOUTS[chosen('timeouts')]
