import { createRecord, isLive, isSame, merge, NO_SERVER, NO_TOKENS, type Reason, type SharedRecord } from './record.js'
import { drift, ends, sharedNow, warned, type Anchor, type Clock, type EndsBy, type Policy } from './time.js'

/** What one tab knows: the shared record, and its own anchor between the clocks. */
export interface State {
  readonly record: SharedRecord | null
  readonly anchor: Anchor
}

/** Of tokens the record says only how often they were refreshed and how long they live, never what they are. */
export interface TokenTimes {
  readonly generation: number
  readonly tokenAt: number
  readonly tokenExpiresAt: number
}

/** All that may happen to a session. Instants are shared time. Replies carry the id of the session that asked. */
export type Happening =
  | { readonly type: 'signIn'; readonly id: string; readonly login: string; readonly tokens: TokenTimes | null }
  /** Ordinary activity, at the latest at `at`. */
  | { readonly type: 'activity'; readonly at: number }
  /** Work that goes on: counts even while warned, for nobody can be expected to press a key. */
  | { readonly type: 'hold' }
  | { readonly type: 'extend' }
  | { readonly type: 'end'; readonly id: string; readonly reason: Reason }
  | ({ readonly type: 'tokens'; readonly id: string } & TokenTimes)
  | { readonly type: 'refreshFailed'; readonly id: string; readonly generation: number; readonly retryAt: number }
  | { readonly type: 'told' }
  | { readonly type: 'asked' }
  | {
      readonly type: 'server'
      readonly id: string
      /** When the request was sent; the server counted from some later moment. */
      readonly sentAt: number
      /** ms left; undefined where the server did not say. */
      readonly idle: number | undefined
      readonly absolute: number | undefined
      /** Whether the request itself counted as activity at the server. */
      readonly told: boolean
    }

/** The picture of a session at one moment, in shared time. */
export type View =
  | { readonly phase: 'signedOut' }
  | { readonly phase: 'active' }
  | { readonly phase: 'warning'; readonly endAt: number; readonly endsBy: EndsBy; readonly canExtend: boolean }

/** Nobody is made to wait longer, whatever storage or a server says. */
const LONGEST_RETRY = 36e5
/** How far ahead of us another tab's instants may be. More is no clock of this machine. */
const AHEAD = 2e3

export function view(record: SharedRecord | null, policy: Policy, now: number): View {
  if (!isLive(record)) return { phase: 'signedOut' }
  const end = warned(ends(record, policy), now)
  if (!end) return { phase: 'active' }
  return { phase: 'warning', endAt: end.at, endsBy: end.by, canExtend: end.by === 'idle' }
}

/**
 * Takes in what other tabs wrote or said, and the time. What comes from outside may shorten the session; an instant
 * that lies ahead of us would lengthen it, so it is not believed.
 */
export function adopt(state: State, incoming: SharedRecord | null, clock: Clock): State {
  const known = state.record
  const winner = merge(known, incoming)
  if (!winner) return { record: null, anchor: { shared: clock.wall, mono: clock.mono } }
  const same = known !== null && isSame(known, winner)
  // With no tab alive the clock may have been set back: then the record is ahead of us, and we go to meet it, once.
  const met = same || !isLive(winner) ? winner.skew : Math.max(winner.skew, winner.activeAt - clock.wall)
  const off = same ? drift(state.anchor, clock.wall + met, clock.mono) : 0
  // Raised by the whole difference at once, never per sample: rounding would ratchet.
  const skew = met + Math.max(0, -off)
  const now = clock.wall + skew
  const heard = incoming && isSame(incoming, winner) ? believable(incoming, now) : null
  const record = merge(same ? known : null, heard) ?? winner
  return {
    record: { ...record, skew },
    anchor: same && !off ? state.anchor : { shared: now, mono: clock.mono },
  }
}

