import { isLive, type SharedRecord } from './record.js'

/** One reading of both clocks, ms. The wall clock can be set; the monotonic one stops while some machines sleep. */
export interface Clock {
  readonly wall: number
  readonly mono: number
}

/** What the application asked for, in ms; `Infinity` switches a timeout off. */
export interface Config {
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly warnBefore: number
  readonly refreshBefore: number
  readonly keepAliveEvery: number
  readonly requestTimeout: number
  readonly activityExtends: boolean
  readonly reloadsStalePage: boolean
  /** Whether all tabs have the same tokens, whose known ends are then those of the session. */
  readonly sharesTokens: boolean
  /** What the server can be asked for. */
  readonly canRefresh: boolean
  readonly canKeepAlive: boolean
  readonly canCheck: boolean
}

/** The last moment at which both clocks were believed. */
export interface Anchor {
  readonly shared: number
  readonly mono: number
  /** Whether shared time was guessed from the record, with nobody there to say how far the clock was set back. */
  readonly guessed?: boolean
}

export interface End {
  readonly by: 'idle' | 'absolute' | 'server'
  readonly reason: 'idle' | 'absolute'
  readonly at: number
  readonly warnAt: number
}

/** Clock differences below this are rounding and slewing. */
const TOLERANCE = 1e3

export const sharedNow = (record: SharedRecord | null, clock: Clock): number => clock.wall + (record?.skew ?? 0)

/**
 * How far shared time has fallen behind (negative) or jumped ahead of the monotonic clock since the anchor, 0 if both agree.
 * Behind: the wall clock was set back. Ahead: the machine slept, or the clock was set forward; those cannot be told apart.
 */
export function drift(anchor: Anchor, now: number, mono: number): number {
  const off = now - mono - (anchor.shared - anchor.mono)
  return Math.abs(off) > TOLERANCE ? off : 0
}

/**
 * The policy for one session: its record may say less time than the options of this tab. The server is then told of activity
 * more often as well.
 */
export function policyFor(record: SharedRecord | null, policy: Config): Config {
  const { idleTimeout, absoluteTimeout } = record ?? policy
  return {
    ...policy,
    idleTimeout: Math.min(policy.idleTimeout, idleTimeout),
    absoluteTimeout: Math.min(policy.absoluteTimeout, absoluteTimeout),
    keepAliveEvery:
      idleTimeout < policy.idleTimeout ? Math.min(policy.keepAliveEvery, idleTimeout / 3) : policy.keepAliveEvery,
  }
}

/** Everything that ends the session, the earliest first. Of each is warned, but never before half of its way. */
export function deadlines(record: SharedRecord, options: Config): readonly [End, ...End[]] {
  const { startedAt, activeAt, tokenAt, refreshEndsAt, grantEndsAt, serverIdleEndsAt, serverAbsoluteEndsAt } = record
  const policy = policyFor(record, options)
  const end = (by: End['by'], reason: End['reason'], from: number, at: number): End => ({
    by,
    reason,
    at,
    warnAt: at - Math.min(policy.warnBefore, (at - from) / 2),
  })
  const all: [End, ...End[]] = [
    end('idle', 'idle', activeAt, activeAt + policy.idleTimeout),
    end('absolute', 'absolute', startedAt, startedAt + policy.absoluteTimeout),
    // Where the server can be told of activity, its idle end is no different from ours: it can be extended.
    end(policy.canKeepAlive ? 'idle' : 'server', 'idle', startedAt, serverIdleEndsAt),
    // Where each tab has tokens of its own, their ends are told as the server's word, so that all tabs know of them.
    end('server', 'absolute', startedAt, Math.min(serverAbsoluteEndsAt, policy.sharesTokens ? grantEndsAt : Infinity)),
    end('server', 'absolute', tokenAt, policy.sharesTokens ? refreshEndsAt : Infinity),
  ]
  return all.sort((a, b) => a.at - b.at)
}

/** When the first warning is due. A long warning of a later end may come before the short one of the first. */
export const firstWarningAt = (all: readonly End[]): number => Math.min(...all.map((end) => end.warnAt))

/** The end that is warned of now: the earliest of those whose warning has begun. */
export const activeWarning = (record: SharedRecord, policy: Config, now: number): End | undefined =>
  deadlines(record, policy).find((end) => now >= end.warnAt)

/**
 * When a refresh ahead of need may start: at the latest at half of a short token's life, before the end of the refresh token is
 * warned of, and never before `retryAt`.
 */
export function refreshAt(record: SharedRecord, { refreshBefore, warnBefore }: Config): number {
  const { tokenAt, tokenExpiresAt, refreshEndsAt, retryAt } = record
  const ahead = Math.min(refreshBefore, (tokenExpiresAt - tokenAt) / 2)
  const aheadOfWarning = Math.min(refreshBefore + warnBefore, ((refreshEndsAt - tokenAt) * 3) / 4)
  return Math.max(Math.min(tokenExpiresAt - ahead, refreshEndsAt - aheadOfWarning), retryAt)
}

/** When the timer starts it: a user who has done nothing since the sign-in, or since the token came, needs no newer one. */
export const backgroundRefreshAt = (record: SharedRecord, policy: Config): number =>
  policy.canRefresh && record.activeAt > Math.max(record.startedAt, record.tokenAt)
    ? refreshAt(record, policy)
    : Infinity

/** When the server is next to be told of activity: only of activity that it does not know, and not too often. */
export const keepAliveAt = (record: SharedRecord, policy: Config): number =>
  policy.canKeepAlive && record.activeAt > record.toldAt
    ? record.toldAt + policyFor(record, policy).keepAliveEvery
    : Infinity

/** When the server is next to be asked: shortly before the warning and shortly before the end, once each. */
export function checkAt(record: SharedRecord, policy: Config): number {
  const all = deadlines(record, policy)
  const warnAt = firstWarningAt(all)
  const windows = [
    [record.activeAt, warnAt],
    [warnAt, all[0].at],
  ] as const
  for (const [from, at] of policy.canCheck ? windows : []) {
    const ahead = Math.min(1e4, (at - from) / 4)
    // An answer in whole seconds moves the end by up to one. That is no reason to ask again.
    if (record.askedAt < at - ahead - Math.max(1500, ahead / 2)) return at - ahead
  }
  return Infinity
}

/** When the phase changes next by itself. A timer that rings late is harmless: each step looks at the clock. */
export function nextWakeAt(record: SharedRecord | null, policy: Config, now: number): number {
  if (!isLive(record)) return Infinity
  const all = deadlines(record, policy).flatMap((end) => [end.warnAt, end.at])
  return Math.min(...all.filter((at) => at > now))
}
