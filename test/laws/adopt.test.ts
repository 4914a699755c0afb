import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode as decodeAt, encode, type SharedRecord } from '../../src/core/record.js'
import {
  activity,
  serverReply,
  begin,
  ending,
  extension,
  failure,
  reduce,
  settle,
  type Change,
  type State,
} from '../../src/core/changes.js'
import { adopt } from '../../src/core/adopt.js'
import { deadlines, type Config } from '../../src/core/deadlines.js'
import { anyPolicy, anyRecord, canonical, instant, known, liveRecord, NOW } from './arbitrary.js'

const decode = (text: unknown): SharedRecord | null => decodeAt(text, NOW)

const clock = { wall: NOW, mono: 5e6 }
const anchor = { shared: NOW, mono: 5e6 }
/** Another tab's clock reading may be a little ahead of ours. */
const AHEAD = 2e3
const HOUR = 36e5

/** Anything that may lie in storage under the record's name: sound, wrong in one field, or junk. */
const stored = fc.oneof(
  anyRecord.map((record) => encode(record)),
  fc
    .tuple(liveRecord(), fc.constantFrom(...Object.keys(known)), fc.oneof(instant, fc.jsonValue()))
    .map(([record, key, value]) => JSON.stringify({ ...record, [key]: value })),
  fc.json(),
)

/** When the session ends at the latest, by the clock on the wall. */
const endsAt = (record: SharedRecord, policy: Config): number =>
  Math.min(record.endedAt, deadlines(record, policy)[0].at) - record.skew