function believable(record: SharedRecord, now: number): SharedRecord {
  const past = (instant: number): number => (instant > now + AHEAD ? 0 : instant)
  return {
    ...record,
    startedAt: isLive(record) ? Math.min(record.startedAt, now) : record.startedAt,
    activeAt: past(record.activeAt),
    extendedAt: past(record.extendedAt),
    toldAt: past(record.toldAt),
    askedAt: past(record.askedAt),
    tokenAt: past(record.tokenAt),
    retryAt: Math.min(record.retryAt, now + LONGEST_RETRY),
    ...(past(record.serverAt) < record.serverAt && NO_SERVER),
  }
}

/** Whatever happens, the deadline is looked at first: past it nothing but the end happens, and nothing revives a session. */
export function settle(record: SharedRecord | null, policy: Policy, now: number): SharedRecord | null {
  if (!isLive(record)) return record
  const [first] = ends(record, policy)
  // The deadline, not now, so that all tabs write the same.
  return now < first.at ? record : { ...record, endedAt: first.at, reason: first.reason }
}

/** One step: settle, let `happening` happen, settle again (a server may have said that nothing is left). */
export function reduce(state: State, happening: Happening | null, clock: Clock, policy: Policy): State {
  const now = sharedNow(state.record, clock)
  const record = settle(state.record, policy, now)
  if (happening?.type === 'signIn') {
    const { id, login, tokens } = happening
    const at = clock.wall
    return {
      record: createRecord(id, {
        seq: (record?.seq ?? 0) + 1,
        startedAt: at,
        activeAt: at,
        toldAt: at,
        login,
        ...(tokens ?? NO_TOKENS),
      }),
      anchor: { shared: at, mono: clock.mono },
    }
  }
  if (!happening || !isLive(record)) return { ...state, record }
  return { ...state, record: settle(happen(record, happening, policy, now), policy, now) }
}

function happen(
  record: SharedRecord,
  happening: Exclude<Happening, { type: 'signIn' }>,
  policy: Policy,
  now: number,
): SharedRecord {
  // A late reply proves that it is still wanted.
  if ('id' in happening && happening.id !== record.id) return record
  switch (happening.type) {
    case 'activity': {
      const shown = view(record, policy, now)
      // A warning that cannot be answered ignores nothing: an active user must not run into the idle end behind it.
      if (shown.phase === 'warning' && shown.canExtend && !policy.activityExtends) return record
      return { ...record, activeAt: Math.max(record.activeAt, Math.min(happening.at, now)) }
    }
    case 'hold':
      return { ...record, activeAt: Math.max(record.activeAt, now) }
    case 'extend':
      return { ...record, activeAt: Math.max(record.activeAt, now), extendedAt: now }
    case 'end':
      return { ...record, endedAt: now, reason: happening.reason }
    case 'tokens': {
      const { generation, tokenAt, tokenExpiresAt } = happening
      if (generation <= record.generation) return record
      return { ...record, ...NO_TOKENS, generation, tokenAt, tokenExpiresAt }
    }
    case 'refreshFailed':
      if (happening.generation !== record.generation) return record
      return {
        ...record,
        failures: record.failures + 1,
        retryAt: Math.max(record.retryAt, Math.min(happening.retryAt, now + LONGEST_RETRY)),
      }
    case 'told':
      return { ...record, toldAt: now }
    case 'asked':
      return { ...record, askedAt: now }
    case 'server': {
      const { sentAt, idle, absolute, told } = happening
      if (sentAt < record.serverAt || (!told && idle === undefined && absolute === undefined)) return record
      const serverIdleEndsAt = idle === undefined ? (told ? Infinity : record.serverIdleEndsAt) : sentAt + idle
      // More idle time than we know of is activity elsewhere; what we told the server ourselves is none.
      const elsewhere = told || idle === undefined ? 0 : Math.min(sentAt + idle - policy.idleTimeout, sentAt)
      return {
        ...record,
        activeAt: elsewhere > record.toldAt + AHEAD ? Math.max(record.activeAt, elsewhere) : record.activeAt,
        serverAt: sentAt,
        serverIdleEndsAt,
        serverAbsoluteEndsAt: absolute === undefined ? record.serverAbsoluteEndsAt : sentAt + absolute,
      }
    }
  }
}
