import { describe, expect, it } from 'vitest'
import { createRecord, type SharedRecord } from '../../../src/core/record.js'
import {
  checkAt,
  deadlines,
  nextWakeAt,
  refreshAt,
  keepAliveAt,
  activeWarning,
  type Config,
} from '../../../src/core/deadlines.js'

const SECOND = 1e3
const MINUTE = 6e4
const HOUR = 36e5
const DAY = 864e5
const T = 1_800_000_000_000

const policy = (known: Partial<Config> = {}): Config => ({
  idleTimeout: 15 * MINUTE,
  absoluteTimeout: 12 * HOUR,
  warnBefore: 2 * MINUTE,
  refreshBefore: MINUTE,
  keepAliveEvery: 5 * MINUTE,
  requestTimeout: 10 * SECOND,
  activityExtends: false,
  reloadsStalePage: true,
  sharesTokens: true,
  canRefresh: true,
  canKeepAlive: true,
  canCheck: true,
  ...known,
})
/** Signed in an hour ago, active now. */
const record = (known: Partial<SharedRecord> = {}): SharedRecord =>
  createRecord({ id: 'session-a', seq: 1, startedAt: T - HOUR, activeAt: T, toldAt: T, tokenAt: T, ...known })
const first = (...all: Parameters<typeof deadlines>) => deadlines(...all)[0]

describe('the end', () => {
  it('the end is an idle timeout after the last activity', () => {
    expect(first(record(), policy())).toEqual({
      by: 'idle',
      reason: 'idle',
      at: T + 15 * MINUTE,
      warnAt: T + 13 * MINUTE,
    })
  })

  it('the end is the absolute one if that is first, whatever the user does', () => {
    const late = record({ startedAt: T - 12 * HOUR + 10 * MINUTE })
    expect(first(late, policy())).toEqual({
      by: 'absolute',
      reason: 'absolute',
      at: T + 10 * MINUTE,
      warnAt: T + 8 * MINUTE,
    })
  })

  it('the end is the server’s if that is first, with endsBy `server`', () => {
    const told = record({ serverAt: T, serverIdleEndsAt: T + 5 * MINUTE, serverAbsoluteEndsAt: T + 6 * MINUTE })
    const untold = policy({ canKeepAlive: false })
    expect(first(told, untold)).toMatchObject({ by: 'server', reason: 'idle', at: T + 5 * MINUTE })
    const absolute = record({ serverAt: T, serverAbsoluteEndsAt: T + 6 * MINUTE })
    expect(first(absolute, untold)).toMatchObject({ by: 'server', reason: 'absolute', at: T + 6 * MINUTE })
  })

  it('the end of the server’s idle time can be extended if the server has keepAlive', () => {
    const told = record({ serverAt: T, serverIdleEndsAt: T + 5 * MINUTE })
    expect(first(told, policy())).toMatchObject({ by: 'idle', at: T + 5 * MINUTE })
  })

  it('the end is at Infinity if both timeouts are off and the server has sent no times', () => {
    const never = policy({ idleTimeout: Infinity, absoluteTimeout: Infinity })
    expect(first(record(), never).at).toBe(Infinity)
    expect(nextWakeAt(record(), never, T)).toBe(Infinity)
  })

  it('the deadlines are sorted, the earliest first', () => {
    const told = { serverIdleEndsAt: T + 1, serverAbsoluteEndsAt: T + HOUR, refreshEndsAt: T + 30 * MINUTE }
    const all = deadlines(record({ serverAt: T, ...told }), policy())
    expect(all.map(({ at }) => at)).toEqual([T + 1, T + 15 * MINUTE, T + 30 * MINUTE, T + HOUR, T + 11 * HOUR])
    const [, , , first] = deadlines(record({ serverAt: T, ...told, grantEndsAt: T + 40 * MINUTE }), policy())
    expect(first).toMatchObject({ at: T + 40 * MINUTE, by: 'server', reason: 'absolute' })
  })

  it('the end of a month is exact to the millisecond', () => {
    const month = policy({ idleTimeout: 30 * DAY, absoluteTimeout: 90 * DAY, warnBefore: DAY })
    expect(first(record(), month)).toMatchObject({ at: T + 30 * DAY, warnAt: T + 29 * DAY })
    expect(nextWakeAt(record(), month, T)).toBe(T + 29 * DAY)
  })
})

