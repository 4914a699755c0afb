/** Why a session is over, in the order in which simultaneous ends are told apart. */
export const REASONS = ['signOut', 'rejected', 'replaced', 'wiped', 'absolute', 'idle'] as const
export type Reason = (typeof REASONS)[number]

/**
 * What all tabs know of one session: a join-semilattice under {@link merge}. It holds no secret.
 * Instants are shared time (see time.ts). An absent instant is 0, an absent end is Infinity.
 */
export interface SharedRecord {
  readonly id: string
  /** Orders sessions: one more than the session before. Never a clock. */
  readonly seq: number
  readonly startedAt: number
  readonly activeAt: number
  /** What shared time adds to this device's wall clock, ms. Only grows. */
  readonly skew: number
  /** When somebody last answered "stay signed in". */
  readonly extendedAt: number

  readonly generation: number
  readonly tokenAt: number
  readonly tokenExpiresAt: number
  readonly failures: number
  readonly retryAt: number

  /** When the server was last told of activity, and last asked how long is left. */
  readonly toldAt: number
  readonly askedAt: number
  readonly serverAt: number
  readonly serverIdleEndsAt: number
  readonly serverAbsoluteEndsAt: number

  /** A hash; empty where the application gave no login. */
  readonly login: string
  readonly endedAt: number
  readonly reason: Reason | null
  /** Fields of a newer version, written back as read. */
  readonly extra: Readonly<Record<string, unknown>>
}

type Part<K extends keyof SharedRecord> = Pick<SharedRecord, K>

export const NO_TOKENS: Part<'generation' | 'tokenAt' | 'tokenExpiresAt' | 'failures' | 'retryAt'> = {
  generation: 0,
  tokenAt: 0,
  tokenExpiresAt: Infinity,
  failures: 0,
  retryAt: 0,
}

export const NO_SERVER: Part<'serverAt' | 'serverIdleEndsAt' | 'serverAbsoluteEndsAt'> = {
  serverAt: 0,
  serverIdleEndsAt: Infinity,
  serverAbsoluteEndsAt: Infinity,
}

/** The least element: what a field holds when nothing is known of it. Its order is the order in storage. */
const NUMBERS = {
  seq: 0,
  startedAt: Infinity,
  activeAt: 0,
  skew: 0,
  extendedAt: 0,
  ...NO_TOKENS,
  toldAt: 0,
  askedAt: 0,
  ...NO_SERVER,
  endedAt: Infinity,
}
const NAMES = new Set(Object.keys(NUMBERS))
const EMPTY = { ...NUMBERS, login: '', reason: null, extra: {} }

export function createRecord(id: string, known: Partial<SharedRecord>): SharedRecord {
  return { ...EMPTY, ...known, id }
}

/** Whether both tell of the same session. The pair is compared, so that a forged `seq` makes another session, not a higher one. */
export const isSame = (a: SharedRecord, b: SharedRecord): boolean => a.id === b.id && a.seq === b.seq
export type LiveRecord = SharedRecord & { readonly reason: null }
export const isLive = (record: SharedRecord | null): record is LiveRecord => record?.endedAt === Infinity

/** Least upper bound: commutative, associative, idempotent, so that lost, late and doubled messages cannot make tabs disagree. */
export function merge(a: SharedRecord | null, b: SharedRecord | null): SharedRecord | null {
  if (!a || !b) return a ?? b
  if (!isSame(a, b)) return a.seq > b.seq || (a.seq === b.seq && a.id > b.id) ? a : b
  const { min, max } = Math
  const tokens = a.generation < b.generation ? b : a
  const oneGeneration = a.generation === b.generation
  const server = a.serverAt < b.serverAt ? b : a
  const oneReply = a.serverAt === b.serverAt
  const end = a.endedAt < b.endedAt || (a.endedAt === b.endedAt && rank(a) < rank(b)) ? a : b
  return {
    ...a,
    startedAt: min(a.startedAt, b.startedAt),
    activeAt: max(a.activeAt, b.activeAt),
    skew: max(a.skew, b.skew),
    extendedAt: max(a.extendedAt, b.extendedAt),
    generation: tokens.generation,
    tokenAt: oneGeneration ? min(a.tokenAt, b.tokenAt) : tokens.tokenAt,
    tokenExpiresAt: oneGeneration ? min(a.tokenExpiresAt, b.tokenExpiresAt) : tokens.tokenExpiresAt,
    failures: oneGeneration ? max(a.failures, b.failures) : tokens.failures,
    retryAt: oneGeneration ? max(a.retryAt, b.retryAt) : tokens.retryAt,
    toldAt: max(a.toldAt, b.toldAt),
    askedAt: max(a.askedAt, b.askedAt),
    serverAt: server.serverAt,
    serverIdleEndsAt: oneReply ? min(a.serverIdleEndsAt, b.serverIdleEndsAt) : server.serverIdleEndsAt,
    serverAbsoluteEndsAt: oneReply ? min(a.serverAbsoluteEndsAt, b.serverAbsoluteEndsAt) : server.serverAbsoluteEndsAt,
    login: a.login > b.login ? a.login : b.login,
    endedAt: end.endedAt,
    reason: end.reason,
    extra: mergeExtra(a.extra, b.extra),
  }
}

const rank = (record: SharedRecord): number => (record.reason ? REASONS.indexOf(record.reason) : REASONS.length)

function mergeExtra(a: SharedRecord['extra'], b: SharedRecord['extra']): SharedRecord['extra'] {
  const both = { ...a, ...b }
  for (const key of Object.keys(a)) if (JSON.stringify(a[key]) > JSON.stringify(both[key])) both[key] = a[key]
  return both
}

/** The record's text: what says nothing is left out. The end has a text of its own ({@link encodeEnd}). */
export function encode(record: SharedRecord): string {
  const { extra, reason, endedAt, ...known } = record
  return JSON.stringify({ ...extra, ...known }, (key, value: unknown) =>
    value === EMPTY[key as keyof typeof EMPTY] ? undefined : value,
  )
}

/** The tombstone's text. Its format never changes: every version obeys it. */
export function encodeEnd({ id, seq, endedAt, reason }: SharedRecord): string {
  return JSON.stringify({ id, seq, endedAt, reason })
}

/**
 * What a text from storage or another tab says, or null. The text is input: whatever is not exactly as we would have
 * written it counts as absent. A tombstone alone gives a record that knows nothing but its end.
 */
export function decode(text: unknown): SharedRecord | null {
  try {
    if (typeof text !== 'string' || text.length > 2e3) return null
    const { id, login = '', reason = null, ...rest } = JSON.parse(text) as Record<string, unknown>
    const numbers = { ...NUMBERS }
    const extra: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(rest)) {
      if (!NAMES.has(key)) extra[key] = value
      // The upper bound is the last instant that a Date can hold, ECMA-262 §21.4.1.1.
      else if (typeof value !== 'number' || !(value >= 0 && value <= 864e13)) return null
      else numbers[key as keyof typeof NUMBERS] = value
    }
    const { startedAt, endedAt } = numbers
    const ended = endedAt < Infinity
    if (typeof id !== 'string' || !/^[\w-]{8,64}$/.test(id) || typeof login !== 'string') return null
    if (startedAt === Infinity && !ended) return null
    // A reason of a newer version still ends the session.
    const known = REASONS.find((one) => one === reason) ?? 'signOut'
    return { ...numbers, id, login, reason: ended ? known : null, extra }
  } catch {
    return null
  }
}