describe('what comes from storage and other tabs', () => {
  it('I12: input from outside never throws, and leaves a session that can be written and read again', () => {
    const law = fc.property(stored, fc.option(liveRecord()), (text, record) => {
      const state = adopt({ record, anchor }, decode(text), clock)
      if (state.record) expect(decode(encode(state.record))).not.toBeNull()
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('I12: input from outside cannot spoil what is written later, nor the next sign-in', () => {
    const law = fc.property(stored, anyChange, anyPolicy, (text, change, policy) => {
      const state = adopt({ record: known, anchor }, decode(text), clock)
      for (const next of [reduce(state, change(policy), clock, policy), begin(state, { id: 'session-new' }, clock)])
        expect(decode(encode(next.record!))).not.toBeNull()
    })
    fc.assert(law, { numRuns: 2000 })
  })

  it('input from outside may shorten the session, and never lengthens it beyond an idle timeout', () => {
    const law = fc.property(stored, liveRecord(), anyPolicy, (text, record, policy) => {
      const incoming = decode(text)
      const before = endsAt(record, policy)
      const after = adopt(
        { record, anchor },
        incoming && { ...incoming, id: record.id, seq: record.seq },
        clock,
      ).record!
      const allowed = Math.min(NOW + AHEAD + policy.idleTimeout, record.startedAt + policy.absoluteTimeout)
      expect(endsAt(after, policy)).toBeLessThanOrEqual(Math.max(before, allowed))
      expect(after.startedAt).toBeLessThanOrEqual(record.startedAt)
      expect(after.retryAt - after.skew).toBeLessThanOrEqual(Math.max(record.retryAt, NOW + HOUR))
    })
    fc.assert(law, { numRuns: 3000 })
  })

  it('input from outside gives a new tab a session of at most one idle timeout', () => {
    const law = fc.property(stored, anyPolicy, (text, policy) => {
      const { record } = adopt({ record: null, anchor }, decode(text), clock)
      if (!record || record.endedAt < Infinity) return
      // An answer to a warning counts from when it was given, by the clock of the tab where that was.
      const ahead = Math.max(0, record.answeredAt - record.skew - NOW)
      expect(ahead).toBeLessThanOrEqual(AHEAD)
      expect(endsAt(record, policy)).toBeLessThanOrEqual(NOW + ahead + policy.idleTimeout)
      expect(record.startedAt - record.skew).toBeLessThanOrEqual(NOW)
      expect(endsAt(record, policy)).toBeLessThanOrEqual(NOW + policy.absoluteTimeout)
    })
    fc.assert(law, { numRuns: 2000 })
  })

  it('input from outside is not trusted with server times in the future', () => {
    const record = { ...known, serverAt: NOW - 1e3, serverIdleEndsAt: NOW + 5e3, serverAbsoluteEndsAt: NOW + 6e3 }
    const forged = { ...known, serverAt: NOW + 1e5, serverIdleEndsAt: Infinity, serverAbsoluteEndsAt: NOW + 9e9 }
    expect(adopt({ record, anchor }, forged, clock).record).toEqual(record)
  })

  it.each(['activeAt', 'toldAt', 'askedAt', 'tokenAt', 'serverAt', 'answeredAt'] as const)(
    'input from outside is not trusted with %s further in the future than two readings of one clock',
    (key) => {
      const of = (value: number): number =>
        adopt({ record: known, anchor }, { ...known, [key]: value }, clock).record![key]
      expect(of(NOW)).toBe(NOW)
      expect(of(NOW + AHEAD)).toBe(NOW + AHEAD)
      for (const far of [NOW + AHEAD + 1, NOW + HOUR, 864e13]) expect(of(far)).toBe(known[key])
    },
  )

  it('input from outside is adopted once: the same input again changes nothing', () => {
    const law = fc.property(stored, liveRecord(), (text, record) => {
      const incoming = decode(text)
      const once = adopt({ record, anchor }, incoming, clock)
      expect(canonical(adopt(once, incoming, clock).record)).toBe(canonical(once.record))
    })
    fc.assert(law, { numRuns: 1000 })
  })
})

const anyChange: fc.Arbitrary<(policy: Config) => Change> = fc.oneof(
  fc.constant((policy: Config) => activity(policy)),
  fc.constant(() => extension),
  fc.constantFrom('signOut', 'rejected', 'wiped', 'idle').map((reason) => () => ending(reason)),
  instant.map((at) => () => failure(at)),
  fc
    .tuple(
      instant,
      fc.boolean(),
      fc.option(fc.nat(1e9), { nil: undefined }),
      fc.option(fc.nat(1e9), { nil: undefined }),
    )
    .map(
      ([at, told, idle, absolute]) =>
        (policy: Config) =>
          serverReply(policy, at, told, idle, absolute),
    ),
)

type Event = (state: State, policy: Config, at: number) => State
const at = (ms: number) => ({ wall: NOW + ms, mono: 5e6 + ms })
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  anyChange.map(
    (change): Event =>
      (state, policy, ms) =>
        reduce(state, change(policy), at(ms), policy),
  ),
  anyRecord.map(
    (heard): Event =>
      (state, _policy, ms) =>
        adopt(state, { ...heard, id: known.id, seq: 1 }, at(ms)),
  ),
)

describe('I5: an ended session', () => {
  const ended = fc
    .tuple(liveRecord(), fc.nat(HOUR), fc.constantFrom('signOut', 'idle', 'rejected'))
    .map(([record, ago, reason]) => ({ ...record, id: known.id, seq: 1, endedAt: NOW - ago, reason }))

  it('an ended session never comes back, whatever happens after it in whatever order', () => {
    const law = fc.property(
      ended,
      anyPolicy,
      fc.array(fc.tuple(anyEvent, fc.nat(HOUR)), { maxLength: 12 }),
      (...drawn) => {
        const [record, policy, events] = drawn
        let state: State = { record, anchor }
        let passed = 0
        for (const [event, ms] of events) {
          state = event(state, policy, (passed += ms))
          expect(state.record!.id).toBe(record.id)
          expect(state.record!.endedAt).toBeLessThanOrEqual(record.endedAt)
        }
      },
    )
    fc.assert(law, { numRuns: 1000 })
  })

  it('an ended session is over for a tab that missed the end, whatever that tab did meanwhile', () => {
    const law = fc.property(
      ended,
      liveRecord(),
      fc.array(anyChange, { maxLength: 6 }),
      anyPolicy,
      (over, live, changes, policy) => {
        let state: State = { record: { ...live, id: known.id, seq: 1 }, anchor }
        for (const change of changes) state = reduce(state, change(policy), clock, policy)
        expect(adopt(state, over, clock).record!.endedAt).toBeLessThanOrEqual(over.endedAt)
        expect(adopt({ record: over, anchor }, state.record, clock).record!.endedAt).toBeLessThanOrEqual(over.endedAt)
      },
    )
    fc.assert(law, { numRuns: 1000 })
  })

  it('an ended session gives way to a new sign-in alone, which no late message of the old one changes', () => {
    const law = fc.property(ended, anyRecord, (record, late) => {
      const fresh = begin({ record, anchor }, { id: 'session-new' }, clock)
      expect(fresh.record).toMatchObject({
        id: 'session-new',
        seq: NOW,
        startedAt: NOW,
        activeAt: NOW,
        endedAt: Infinity,
      })
      expect(canonical(adopt(fresh, { ...late, id: record.id, seq: 1 }, clock).record)).toBe(canonical(fresh.record))
    })
    fc.assert(law, { numRuns: 500 })
  })
})

describe('I1: settling', () => {
  it('settling ends a session past its deadline at the deadline, not at the moment of the step', () => {
    const law = fc.property(liveRecord(), anyPolicy, fc.nat(48 * HOUR), (record, policy, later) => {
      const [{ at: deadline, reason }] = deadlines(record, policy)
      const settled = settle(record, policy, NOW + later)!
      if (NOW + later < deadline) expect(settled).toBe(record)
      else expect(settled).toEqual({ ...record, endedAt: deadline, reason })
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('settling comes first: nothing at or past the deadline moves it', () => {
    const law = fc.property(liveRecord(), anyPolicy, anyChange, fc.nat(HOUR), (record, policy, change, late) => {
      const [{ at: deadline, reason }] = deadlines(record, policy)
      fc.pre(deadline < Infinity && deadline >= NOW)
      const ms = deadline - NOW + late
      expect(reduce({ record, anchor }, change(policy), at(ms), policy).record).toEqual({
        ...record,
        endedAt: deadline,
        reason,
      })
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('settling has the same result in every tab, and a second time changes nothing', () => {
    const law = fc.property(liveRecord(), anyPolicy, fc.nat(48 * HOUR), (record, policy, later) => {
      const once = settle(record, policy, NOW + later)
      expect(settle(once, policy, NOW + later + HOUR)).toEqual(
        once === record ? settle(record, policy, NOW + later + HOUR) : once,
      )
    })
    fc.assert(law)
  })
})
