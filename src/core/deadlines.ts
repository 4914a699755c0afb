import { isLive, type SharedRecord } from './record.js'

/** The application's options, in ms; `Infinity` switches a timeout off. */
export interface Config {
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly warnBefore: number
  readonly refreshBefore: number
  readonly keepAliveEvery: number
  readonly requestTimeout: number
  readonly activityExtends: boolean
  readonly reloadsStalePage: boolean
  /** Whether all tabs share their tokens: the session then ends when the refresh token or the grant does. */
  readonly sharesTokens: boolean
  /** Which calls the server supports. */
  readonly canRefresh: boolean
  readonly canKeepAlive: boolean
  readonly canCheck: boolean
}

/** One thing that ends the session, and when its warning starts. */
export interface End {
  readonly by: 'idle' | 'absolute' | 'server'
  readonly reason: 'idle' | 'absolute'
  readonly at: number
  readonly warnAt: number
}

/** The options for one session: the record may allow less time than the options of this tab do. */
export function configFor(record: SharedRecord | null, config: Config): Config {
  const { idleTimeout, absoluteTimeout } = record ?? config
  return {
    ...config,
    idleTimeout: Math.min(config.idleTimeout, idleTimeout),
    absoluteTimeout: Math.min(config.absoluteTimeout, absoluteTimeout),
  }
}

/**
 * Everything that ends the session, the earliest first. Each warning starts `warnBefore` before its deadline, at most halfway.
 *
 * @example Idle timeout of 15 minutes, absolute timeout of 12 hours, `warnBefore` of 2 minutes, in minutes since the sign-in
 * ```ts
 * deadlines({ ...live, startedAt: 0, activeAt: 30 }, config)
 * // [{ by: 'idle', at: 45, warnAt: 43, … }, { by: 'absolute', at: 720, warnAt: 718, … }, …]
 * ```
 */
export function deadlines(record: SharedRecord, options: Config): readonly [End, ...End[]] {
  const { startedAt, activeAt, tokenAt, refreshEndsAt, grantEndsAt, serverIdleEndsAt, serverAbsoluteEndsAt } = record
  const config = configFor(record, options)
  // An answer to the warning counts until the server has agreed: then there is activity. No later answer puts the end off further.
  const grace = record.answeredAt > activeAt ? Math.min(config.requestTimeout, config.idleTimeout) : -Infinity
  const end = (by: End['by'], reason: End['reason'], from: number, at: number): End => ({
    by,
    reason,
    at: reason === 'idle' ? Math.max(at, Math.min(at, record.answeredAt) + grace) : at,
    warnAt: at - Math.min(config.warnBefore, (at - from) / 2),
  })
  const all: [End, ...End[]] = [
    end('idle', 'idle', activeAt, activeAt + config.idleTimeout),
    end('absolute', 'absolute', startedAt, startedAt + config.absoluteTimeout),
    // With `keepAlive` the server's idle timeout can be extended, as ours can; without, it cannot.
    end(config.canKeepAlive ? 'idle' : 'server', 'idle', startedAt, serverIdleEndsAt),
    // Where each tab has tokens of its own, it reports their end as the server's absolute end, so that all tabs know of it.
    end('server', 'absolute', startedAt, Math.min(serverAbsoluteEndsAt, config.sharesTokens ? grantEndsAt : Infinity)),
    end('server', 'absolute', tokenAt, config.sharesTokens ? refreshEndsAt : Infinity),
  ]
  return all.sort((a, b) => a.at - b.at)
}

/** When the first warning starts. The long warning of a later deadline may start before the short one of the first. */
export const firstWarningAt = (all: readonly End[]): number => Math.min(...all.map((end) => end.warnAt))

/** The end that the user is warned of now: the earliest of those whose warning has started. */
export const activeWarning = (record: SharedRecord, config: Config, now: number): End | undefined =>
  deadlines(record, config).find((end) => now >= end.warnAt)

/**
 * When an access token may be refreshed before it expires: `refreshBefore` ahead, for a short-lived token at half of its time. A
 * refresh token that expires is replaced before its warning starts. Never before `retryAt`.
 */
export function refreshAt(record: SharedRecord, { refreshBefore, warnBefore }: Config): number {
  const { tokenAt, tokenExpiresAt, refreshEndsAt, retryAt } = record
  const ahead = Math.min(refreshBefore, (tokenExpiresAt - tokenAt) / 2)
  const aheadOfWarning = Math.min(refreshBefore + warnBefore, ((refreshEndsAt - tokenAt) * 3) / 4)
  return Math.max(Math.min(tokenExpiresAt - ahead, refreshEndsAt - aheadOfWarning), retryAt)
}

/** When the timer starts a refresh: only for a user who was active since the sign-in and since the token was issued. */
export const backgroundRefreshAt = (record: SharedRecord, config: Config): number =>
  config.canRefresh && record.activeAt > Math.max(record.startedAt, record.tokenAt)
    ? refreshAt(record, config)
    : Infinity

/**
 * When `keepAlive` is due: only for activity that the server does not know of, and at most once per `keepAliveEvery`. More often where
 * the record allows less time than the options of this tab do, or the server would end the session between two calls.
 */
export function keepAliveAt({ activeAt, toldAt, idleTimeout }: SharedRecord, config: Config): number {
  if (!config.canKeepAlive || activeAt <= toldAt) return Infinity
  return toldAt + Math.min(config.keepAliveEvery, idleTimeout < config.idleTimeout ? idleTimeout / 3 : Infinity)
}

/** When `check` is due: shortly before the warning and shortly before the end, once each. */
export function checkAt(record: SharedRecord, config: Config): number {
  const all = deadlines(record, config)
  const warnAt = firstWarningAt(all)
  const windows = [
    [record.activeAt, warnAt],
    [warnAt, all[0].at],
  ] as const
  for (const [from, at] of config.canCheck ? windows : []) {
    const ahead = Math.min(1e4, (at - from) / 4)
    // A reply in whole seconds moves the end by up to one second. That must not cause another check.
    if (record.askedAt < at - ahead - Math.max(1500, ahead / 2)) return at - ahead
  }
  return Infinity
}

/**
 * When the phase changes next by itself, or one of `others` comes. A timer that fires early or late is harmless: each step reads the
 * clock.
 */
export function nextWakeAt(
  record: SharedRecord | null,
  config: Config,
  now: number,
  others: readonly number[] = [],
): number {
  const all = isLive(record) ? deadlines(record, config).flatMap((end) => [end.warnAt, end.at]) : []
  return Math.min(...[...all, ...others].filter((at) => at > now))
}
