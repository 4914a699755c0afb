/** Each limit of the pure code, at its last value and one beyond. */
import { describe, expect, it } from 'vitest'
import { adopt, unlessAhead, unlessBefore } from '../../../src/core/adopt.js'
import { begin, serverReply, shortening, type State } from '../../../src/core/changes.js'
import { drift } from '../../../src/core/clock.js'
import { backgroundRefreshAt, checkAt, keepAliveAt, nextWakeAt, type Config } from '../../../src/core/deadlines.js'
import { fingerprint } from '../../../src/core/fingerprint.js'
import { createRecord, decode, encode, merge, type SharedRecord } from '../../../src/core/record.js'

const MINUTE = 6e4
const T = 1_800_000_000_000

const config: Config = {
  idleTimeout: 15 * MINUTE,
  absoluteTimeout: 720 * MINUTE,
  warnBefore: 2 * MINUTE,
  refreshBefore: MINUTE,
  keepAliveEvery: 5 * MINUTE,
  requestTimeout: 1e4,
  activityExtends: false,
  reloadsStalePage: true,
  sharesTokens: true,
  canRefresh: true,
  canKeepAlive: true,
  canCheck: true,
}
const record = (known: Partial<SharedRecord> = {}): SharedRecord =>
  createRecord({ id: 'session-a', seq: 4, startedAt: T, activeAt: T, toldAt: T, ...known })
const anchor = { shared: T, mono: 5e6 }
const state = (known: Partial<SharedRecord> = {}): State => ({ record: record(known), anchor })
const clock = { wall: T, mono: 5e6 }

describe('the limits of clocks', () => {
  it.each([
    [1000, 0],
    [1001, 1001],
    [-1000, 0],
    [-1001, -1001],
  ])('a difference of two clocks of %d ms counts as %d', (difference, counted) => {
    expect(drift({ shared: 100, mono: 30 }, 170 + difference, 100)).toBe(counted)
  })

  it.each(['activeAt', 'toldAt', 'askedAt', 'tokenAt', 'serverAt'] as const)(
    'an instant of another tab may be 2 s ahead, and no more: %s',
    (field) => {
      const read = (ms: number): unknown =>
        adopt(state({ skew: 9e3 }), record({ skew: 9e3, [field]: T + 9e3 + ms }), clock).record?.[field]
      const known = record()[field]
      expect([read(2000), read(2001)]).toEqual([T + 11e3, known])
    },
  )

  it('the skew of another tab that is 2 s higher is taken over, and one that is higher still is not', () => {
    const skewOf = (skew: number): number | undefined => adopt(state(), record({ skew }), clock).record?.skew
    expect([skewOf(2000), skewOf(2001)]).toEqual([2000, 0])
  })

  it('activity that is more than 2 s ahead of this tab’s clock disproves that', () => {
    const skewOf = (ahead: number): number | undefined =>
      adopt(state(), record({ skew: 1e4, activeAt: T + ahead }), clock).record?.skew
    expect([skewOf(2000), skewOf(2001)]).toEqual([0, 1e4])
  })

  it('a skew is a guess where it was raised by more than 2 s', () => {
    const isGuessed = (ahead: number): boolean | undefined =>
      adopt({ record: null, anchor }, record({ activeAt: T + ahead }), clock).anchor.isSkewGuessed
    expect([isGuessed(2000), isGuessed(2001)]).toEqual([false, true])
  })

  it('a skew that leaves no room to grow is reset by the next sign-in', () => {
    const skewOf = (skew: number): number | undefined => begin(state({ skew }), {}, clock).record?.skew
    expect([skewOf(2e12 - 1), skewOf(2e12)]).toEqual([2e12 - 1, 0])
  })
})

describe('the limits of what shortens a session', () => {
  it.each([
    ['both are as long', 0, 0, false],
    ['both are longer', 1, 1, false],
    ['the idle timeout is shorter', -1, 1, true],
    ['the absolute timeout is shorter', 1, -1, true],
  ])('the timeouts of a tab where %s', (_what, idle, absolute, shortens) => {
    const timeouts = { idleTimeout: 15 * MINUTE + idle, absoluteTimeout: 720 * MINUTE + absolute }
    const known = record({ idleTimeout: 15 * MINUTE, absoluteTimeout: 720 * MINUTE })
    expect(shortening(timeouts)(known, T)).toEqual(shortens && timeouts)
  })
})

