import fc from 'fast-check'
import { createRecord, type SharedRecord } from '../../src/core/record.js'
import type { Config } from '../../src/core/deadlines.js'

/** Shared time at which the properties play. Instants lie close around it, so that ties are common. */
export const NOW = 1_800_000_000_000

export const instant: fc.Arbitrary<number> = fc.oneof(
  fc.constant(0),
  fc.integer({ min: NOW - 3, max: NOW + 3 }),
  fc.integer({ min: 0, max: 864e13 }),
)
const endless = fc.oneof(fc.constant(Infinity), instant)
const count = fc.oneof(fc.nat(3), fc.nat())

const limit = fc.oneof(fc.constant(Infinity), fc.integer({ min: 6e4, max: 24 * 36e5 }))

/** What a newer version of the library may have added. */
const unknown = fc.dictionary(fc.constantFrom('v2', 'peers', 'note'), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })

const fields: { [K in keyof SharedRecord]: fc.Arbitrary<SharedRecord[K]> } = {
  id: fc.constantFrom('session-a', 'session-b'),
  seq: fc.integer({ min: 1, max: 2 }),
  startedAt: instant,
  activeAt: instant,
  skew: fc.oneof(fc.constant(0), fc.nat(36e5)),
  generation: count,
  tokenAt: instant,
  tokenExpiresAt: endless,
  refreshEndsAt: endless,
  grantEndsAt: endless,
  unstored: fc.constantFrom(0, 1),
  failures: count,
  retryAt: instant,
  toldAt: instant,
  askedAt: instant,
  serverAt: instant,
  serverIdleEndsAt: endless,
  serverAbsoluteEndsAt: endless,
  answeredAt: instant,
  idleTimeout: limit,
  absoluteTimeout: limit,
  login: fc.constantFrom('', 'hash1', 'hash2'),
  companion: fc.constantFrom('', 'hash1', 'hash2'),
  pseudonym: fc.constantFrom('', 'name1', 'name2'),
  endedAt: endless,
  reason: fc.constantFrom('', 'idle', 'signOut', 'ofAnotherVersion'),
  endSentAt: instant,
}

/** Any record that `decode` lets through: every field, and some that only a newer version knows. */
export const anyRecord: fc.Arbitrary<SharedRecord> = fc
  .tuple(fc.record(fields), unknown)
  .map(([known, added]) => ({ ...known, ...added }))

/** A live session as tabs write it, at most `age` ms old. */
export const liveRecord = (age = 12 * 36e5): fc.Arbitrary<SharedRecord> =>
  fc
    .tuple(fc.record(fields), fc.nat(age), fc.nat(age), fc.array(fc.nat(age), { minLength: 5, maxLength: 5 }))
    .map(([known, a, b, [c = 0, d = 0, e = 0, f = 0, g = 0]]) => {
      const startedAt = NOW - Math.max(a, b)
      const since = (ago: number): number => Math.max(startedAt, NOW - ago)
      return {
        ...known,
        startedAt,
        activeAt: since(Math.min(a, b)),
        skew: 0,
        toldAt: since(c),
        askedAt: since(d),
        tokenAt: since(e),
        serverAt: since(f),
        answeredAt: since(g),
        endedAt: Infinity,
        reason: '',
      }
    })

export const anyPolicy: fc.Arbitrary<Config> = fc
  .record({
    idleTimeout: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1e3, max: 36e5 })),
    absoluteTimeout: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1e3, max: 12 * 36e5 })),
    warnBefore: fc.integer({ min: 0, max: 36e5 }),
    refreshBefore: fc.constant(6e4),
    keepAliveEvery: fc.constant(3e5),
    requestTimeout: fc.constant(1e4),
    activityExtends: fc.boolean(),
    reloadsStalePage: fc.boolean(),
    sharesTokens: fc.boolean(),
    canRefresh: fc.boolean(),
    canKeepAlive: fc.boolean(),
    canCheck: fc.boolean(),
  })
  .map((policy) => ({ ...policy, warnBefore: Math.min(policy.warnBefore, policy.idleTimeout, policy.absoluteTimeout) }))

/** The same text for the same content, whatever the order of its fields. `Infinity` keeps its name. */
export const canonical = (record: SharedRecord | null): string =>
  record === null
    ? 'null'
    : JSON.stringify(
        Object.entries(record)
          .map(([key, value]) => [key, value === Infinity ? 'Infinity' : (value as unknown)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )

export const known = createRecord({ id: 'session-a', seq: 1, startedAt: NOW - 6e4, activeAt: NOW - 3e4 })
