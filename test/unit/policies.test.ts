import { describe, expect, it } from 'vitest'
import { milliseconds } from '../../src/util/duration.js'
import { policies } from '../../src/policies.js'

const MINUTE = 6e4
const HOUR = 36e5
const of = (name: keyof typeof policies) => {
  const { idleTimeout, warnBefore, absoluteTimeout } = policies[name]
  const ms = (value: typeof idleTimeout) => (value === false ? Infinity : milliseconds(value, 'duration'))
  return { idle: ms(idleTimeout), warn: ms(warnBefore), absolute: ms(absoluteTimeout) }
}

describe('policies', () => {
  it('policies agree with their clauses', () => {
    expect(of('nistAal1')).toMatchObject({ idle: Infinity, absolute: 30 * 24 * HOUR })
    expect(of('nistAal2')).toMatchObject({ idle: HOUR, absolute: 24 * HOUR })
    expect(of('nistAal3')).toMatchObject({ idle: 15 * MINUTE, absolute: 12 * HOUR })
    expect(of('pci')).toMatchObject({ idle: 15 * MINUTE })
    expect(of('hipaa')).toMatchObject({ idle: 10 * MINUTE })
    expect(of('owaspHigh')).toMatchObject({ idle: 5 * MINUTE, absolute: 4 * HOUR })
    expect(of('owaspLow')).toMatchObject({ idle: 30 * MINUTE, absolute: 8 * HOUR })
    expect(of('govuk')).toEqual({ idle: 15 * MINUTE, warn: 2 * MINUTE, absolute: Infinity })
  })

  it.each(Object.keys(policies) as (keyof typeof policies)[])(
    'policies warn long enough before the end for WCAG 2.2.1, and end at some time: %s',
    (name) => {
      const { idle, warn, absolute } = of(name)
      expect(warn).toBeGreaterThanOrEqual(2e4)
      expect(warn).toBeLessThanOrEqual(Math.min(idle, absolute) / 2)
      expect(Math.min(idle, absolute)).toBeLessThan(Infinity)
    },
  )
})