describe('the limits of what displaces a session in storage', () => {
  const found = record({ id: 'session-b', seq: T, startedAt: T - 1e3 })
  const displaces = (known: Partial<SharedRecord>, by = found, isKnown = false): boolean =>
    unlessAhead(record({ seq: T + 101, ...known }), by, clock.wall, isKnown) !== null

  it('a session does so whose number is at most 100 ms ahead of the clock', () => {
    expect([displaces({ seq: T + 100, startedAt: T + 1 }), displaces({ seq: T + 101, startedAt: T + 1 })]).toEqual([
      true,
      false,
    ])
  })

  it('a session does so where the one that is found has a number ahead of the clock as well', () => {
    const ahead = { ...found, seq: T + 1 }
    expect([displaces({ startedAt: T + 1 }), displaces({ startedAt: T + 1 }, ahead)]).toEqual([false, true])
  })

  it('a session does so that has begun by this clock', () => {
    expect([displaces({ startedAt: T }), displaces({ startedAt: T + 1 })]).toEqual([true, false])
  })

  it('a session that is known does so if it began later', () => {
    expect([displaces({ startedAt: T - 1e3 }, found, true), displaces({ startedAt: T - 999 }, found, true)]).toEqual([
      false,
      true,
    ])
  })

  it('a session that knows of more changes of the clock does so only if it began later, however far the clock has come', () => {
    const before = { seq: T - 5e3, startedAt: T - 5e3, skew: 6e5 }
    const since = { seq: T - 5e3, startedAt: T - 500 + 6e5, skew: 6e5 }
    expect([displaces(before), displaces(since), displaces(before, { ...found, skew: 6e5 })]).toEqual([
      false,
      true,
      true,
    ])
  })

  it.each<[what: string, before: number, skew: number, displaces: boolean]>([
    ['began before a change of the clock that it has seen less of', 299, 301, true],
    ['has seen as much of', 299, 300, false],
    ['saw before', 300, 301, false],
  ])('a session of earlier does so where that of the tab %s', (_what, before, skew, does) => {
    const own = { ...found, skew: 300 }
    const other = record({ seq: T + 101, startedAt: T - 1e3, skew })
    expect(unlessBefore(other, own, { ...own, skew: before }, clock.wall)).toBe(does ? other : null)
  })

  it('a session does so where there is only the end of another, which does not say when that one began', () => {
    const end = { ...found, startedAt: Infinity, endedAt: T - 500, reason: 'signOut' }
    expect([displaces({ startedAt: T - 1e3 }, end), displaces({ startedAt: T }, end, true)]).toEqual([true, true])
  })
})

describe('the end that version 0.1.0 writes', () => {
  it('displaces no session where its number is ahead of the clock', () => {
    const found = record({ id: 'session-b', seq: T, startedAt: T - 1e3 })
    const end = (seq: number): SharedRecord => createRecord({ id: 'session-a', seq, endedAt: T, reason: 'signOut' })
    expect([unlessAhead(end(T + 101), found, T), unlessAhead(end(T + 100), found, T)]).toEqual([null, end(T + 100)])
  })
})

describe('the limits of a reply of the server', () => {
  const elsewhere = (known: Partial<SharedRecord>, sentAt: number, idle: number): unknown => {
    const change = serverReply(config, sentAt, false, idle)(record(known), sentAt)
    return change && change.activeAt
  }

  it('a reply shows activity elsewhere if it moves the end by more than a request may take', () => {
    const known = { serverAt: T, serverIdleEndsAt: T + 15 * MINUTE }
    const sentAt = T + 5 * MINUTE
    expect([elsewhere(known, sentAt, 10 * MINUTE + 1e4), elsewhere(known, sentAt, 10 * MINUTE + 10_001)]).toEqual([
      0,
      T + 10_001,
    ])
  })

  it('a first reply shows activity elsewhere if it gives no more than our own timeout', () => {
    const sentAt = T + 5 * MINUTE
    expect([elsewhere({}, sentAt, 15 * MINUTE), elsewhere({}, sentAt, 15 * MINUTE + 1)]).toEqual([sentAt - 1, 0])
  })

  it('activity elsewhere is later than our own keep-alive by more than 2 s', () => {
    const sentAt = T + 5 * MINUTE
    expect([elsewhere({}, sentAt, 10 * MINUTE + 2000), elsewhere({}, sentAt, 10 * MINUTE + 2001)]).toEqual([
      0,
      T + 2001,
    ])
  })
})