describe('I17: the warning', () => {
  it.each([
    [15 * MINUTE, 2 * MINUTE, 2 * MINUTE],
    [15 * MINUTE, 7 * MINUTE, 7 * MINUTE],
    [15 * MINUTE, 7.5 * MINUTE, 7.5 * MINUTE],
    [15 * MINUTE, 14 * MINUTE, 7.5 * MINUTE],
    [15 * MINUTE, 0, 0],
    [30 * SECOND, 20 * SECOND, 15 * SECOND],
  ])(
    'the warning of an idle end after %i ms with warnBefore %i ms starts %i ms before',
    (idleTimeout, warnBefore, before) => {
      const { at, warnAt } = first(record(), policy({ idleTimeout, warnBefore }))
      expect(at - warnAt).toBe(before)
    },
  )

  it('the warning of the absolute end starts halfway from the sign-in at the earliest', () => {
    const { at, warnAt } = first(
      record({ startedAt: T }),
      policy({ idleTimeout: Infinity, absoluteTimeout: 10 * MINUTE, warnBefore: 8 * MINUTE }),
    )
    expect(at - warnAt).toBe(5 * MINUTE)
  })

  it('the warning of a later end may be the first, if it is the longer one', () => {
    const short = policy({ idleTimeout: 2 * MINUTE, absoluteTimeout: 30 * MINUTE })
    const active = record({ startedAt: T, activeAt: T + 27.5 * MINUTE })
    expect(activeWarning(active, short, T + 27.9 * MINUTE)).toBeUndefined()
    expect(activeWarning(active, short, T + 28.1 * MINUTE)).toMatchObject({ by: 'absolute', at: T + 30 * MINUTE })
    expect(activeWarning(active, short, T + 28.6 * MINUTE)).toMatchObject({ by: 'idle', at: T + 29.5 * MINUTE })
  })
})

describe('a background refresh', () => {
  it('a background refresh is due refreshBefore the token’s expiry', () => {
    expect(refreshAt(record({ tokenExpiresAt: T + 5 * MINUTE }), policy())).toBe(T + 4 * MINUTE)
  })

  it('a background refresh is due at half of a short lifetime', () => {
    expect(refreshAt(record({ tokenExpiresAt: T + 30 * SECOND }), policy())).toBe(T + 15 * SECOND)
  })

  it('a background refresh is never due for a token without an expiry', () => {
    expect(refreshAt(record(), policy())).toBe(Infinity)
  })

  it('a refresh token that lives for less than the warning is replaced after a quarter of its time', () => {
    expect(refreshAt(record({ refreshEndsAt: T + MINUTE }), policy())).toBe(T + 15 * SECOND)
  })

  it('a background refresh waits for the end of the back-off', () => {
    const failed = record({ tokenExpiresAt: T + MINUTE, retryAt: T + 10 * MINUTE })
    expect(refreshAt(failed, policy())).toBe(T + 10 * MINUTE)
  })
})

describe('keepAlive and check', () => {
  it('keepAlive is due for activity that the server does not know of, some time after the last call', () => {
    expect(keepAliveAt(record({ toldAt: T - MINUTE }), policy())).toBe(T + 4 * MINUTE)
    expect(keepAliveAt(record({ toldAt: T - HOUR }), policy())).toBe(T - HOUR + 5 * MINUTE)
  })

  it('I16: keepAlive is not due for known activity, nor without the method', () => {
    expect(keepAliveAt(record(), policy())).toBe(Infinity)
    expect(keepAliveAt(record({ toldAt: T + 1 }), policy())).toBe(Infinity)
    expect(keepAliveAt(record({ toldAt: T - HOUR }), policy({ canKeepAlive: false }))).toBe(Infinity)
  })

  it('check is due 10 s before the warning, and 10 s before the end, once each', () => {
    const warnAt = T + 13 * MINUTE
    const endAt = T + 15 * MINUTE
    expect(checkAt(record(), policy())).toBe(warnAt - 10 * SECOND)
    expect(checkAt(record({ askedAt: warnAt - 10 * SECOND }), policy())).toBe(endAt - 10 * SECOND)
    expect(checkAt(record({ askedAt: endAt - 10 * SECOND }), policy())).toBe(Infinity)
  })

  it('check is due a quarter of a short window before', () => {
    const short = policy({ idleTimeout: 40 * SECOND, warnBefore: 20 * SECOND })
    expect(checkAt(record(), short)).toBe(T + 15 * SECOND)
    expect(checkAt(record({ askedAt: T + 15 * SECOND }), short)).toBe(T + 35 * SECOND)
  })

  it('check is not due without the method, nor if nothing ends', () => {
    expect(checkAt(record(), policy({ canCheck: false }))).toBe(Infinity)
    expect(checkAt(record(), policy({ idleTimeout: Infinity, absoluteTimeout: Infinity }))).toBe(Infinity)
  })
})

describe('the next wake-up', () => {
  it('the next wake-up is for the first thing that happens, and in the future', () => {
    const at = (now: number): number => nextWakeAt(record(), policy(), now)
    expect(at(T)).toBe(T + 13 * MINUTE)
    expect(at(T + 13 * MINUTE)).toBe(T + 15 * MINUTE)
  })

  it('the next wake-up is never without a session, and after a sign-out', () => {
    expect(nextWakeAt(null, policy(), T)).toBe(Infinity)
    expect(nextWakeAt(record({ endedAt: T, reason: 'signOut' }), policy(), T)).toBe(Infinity)
  })
})
