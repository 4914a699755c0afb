import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecord, decode, encode, encodeEnd, merge, type SharedRecord } from '../../src/core/record.js'
import { anyRecord, canonical, NOW } from './arbitrary.js'

const same = (a: SharedRecord | null, b: SharedRecord | null): void => {
  expect(canonical(a)).toBe(canonical(b))
}
const maybe = fc.option(anyRecord, { freq: 10 })

describe('I6: merging records, over all their fields', () => {
  it('a merge of records gives the same in either order', () => {
    fc.assert(
      fc.property(maybe, maybe, (a, b) => same(merge(a, b), merge(b, a))),
      { numRuns: 2000 },
    )
  })

  it('a merge of records gives the same in any grouping', () => {
    const law = fc.property(maybe, maybe, maybe, (a, b, c) => same(merge(merge(a, b), c), merge(a, merge(b, c))))
    fc.assert(law, { numRuns: 3000 })
  })

  it('a merge of records gives nothing new if a record comes twice', () => {
    fc.assert(fc.property(maybe, (a) => same(merge(a, a), a)))
    fc.assert(fc.property(anyRecord, anyRecord, (a, b) => same(merge(merge(a, b), b), merge(a, b))))
  })

  it('a merge of records gives the same for any order, doubling and grouping of messages', () => {
    const law = fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (all, at) => {
        const inOrder = all.reduce<SharedRecord | null>(merge, null)
        const shuffled = [...all, ...all].sort(() => (at.next().value % 2 ? 1 : -1))
        same(
          shuffled.reduce<SharedRecord | null>((sum, one) => merge(one, sum), null),
          inOrder,
        )
      },
    )
    fc.assert(law, { numRuns: 1000 })
  })
  it('a merge of records writes the same text in every tab, so that no two tabs correct each other', () => {
    const law = fc.property(anyRecord, anyRecord, (a, b) => {
      expect(encode(merge(a, b)!)).toBe(encode(merge(b, a)!))
      expect(encodeEnd(merge(a, b)!)).toBe(encodeEnd(merge(b, a)!))
    })
    fc.assert(law, { numRuns: 1000 })
  })
})

describe('pages of two versions', () => {
  /** What version 0.1.0 knows. Of all other fields it keeps the greater JSON. */
  const KNOWN: readonly string[] = [
    ...['id', 'seq', 'startedAt', 'activeAt', 'skew', 'generation', 'tokenAt', 'tokenExpiresAt', 'failures', 'retryAt'],
    ...['toldAt', 'askedAt', 'serverAt', 'serverIdleEndsAt', 'serverAbsoluteEndsAt', 'login', 'endedAt', 'reason'],
  ]
  /** What a page of that version, which had read `known`, writes when it reads `found`. */
  const writtenByOld = (known: SharedRecord, found: SharedRecord): SharedRecord => {
    const [before, next] = [known, found].map((one) => JSON.parse(encode(one)) as Record<string, unknown>)
    for (const [key, value] of Object.entries(before!))
      if (!KNOWN.includes(key) && JSON.stringify(value) > (key in next! ? JSON.stringify(next![key]) : ''))
        next![key] = value
    return decode(JSON.stringify(next), NOW)!
  }
  /** Counts and instants as there are some: those of today have 13 digits. */
  const real = anyRecord.map((record) => {
    const close = Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      key.endsWith('At') && Number(value) < Infinity && value !== 0 ? 1e12 + (Number(value) % 8e12) : value,
    ])
    const fields = Object.fromEntries(close) as SharedRecord
    return { ...fields, id: 'session-a', seq: 1, generation: record.generation % 1000, endedAt: Infinity, reason: '' }
  })

  it('write nothing in turns: what an older version makes of a record is right for this one', () => {
    const law = fc.property(real, real, (known, added) => {
      const found = merge(known, added)!
      const written = writtenByOld(known, found)
      same(merge(found, written), written)
    })
    fc.assert(law, { numRuns: 2000 })
  })
})

