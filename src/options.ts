import type { Policy } from './core/time.js'
import { milliseconds } from './duration.js'
import { SessionError } from './errors.js'
import type { Duration, SessionOptions } from './types.js'

const invalid = (message: string): SessionError => new SessionError('invalid_options', { message })

function oneOf(value: string | undefined, option: string, allowed: readonly [string, ...string[]]): string {
  if (value === undefined) return allowed[0]
  if (allowed.includes(value)) return value
  throw invalid(`${option} is ${JSON.stringify(value)}. Give one of ${allowed.join(', ')}.`)
}

function timeout(value: Duration | false, option: string): number {
  const ms = value === false ? Infinity : milliseconds(value, option)
  if (ms) return ms
  throw invalid(`${option} is 0: the session would end at once. Give a length of time, or false to switch it off.`)
}

/** What the options mean in ms. Throws `invalid_options` for what cannot be meant. */
export function policyOf(options: SessionOptions): Policy {
  const { name = 'session', server, tokenStore, warnBefore, refreshBefore = '60s', keepAliveEvery } = options
  if (typeof name !== 'string' || !name) throw invalid('name is empty. Tabs find their session by it: give a string.')
  if (server !== undefined && !(server instanceof Object))
    throw invalid('server is no object. Give oauth({ … }), or your own with the functions of SessionServer.')
  if (tokenStore !== undefined && typeof (tokenStore as Partial<typeof tokenStore> | null)?.get !== 'function')
    throw invalid('tokenStore has no get(). Give memoryTokens(), idbTokens(), or your own TokenStore.')
  const idleTimeout = timeout(options.idleTimeout ?? '15m', 'idleTimeout')
  const absoluteTimeout = timeout(options.absoluteTimeout ?? '12h', 'absoluteTimeout')
  const shortest = Math.min(idleTimeout, absoluteTimeout)
  const warning = warnBefore === undefined ? Math.min(12e4, shortest / 3) : milliseconds(warnBefore, 'warnBefore')
  if (warning > shortest)
    throw invalid(
      `warnBefore is ${String(warning)} ms, longer than the timeout of ${String(shortest)} ms that it warns of. Give half of that or less.`,
    )
  return {
    idleTimeout,
    absoluteTimeout,
    warnBefore: warning,
    refreshBefore: milliseconds(refreshBefore, 'refreshBefore'),
    keepAliveEvery:
      keepAliveEvery === undefined
        ? (idleTimeout < Infinity ? idleTimeout : 9e5) / 3
        : milliseconds(keepAliveEvery, 'keepAliveEvery'),
    activityExtends: oneOf(options.activityDuringWarning, 'activityDuringWarning', ['ignore', 'extend']) === 'extend',
    reloadsStalePage: oneOf(options.stalePage, 'stalePage', ['reload', 'event']) === 'reload',
    canRefresh: !!server?.refresh,
    canTell: !!server?.keepAlive,
    canAsk: !!server?.check,
  }
}