describe('the limits of what is due', () => {
  it('keepAlive is due more often where the record allows less idle time than the options', () => {
    const every = (idleTimeout: number): number =>
      keepAliveAt(record({ idleTimeout, activeAt: T + 1 }), { ...config, keepAliveEvery: 6 * MINUTE }) - T
    expect([every(15 * MINUTE), every(15 * MINUTE - 3)]).toEqual([6 * MINUTE, 5 * MINUTE - 1])
  })

  it('keepAlive and a background refresh are due for activity after the last one', () => {
    const due = (activeAt: number): readonly number[] => {
      const one = record({ activeAt, tokenAt: T, tokenExpiresAt: T + 5 * MINUTE })
      return [keepAliveAt(one, config), backgroundRefreshAt(one, config)]
    }
    expect([due(T), due(T + 1)]).toEqual([
      [Infinity, Infinity],
      [T + 5 * MINUTE, T + 4 * MINUTE],
    ])
  })

  it('check is due again where the end has moved by more than 5 s since, or by 1.5 s with a short window', () => {
    const due = (askedAt: number, known: Partial<Config> = {}): number =>
      checkAt(record({ askedAt }), { ...config, ...known }) - T
    const warnAt = 13 * MINUTE
    expect([due(T + warnAt - 15_001), due(T + warnAt - 15e3)]).toEqual([warnAt - 1e4, 15 * MINUTE - 1e4])
    // Windows of 4 s: the call is due 1 s ahead.
    const short = { idleTimeout: 8e3, warnBefore: 4e3 }
    expect([due(T + 1499, short), due(T + 1500, short)]).toEqual([3e3, 7e3])
  })

  it('the next wake-up is later than now', () => {
    const warnAt = T + 13 * MINUTE
    expect([nextWakeAt(record(), config, warnAt - 1), nextWakeAt(record(), config, warnAt)]).toEqual([
      warnAt,
      T + 15 * MINUTE,
    ])
  })
})

describe('the limits of a record', () => {
  it('a number up to the last instant of a Date is kept, and none beyond', () => {
    const ends = [864e13, 864e13 + 1].map((tokenExpiresAt) => createRecord({ tokenExpiresAt }).tokenExpiresAt)
    expect(ends).toEqual([864e13, Infinity])
  })

  it('a text of 1,999 characters is a record, and one of 2,000 is none', () => {
    const text = (length: number): string => {
      const short = JSON.stringify({ id: 'session-a', startedAt: T, note: '' })
      return short.replace('"note":""', `"note":"${'x'.repeat(length - short.length)}"`)
    }
    expect([text(1999).length, decode(text(1999), T)?.id, decode(text(2000), T)]).toEqual([1999, 'session-a', null])
  })

  it('the end of a refresh token counts for its own generation alone, that of a grant for all', () => {
    const text = encode(record({ generation: 2, refreshEndsAt: T + 9, grantEndsAt: T + 9 }))
    const read = (generation: number): unknown => {
      const { refreshEndsAt, grantEndsAt } = decode(text.replace(/(?<=generation":)2/, String(generation)), T)!
      return [refreshEndsAt, grantEndsAt]
    }
    expect([1, 2, 3].map(read)).toEqual([
      [Infinity, T + 9],
      [T + 9, T + 9],
      [Infinity, T + 9],
    ])
  })

  it.each<[keyof SharedRecord, number]>([
    ['seq', T + 1e12],
    ['skew', 4e12],
    ['activeAt', 864e13],
    ['idleTimeout', 4e12],
  ])('a value of %s is at most %d, and at least 0', (key, most) => {
    const read = (value: number): unknown => {
      const written = key === 'idleTimeout' ? `1000000 ${9e15 - value}` : value
      return decode(JSON.stringify({ id: 'session-a', startedAt: T, [key]: written }), T)?.[key]
    }
    expect([read(most), read(most + 1), read(0), read(-1)]).toEqual([most, undefined, 0, undefined])
  })

  it('the second of two sessions with one number is the one with the higher id', () => {
    const [a, b] = [record({ id: 'session-a' }), record({ id: 'session-b' })]
    expect([merge(a, b), merge(b, a)]).toEqual([b, b])
  })
})

describe('a fingerprint', () => {
  it.each([
    ['', 'ztntfpd1wsav'],
    ['a', '1r9wi7gen91oy'],
    ['ada@example.com', '1gzg4wihdfkac'],
  ])('a fingerprint is the same in every version: %j', (text, hash) => {
    expect(fingerprint(text)).toBe(hash)
  })
})
