/**
 * The state of one session that all tabs share: a join-semilattice under {@link merge}. It holds no secret.
 * Instants are shared time (`sharedNow` in clock.ts); 0 or Infinity means that there was none.
 */
export interface SharedRecord {
  readonly id: string
  /**
   * Orders sessions, as a hybrid logical clock: higher than that of the session before, and no less than the time of the sign-in.
   * The first rule keeps the order after the clock was set back, the second after storage was emptied.
   */
  readonly seq: number
  readonly startedAt: number
  readonly activeAt: number
  /** How much shared time adds to this device's wall clock, ms. It never falls. */
  readonly skew: number

  readonly generation: number
  readonly tokenAt: number
  readonly tokenExpiresAt: number
  /** When the refresh token expires, and when the server ends the grant or requires a new authentication. */
  readonly refreshEndsAt: number
  readonly grantEndsAt: number
  /** 1 where the store failed to keep the tokens: only the tab that refreshed them has them. */
  readonly unstored: number
  readonly failures: number
  readonly retryAt: number

  /** When `keepAlive` and `check` were last called, when the last request with a reply was sent, and the ends it gave. */
  readonly toldAt: number
  readonly askedAt: number
  readonly serverAt: number
  readonly serverIdleEndsAt: number
  readonly serverAbsoluteEndsAt: number
  /** When `extend()` was last called, where the server has to agree. */
  readonly answeredAt: number

  /** The shortest timeouts among the options of all tabs and of the sign-in, ms. */
  readonly idleTimeout: number
  readonly absoluteTimeout: number

  /** A hash; empty where the application gave no login. */
  readonly login: string
  /** A random name under which a journal may speak of the session outside of this device. Empty where there is no journal. */
  readonly pseudonym: string
  /** A hash of the companion cookie at the beginning. Empty where no page watches one. */
  readonly companion: string
  readonly endedAt: number
  readonly reason: string
  /** When the server was told of the end; 0 while it was not. */
  readonly endSentAt: number
}

/**
 * The login of a session that began without tokens and without a login, and that of one that was given tokens later. Both are less than
 * any fingerprint, so that merged records say of a session that it has a user as soon as one of them does. A page of version 0.1.0
 * writes neither.
 */
export const ANONYMOUS = '-'
export const WITH_TOKENS = '.'

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

/**
 * The least record: the value of each field while nothing is known. A field that starts at Infinity can only fall when records
 * are merged, every other can only rise.
 */
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
  answeredAt: 0,
  idleTimeout: Infinity,
  absoluteTimeout: Infinity,
  login: '',
  pseudonym: '',
  companion: '',
  endedAt: Infinity,
  reason: '',
  endSentAt: 0,
}

/** A record as a map of its fields. Fields that BOTTOM does not have come from a newer version and are written back as read. */
type Fields = Record<string, unknown>
const bottom = BOTTOM as unknown as Fields

/**
 * Fields that fall, and that version 0.1.0 does not know. Every version keeps the greater JSON of a field that it does not know, and writes
 * it. So the JSON of these rises where the field falls, always with as many digits, and begins with the generation: otherwise two pages
 * would write in turns for as long as both are open, each in answer to the other.
 */
const ADDED: readonly string[] = ['refreshEndsAt', 'grantEndsAt', 'idleTimeout', 'absoluteTimeout']

/** The last instant that a Date can hold, ECMA-262 §21.4.1.1. */
const MAX_INSTANT = 864e13
/** More than any count or skew can be. */
export const MAX_COUNT = 4e12
/**
 * How far ahead of the wall clock `seq` may be, ms: 31 years, more than any clock was set wrong by. The limit moves with the
 * clock, so that a planted `seq` always leaves room for that of the next sign-in.
 */
const SEQ_ROOM = 1e12

/**
 * A record with these fields, in whole ms. A number that {@link decode} would refuse (NaN, an instant after all dates, a timeout of
 * 127 years) is left out: https://github.com/Countly/countly-server/issues/395.
 */
export function createRecord(known: Partial<SharedRecord>): SharedRecord {
  const fields: Fields = { ...bottom, ...known }
  for (const [key, value] of Object.entries(fields))
    if (typeof value === 'number') fields[key] = value <= limit(key, MAX_INSTANT) ? Math.round(value) : bottom[key]
  return fields as unknown as SharedRecord
}