describe('what a merge keeps', () => {
  const pairs = fc.tuple(anyRecord, anyRecord).map(([a, b]) => {
    const left = { ...a, id: 'session-a', seq: 1 }
    const right = { ...b, id: 'session-a', seq: 1 }
    return { left, right, merged: merge(left, right)! }
  })

  it('a merge keeps the later sign-in as a whole, by its number and never by a clock', () => {
    const law = fc.property(anyRecord, anyRecord, (a, b) => {
      const later = { ...b, seq: a.seq + 1 }
      expect(merge(a, later)).toBe(later)
      expect(merge(later, a)).toBe(later)
    })
    fc.assert(law)
  })

  it('a merge keeps one of two sign-ins of the same number, the same one in every tab', () => {
    const law = fc.property(anyRecord, anyRecord, (a, b) => {
      const low = { ...a, id: 'session-a', seq: 1 }
      const high = { ...b, id: 'session-b', seq: 1 }
      expect(merge(low, high)).toBe(high)
      expect(merge(high, low)).toBe(high)
    })
    fc.assert(law)
  })

  it('a merge keeps all of a record beside an empty one, whatever its id', () => {
    const law = fc.property(anyRecord, fc.stringMatching(/^[\w-]{8,64}$/), (record, id) => {
      const first = { ...record, id, seq: 0 }
      expect(merge(first, createRecord({}))).toBe(first)
      expect(merge(createRecord({}), first)).toBe(first)
    })
    fc.assert(law)
  })

  it('a merge keeps the earliest start and the latest of all other instants', () => {
    const law = fc.property(pairs, ({ left, right, merged }) => {
      expect(merged.startedAt).toBe(Math.min(left.startedAt, right.startedAt))
      for (const key of ['activeAt', 'skew', 'toldAt', 'askedAt'] as const)
        expect(merged[key]).toBe(Math.max(left[key], right[key]))
    })
    fc.assert(law)
  })

  it('a merge keeps the fields of the newest tokens, and none of older ones', () => {
    const law = fc.property(pairs, ({ left, right, merged }) => {
      const keys = ['tokenAt', 'tokenExpiresAt', 'failures', 'retryAt'] as const
      const newest = left.generation > right.generation ? left : right
      expect(merged.generation).toBe(newest.generation)
      if (left.generation !== right.generation) for (const key of keys) expect(merged[key]).toBe(newest[key])
      else {
        expect(merged.tokenExpiresAt).toBe(Math.min(left.tokenExpiresAt, right.tokenExpiresAt))
        expect(merged.retryAt).toBe(Math.max(left.retryAt, right.retryAt))
      }
    })
    fc.assert(law, { numRuns: 500 })
  })

  it('a merge keeps the server’s latest times as a whole, and the earlier end of two at once', () => {
    const law = fc.property(pairs, ({ left, right, merged }) => {
      const keys = ['serverIdleEndsAt', 'serverAbsoluteEndsAt'] as const
      const latest = left.serverAt > right.serverAt ? left : right
      expect(merged.serverAt).toBe(latest.serverAt)
      for (const key of keys)
        expect(merged[key]).toBe(left.serverAt === right.serverAt ? Math.min(left[key], right[key]) : latest[key])
    })
    fc.assert(law, { numRuns: 500 })
  })

  it('I5: a merge keeps an end if either record has ended, the earlier one with its reason', () => {
    const law = fc.property(pairs, ({ left, right, merged }) => {
      expect(merged.endedAt).toBe(Math.min(left.endedAt, right.endedAt))
      if (left.endedAt < right.endedAt) expect(merged.reason).toBe(left.reason)
      if (left.endedAt === right.endedAt) expect([left.reason, right.reason]).toContain(merged.reason)
    })
    fc.assert(law, { numRuns: 500 })
  })

  it('a merge keeps every field that only a newer version knows', () => {
    const law = fc.property(pairs, ({ left, right, merged }) => {
      expect(Object.keys(merged).sort()).toEqual([...new Set([...Object.keys(left), ...Object.keys(right)])].sort())
    })
    fc.assert(law)
  })
})
