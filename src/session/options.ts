import type { Config } from '../core/deadlines.js'
import { MAX_COUNT } from '../core/record.js'
import { inWords } from '../util/arguments.js'
import { milliseconds } from '../util/duration.js'
import { warnOfNames, warnOfShortLengths } from '../util/hints.js'
import type { Ports } from '../ports/types.js'
import { sessionError } from '../errors.js'
import { DEVELOPMENT } from '../util/development.js'
import { LONGEST_REQUEST } from '../util/timing.js'
import type { Duration, Lease, SessionOptions, SessionServer, TokenStore } from '../types.js'

/** Throws for what is no window, and for one whose input this page is not given. */
export function checkWindow(view: Window): void {
  let isOurs = false
  try {
    // A window of another origin says whether it is closed, and throws for its methods.
    isOurs = view.closed || (typeof view.closed === 'boolean' && !!view.addEventListener)
  } catch {
    // A window of another origin, or a value without members.
  }
  if (!isOurs)
    throw sessionError(
      'invalid_options',
      DEVELOPMENT &&
        'watch: that is no window of this origin. Give one that this page fills, such as what window.open() returned.',
    )
}

/** The options of a session, checked. */
export interface Parsed {
  readonly config: Config
  readonly name: string
  readonly key: string
  readonly server: SessionServer | undefined
  readonly tokenStore: TokenStore | undefined
  readonly lease: Lease | undefined
}

/** The options, checked, and lengths of time in ms. Throws `invalid_options` for what cannot be meant. */
export function parseOptions(options: SessionOptions): Parsed {
  if (Object(options) !== options)
    throw sessionError('invalid_options', DEVELOPMENT && 'createSession takes an object of options, or nothing.')
  const { name = 'session', server, tokenStore, lease, idleTimeout = '15m', absoluteTimeout = '12h' } = options
  const {
    activityDuringWarning = 'ignore',
    stalePage = 'reload',
    refreshBefore = '60s',
    requestTimeout = '10s',
  } = options
  const check = (ok: unknown, option: keyof SessionOptions, meant: string | false): void => {
    if (ok) return
    throw sessionError(
      'invalid_options',
      DEVELOPMENT ? `${option} is ${inWords(options[option])}. Give ${String(meant)}.` : option,
    )
  }
  check(typeof name === 'string' && name, 'name', DEVELOPMENT && 'a text by which tabs find their session')
  check(
    !server || 'plugins' in Object(server),
    'server',
    DEVELOPMENT && 'oauth({ … }), cookieSession({ … }), or customServer({ … }) of sojourn/server',
  )
  check(
    // A store of the application's own brings no plugin: the server has to.
    !tokenStore || ('clear' in Object(tokenStore) && ('plugins' in tokenStore || (server && 'tokens' in server))),
    'tokenStore',
    DEVELOPMENT && 'idbTokens(), or customTokens(store) of sojourn/server',
  )
  check(
    !lease || typeof (lease as { run?: unknown }).run === 'function',
    'lease',
    DEVELOPMENT && 'the lease of sojourn/lease',
  )
  check(
    ['ignore', 'extend'].includes(activityDuringWarning),
    'activityDuringWarning',
    DEVELOPMENT && "'ignore' or 'extend'",
  )
  check(['reload', 'event'].includes(stalePage), 'stalePage', DEVELOPMENT && "'reload' or 'event'")
  const timeout = (value: Duration | false, option: 'idleTimeout' | 'absoluteTimeout'): number => {
    const ms = value === false ? Infinity : milliseconds(value, option)
    check(ms, option, DEVELOPMENT && 'more than 0, or false to switch it off')
    // A word for "never", such as Number.MAX_SAFE_INTEGER: no record and no Date can hold such an end.
    return ms > MAX_COUNT ? Infinity : ms
  }
  const idle = timeout(idleTimeout, 'idleTimeout')
  const absolute = timeout(absoluteTimeout, 'absoluteTimeout')
  const shortest = Math.min(idle, absolute)
  const limit = milliseconds(requestTimeout, 'requestTimeout')
  check(limit && limit <= LONGEST_REQUEST, 'requestTimeout', DEVELOPMENT && "more than 0 and at most '5m'")
  const warnBefore = milliseconds(options.warnBefore ?? Math.min(12e4, shortest / 3), 'warnBefore')
  check(warnBefore <= shortest, 'warnBefore', DEVELOPMENT && 'less than the timeout that it warns of')
  const config: Config = {
    idleTimeout: idle,
    absoluteTimeout: absolute,
    warnBefore,
    refreshBefore: milliseconds(refreshBefore, 'refreshBefore'),
    keepAliveEvery: milliseconds(options.keepAliveEvery ?? (idle < Infinity ? idle / 3 : 3e5), 'keepAliveEvery'),
    requestTimeout: limit,
    activityExtends: activityDuringWarning === 'extend',
    reloadsStalePage: stalePage === 'reload',
    // A page that keeps no tokens leaves what the record says of them as it is.
    sharesTokens: tokenStore ? tokenStore.shared : !server?.refresh,
    canRefresh: !!server?.refresh,
    canKeepAlive: !!server?.keepAlive,
    canCheck: !!server?.check,
  }
  return {
    config,
    name,
    key: `sojourn:${name}:1`,
    server: server?.forSession?.(name) ?? server,
    tokenStore: tokenStore?.forSession?.(name) ?? tokenStore,
    lease,
  }
}

/** All options. True: a length of time. */
const OPTIONS: Readonly<Record<keyof SessionOptions, boolean>> = {
  name: false,
  idleTimeout: true,
  warnBefore: true,
  absoluteTimeout: true,
  activityDuringWarning: false,
  refreshBefore: true,
  keepAliveEvery: true,
  stalePage: false,
  tokenStore: false,
  server: false,
  requestTimeout: true,
  lease: false,
}

/** Warns of options that have no effect, and of lengths of time that cannot be meant. */
export function warnOfOptions(options: SessionOptions): void {
  const lengths = Object.entries(OPTIONS).flatMap(([name, isLength]) => (isLength ? [name] : []))
  warnOfNames('createSession', options, Object.keys(OPTIONS))
  warnOfShortLengths('createSession', options, lengths)
}

/** People need 20 s to answer a warning, WCAG 2.2.1. */
export function warnOfShortWarning({ warn }: Ports, { idleTimeout, absoluteTimeout, warnBefore }: Config): void {
  const half = Math.min(idleTimeout, absoluteTimeout) / 2
  const length = Math.min(warnBefore, half)
  if (length < 2e4 && half < Infinity)
    warn(`sojourn: ${length} ms of warning (warnBefore, or half of the timeout), people need 20 s (WCAG 2.2.1).`)
}
