/**
 * What all tabs know of one session: a join-semilattice under {@link merge}. It holds no secret.
 * Instants are shared time (see time.ts); 0 or Infinity says that there was none.
 */
export interface SharedRecord {
  readonly id: string
  /**
   * Orders sessions, as a hybrid logical clock: more than that of the session before, and no less than the time of the sign-in.
   * The first holds while the clock is set back; the second while storage was emptied and nobody knows the session before.
   */
  readonly seq: number
  readonly startedAt: number
  readonly activeAt: number
  /** What shared time adds to this device's wall clock, ms. Only grows. */
  readonly skew: number

  readonly generation: number
  readonly tokenAt: number
  readonly tokenExpiresAt: number
  /** When the server will refuse the refresh token, and when it will end the grant or wants the user to authenticate anew. */
  readonly refreshEndsAt: number
  readonly grantEndsAt: number
  /** 1 where a store refused the tokens, so that only the tab that refreshed has them. */
  readonly unstored: number
  readonly failures: number
  readonly retryAt: number

  /** When the server was last told of activity, last asked how long is left, and what it said when. */
  readonly toldAt: number
  readonly askedAt: number
  readonly serverAt: number
  readonly serverIdleEndsAt: number
  readonly serverAbsoluteEndsAt: number

  /** What the options of all tabs and the sign-in allow at most, ms: the shortest counts. */
  readonly idleTimeout: number
  readonly absoluteTimeout: number

  /** A hash; empty where the application gave no login. */
  readonly login: string
  readonly endedAt: number
  readonly reason: string
  /** When the server heard of the end; 0 while it has not. */
  readonly endSentAt: number
}

type Part<K extends keyof SharedRecord> = Pick<SharedRecord, K>

export const NO_TOKENS: Part<
  'generation' | 'tokenAt' | 'tokenExpiresAt' | 'refreshEndsAt' | 'grantEndsAt' | 'unstored' | 'failures' | 'retryAt'
> = {
  generation: 0,
  tokenAt: 0,
  tokenExpiresAt: Infinity,
  refreshEndsAt: Infinity,
  grantEndsAt: Infinity,
  unstored: 0,
  failures: 0,
  retryAt: 0,
}

/** The least record: what each field says when nothing is known. What starts at Infinity falls, everything else rises. */
const BOTTOM: SharedRecord = {
  id: '',
  seq: 0,
  startedAt: Infinity,
  activeAt: 0,
  skew: 0,
  ...NO_TOKENS,
  toldAt: 0,
  askedAt: 0,
  serverAt: 0,
  serverIdleEndsAt: Infinity,
  serverAbsoluteEndsAt: Infinity,
  idleTimeout: Infinity,
  absoluteTimeout: Infinity,
  login: '',
  endedAt: Infinity,
  reason: '',
  endSentAt: 0,
}

/** A record seen as its fields. Those that BOTTOM does not have are a newer version's, and are written back as read. */
type Fields = Record<string, unknown>
const bottom = BOTTOM as unknown as Fields

/** No instant lies beyond what a Date can hold, ECMA-262 §21.4.1.1. */
const MAX_INSTANT = 864e13
/** No count and no skew comes near this. */
export const MAX_COUNT = 4e12
/**
 * How far ahead of the wall clock `seq` may be, ms: 31 years, more than any clock was set wrong by. The limit moves with the
 * clock, so that a planted `seq` always leaves room for that of the next sign-in.
 */
const SEQ_ROOM = 1e12

/** A record of what is known, in whole ms. What others could not read (NaN, a token that outlives all dates) is not said. */
export function createRecord(known: Partial<SharedRecord>): SharedRecord {
  const fields: Fields = { ...bottom, ...known }
  for (const [key, value] of Object.entries(fields))
    if (typeof value === 'number') fields[key] = value <= MAX_INSTANT ? Math.round(value) : bottom[key]
  return fields as unknown as SharedRecord
}

/** Whether both tell of the same session: `seq` too, so that a forged one makes another session, not a higher one. */
export const isSameSession = (a: SharedRecord, b: SharedRecord): boolean => a.id === b.id && a.seq === b.seq
export const isLive = (record: SharedRecord | null): record is SharedRecord & { readonly reason: '' } =>
  record?.endedAt === Infinity

/** Least upper bound: commutative, associative, idempotent, so that lost, late and doubled messages cannot make tabs disagree. */
export function merge(a: SharedRecord | null, b: SharedRecord | null): SharedRecord | null {
  if (!a || !b) return a ?? b
  if (!isSameSession(a, b)) return a.seq > b.seq || (a.seq === b.seq && a.id > b.id) ? a : b
  const left = withoutStaleFields(a, b)
  const right = withoutStaleFields(b, a)
  const merged = { ...left, ...right }
  for (const key of Object.keys(merged)) merged[key] = join(key, left[key], right[key])
  return merged as unknown as SharedRecord
}

/** What `a` has to say beside `b`: nothing of tokens that were refreshed, an older reply, or the reason of a later end. */
const withoutStaleFields = (a: SharedRecord, b: SharedRecord): Fields => ({
  ...a,
  ...(a.generation < b.generation && NO_TOKENS),
  ...(a.serverAt < b.serverAt && { serverIdleEndsAt: Infinity, serverAbsoluteEndsAt: Infinity }),
  ...(a.endedAt > b.endedAt && { reason: '' }),
})

function join(key: string, a: unknown, b: unknown): unknown {
  const isHigher = bottom[key] !== undefined ? (a as number) > (b as number) : canonical(a) > canonical(b)
  return isHigher === (bottom[key] === Infinity) ? b : a
}

const canonical = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value))

const serialize = (record: SharedRecord, wanted: (key: string) => boolean): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(record)
        .filter(([key, value]) => wanted(key) && value !== bottom[key])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  )

/** The record's text, sorted, without what says nothing. Its end has a text of its own. */
export const encode = (record: SharedRecord): string =>
  serialize(record, (key) => key !== 'endedAt' && key !== 'reason')

/** The tombstone's text. Its format never changes: every version obeys it. */
export const encodeEnd = (record: SharedRecord): string =>
  serialize(record, (key) => ['id', 'seq', 'endedAt', 'reason'].includes(key))

const limit = (key: string, wall: number): number =>
  key === 'seq' ? wall + SEQ_ROOM : key.endsWith('At') ? MAX_INSTANT : MAX_COUNT

/**
 * What a text from storage or another tab says at `wall`, or null. The text is input: what we would not have written counts as
 * absent. A tombstone alone gives a record that knows nothing but its end.
 */
export function decode(text: unknown, wall: number): SharedRecord | null {
  try {
    const fields: Fields = { ...bottom, ...(JSON.parse(text as string) as object) }
    for (const [key, value] of Object.entries(fields)) {
      // A field of a newer version is kept, but none may pass for what every object inherits.
      if (key in {}) return null
      const least = bottom[key]
      if (least !== undefined && typeof value !== typeof least) return null
      if (
        typeof least === 'number' &&
        value !== least &&
        !((value as number) >= 0 && (value as number) <= limit(key, wall))
      )
        return null
    }
    const record = fields as unknown as SharedRecord
    const tells = record.startedAt < Infinity || !isLive(record)
    return tells && /^[\w-]{8,64}$/.test(record.id) && (text as string).length < 2e3 ? record : null
  } catch {
    return null
  }
}
