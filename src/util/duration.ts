import { sessionError } from '../errors.js'
import { inWords } from './arguments.js'
import { DEVELOPMENT } from './development.js'
import type { Duration } from '../types.js'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }

/**
 * A {@link Duration} in milliseconds. `option` names it in the error.
 *
 * @throws SessionError `invalid_options` for what is not a length of time: negative, NaN, infinite, an unknown unit.
 */
export function milliseconds(value: Duration, option: string): number {
  const [, amount, unit] = /^(\d*\.?\d+)(ms|[smhd])$/.exec(typeof value === 'string' ? value : '') ?? []
  const ms = typeof value === 'number' ? value : Number(amount) * (UNITS[unit ?? ''] ?? NaN)
  if (ms >= 0 && ms < Infinity) return ms
  throw sessionError(
    'invalid_options',
    DEVELOPMENT
      ? `${option} is ${typeof value === 'string' ? value : inWords(value)}, no length of time. Give milliseconds, or a number with ms, s, m, h or d: '15m'.`
      : option,
  )
}
