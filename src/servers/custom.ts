import { pluginsOf, type Plugged } from '../session/plugin.js'
import { tokens } from '../tokens/plugin.js'
import type { SessionServer, TokenServer, TokenStore } from '../types.js'
import { checkMembers } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { cookieSignOut } from './cookie-sign-out.js'
import { keepAlive } from './keep-alive.js'

export { adoptPage, type PageState } from './page.js'
export { customDpop, type CustomDPoP, type DPoP, type Proofs } from './proofs.js'

/**
 * A server of your own. With `refresh` the session keeps tokens; with `keepAlive` and `check` the server sets its limits.
 *
 * @example A backend that keeps the refresh token in a cookie
 * ```ts
 * const server = customServer({
 *   async refresh(_tokens, { signal }) {
 *     const response = await fetch('/refresh', { method: 'POST', signal })
 *     if (response.status === 401) throw new SessionError('rejected')
 *     if (!response.ok) throw new SessionError('server')
 *     return (await response.json()) as TokenResponse
 *   },
 * })
 * const session = createSession({ server })
 * ```
 */
export function customServer(hooks: SessionServer & Required<Pick<SessionServer, 'refresh'>>): TokenServer
export function customServer(hooks: SessionServer): SessionServer
export function customServer(hooks: SessionServer): SessionServer & Plugged {
  if (DEVELOPMENT) {
    const kinds = Object.fromEntries(METHODS.map((name) => [name, 'function' as const]))
    checkMembers('customServer', hooks, 'an object with refresh, keepAlive, check or signOut', kinds)
  }
  const methods = methodsOf(hooks)
  return {
    ...methods,
    // `hooks` may be a copy of another server with methods added. `forSession` of that server returns a part without them.
    ...(hooks.forSession && {
      forSession: (name: string) =>
        customServer({
          ...methods,
          ...methodsOf(hooks.forSession?.(name) ?? hooks),
          plugins: pluginsOf(hooks),
        } as SessionServer),
    }),
    ...(hooks.refresh && { tokens: true }),
    plugins: [...(hooks.refresh ? [tokens] : []), keepAlive, cookieSignOut, ...pluginsOf(hooks)],
  }
}

const METHODS = ['receive', 'refresh', 'keepAlive', 'check', 'signOut', 'authorize', 'challenge'] as const

/** The methods of a server, bound to it: it may be an instance of a class. */
const methodsOf = (hooks: SessionServer): SessionServer =>
  Object.fromEntries(METHODS.flatMap((name) => (hooks[name] ? [[name, hooks[name].bind(hooks)]] : [])))

/**
 * A token store of your own.
 *
 * @example Tokens in a store that the application already has
 * ```ts
 * const session = createSession({ tokenStore: customTokens(store) })
 * ```
 */
export function customTokens(store: TokenStore): TokenStore & Plugged {
  if (DEVELOPMENT)
    checkMembers(
      'customTokens',
      store,
      'a store with get, set and clear',
      { forSession: 'function', shared: 'any' },
      { get: 'function', set: 'function', clear: 'function' },
    )
  return {
    get shared() {
      return store.shared
    },
    get: () => store.get(),
    set: (value, expected) => store.set(value, expected),
    clear: (id) => store.clear(id),
    ...(store.forSession && { forSession: (name: string) => customTokens(store.forSession?.(name) ?? store) }),
    plugins: [tokens],
  }
}