/** Whether both are of one session. `seq` counts too: a forged one makes another session instead of raising this one's. */
export const isSameSession = (a: SharedRecord, b: SharedRecord): boolean => a.id === b.id && a.seq === b.seq
export const isLive = (record: SharedRecord | null): record is SharedRecord & { readonly reason: '' } =>
  record?.endedAt === Infinity

/**
 * The least upper bound of two records. It is commutative, associative and idempotent, so lost, late and repeated messages cannot
 * make tabs disagree.
 *
 * @example Two tabs each saw something: the later activity and the shorter timeout are kept
 * ```ts
 * merge({ ...live, activeAt: 5, idleTimeout: 60 }, { ...live, activeAt: 8, idleTimeout: 90 })
 * // { ...live, activeAt: 8, idleTimeout: 60 }
 * ```
 */
export function merge(a: SharedRecord | null, b: SharedRecord | null): SharedRecord | null {
  if (!a || !b) return a ?? b
  if (!isSameSession(a, b)) return a.seq > b.seq || (a.seq === b.seq && a.id > b.id) ? a : b
  const left = withoutStaleFields(a, b)
  const right = withoutStaleFields(b, a)
  const merged = { ...left, ...right }
  for (const key of Object.keys(merged)) merged[key] = join(key, left[key], right[key])
  return merged as unknown as SharedRecord
}

/** The fields of `a` that still count beside `b`: not those of older tokens, of an older reply, or the reason of a later end. */
const withoutStaleFields = (a: SharedRecord, b: SharedRecord): Fields => ({
  ...a,
  ...(a.generation < b.generation && NO_TOKENS),
  ...(a.serverAt < b.serverAt && { serverIdleEndsAt: Infinity, serverAbsoluteEndsAt: Infinity }),
  ...(a.endedAt > b.endedAt && { reason: '' }),
})

/** The merged value of one field: the lower one if the field falls, else the higher one. */
function join(key: string, a: unknown, b: unknown): unknown {
  const least = bottom[key]
  const falls = least === Infinity
  const isHigher = least !== undefined ? (a as number) > (b as number) : canonical(a) > canonical(b)
  return isHigher === falls ? b : a
}

/** A field of a newer version may be of any type, so such fields are compared by their JSON. */
const canonical = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value))

/** The fields as JSON, in a fixed order. A field with its least value is left out: {@link decode} puts it back. */
const serialize = (fields: Fields): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(fields)
        .filter(([key, value]) => value !== bottom[key])
        .map(([key, value]): [string, unknown] => [
          key,
          ADDED.includes(key) ? `${1e6 + (fields['generation'] as number)} ${9e15 - (value as number)}` : value,
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  )

/** The record's text, without its end, which has a text of its own ({@link encodeEnd}). */
export const encode = (record: SharedRecord): string => serialize({ ...record, endedAt: Infinity, reason: '' })

/**
 * The text of the session's end, its tombstone: every version obeys it. When the session began says which of two is the later one after
 * the clock was set back. Version 0.1.0 writes neither `startedAt` nor `skew`.
 */
export const encodeEnd = ({ id, seq, startedAt, skew, endedAt, reason }: SharedRecord): string =>
  serialize({ id, seq, startedAt, skew, endedAt, reason })

/** The highest value of a number in a field. */
const limit = (key: string, wall: number): number =>
  key === 'seq' ? wall + SEQ_ROOM : key.endsWith('At') ? MAX_INSTANT : MAX_COUNT

/**
 * The record of a text from storage or another tab, read at `wall`, or null. The text is input: one that this library would not have
 * written counts as absent. A tombstone alone gives a record with nothing but an end.
 */
export function decode(text: unknown, wall: number): SharedRecord | null {
  try {
    const fields: Fields = { ...bottom, ...(JSON.parse(text as string) as object) }
    for (const key of ADDED) {
      const text = fields[key]
      if (typeof text !== 'string') continue
      const [of, rest] = text.split(' ')
      // Where a page of version 0.1.0 has refreshed since, nobody knows the end of the new refresh token.
      const isUnknown = key === 'refreshEndsAt' && Number(of) !== 1e6 + (fields['generation'] as number)
      fields[key] = 9e15 - Number(rest) + (isUnknown ? Infinity : 0)
    }
    for (const [key, value] of Object.entries(fields)) {
      // Fields of newer versions are kept, but none that shadows a member of all objects, such as `__proto__` or `toString`.
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
    const isStarted = record.startedAt < Infinity || !isLive(record)
    return isStarted && /^[\w-]{8,64}$/.test(record.id) && (text as string).length < 2e3 ? record : null
  } catch {
    return null
  }
}
