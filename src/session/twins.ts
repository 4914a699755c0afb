import type { Config } from '../core/deadlines.js'
import { hint } from '../util/hints.js'
import type { Session } from '../types.js'
import { contextOf, type SessionContext } from './context.js'

/** The option that each part of the configuration comes from. */
const OPTION_OF: Readonly<Record<keyof Config, string>> = {
  idleTimeout: 'idleTimeout',
  absoluteTimeout: 'absoluteTimeout',
  warnBefore: 'warnBefore',
  refreshBefore: 'refreshBefore',
  keepAliveEvery: 'keepAliveEvery',
  requestTimeout: 'requestTimeout',
  activityExtends: 'activityDuringWarning',
  reloadsStalePage: 'stalePage',
  sharesTokens: 'tokenStore',
  canRefresh: 'server',
  canKeepAlive: 'server',
  canCheck: 'server',
}

/** The session objects of this page that are not destroyed. */
const present = /* @__PURE__ */ new Set<SessionContext>()

/**
 * Warns of two session objects of one name and with different options in one page: they share the session, and each has its own
 * deadlines. For the development build alone.
 */
export function warnOfTwins(session: Session): void {
  const context = contextOf(session, 'createSession')
  const { name, config, destroyed } = context
  for (const other of present) {
    if (other.name !== name) continue
    const differing = Object.entries(OPTION_OF).flatMap(([key, option]) =>
      config[key as keyof Config] === other.config[key as keyof Config] ? [] : [option],
    )
    if (differing.length > 0)
      hint(
        `two session objects of one name (${name}) in this page have different options: ${[...new Set(differing)].join(', ')}. Create one, in a module that all others import; destroy() one that is replaced.`,
      )
  }
  present.add(context)
  destroyed.addEventListener('abort', () => {
    present.delete(context)
  })
}
