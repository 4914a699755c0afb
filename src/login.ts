import { sessionError } from './errors.js'
import { createFinish } from './login/finish.js'
import { createLeave } from './login/leave.js'
import { ownPath } from './login/own-path.js'
import { createProvider } from './login/provider.js'
import type { Login, LoginOptions } from './login/types.js'
import { watchEnd } from './login/watch-end.js'
import { ownOptions, parseUrl } from './servers/response-error.js'
import type { TokenSession } from './types.js'
import { checkOptions, inWords } from './util/arguments.js'
import { DEVELOPMENT } from './util/development.js'
import { warnOfShortLengths } from './util/hints.js'
import { ownOrigin } from './util/origins.js'

export { decodeClaims } from './login/claims.js'
export type { Finished, Login, LoginOptions, StartOptions } from './login/types.js'

const noop = (): void => undefined

/** nginx, Tomcat and Jetty take 8 KiB for the first line, or for all headers. */
const LONGEST_HINT = 6e3

/**
 * A login by OpenID Connect, on `oauth4webapi`, which you install beside: authorization code with PKCE, for a session with tokens.
 *
 * @throws SessionError `invalid_options`
 * @example A login, from the first page to the last
 * ```ts
 * const { start, finish, end } = login({ issuer: 'https://id.example.com', clientId: 'app', scope: 'openid profile' })
 *
 * const done = await finish(session)
 * if (done) history.replaceState(null, '', done.returnTo)
 *
 * signInButton.onclick = () => start()
 * signOutButton.onclick = () => end(session, { returnTo: '/' })
 * ```
 */
export function login(options: LoginOptions): Login {
  if (DEVELOPMENT)
    checkOptions('login', options, {
      scope: 'string',
      parameters: 'object',
      dpop: 'object',
      issuer: 'any',
      clientId: 'any',
      redirectUri: 'any',
    })
  const { clientId, dpop, parameters, ...others } = ownOptions(Object(options) as LoginOptions)
  const scope = others.scope ?? 'openid'
  const issuer = parseUrl('issuer', others.issuer)
  const redirectUri = parseUrl('redirectUri', others.redirectUri ?? '/')
  if (!clientId || typeof clientId !== 'string')
    throw sessionError('invalid_options', DEVELOPMENT ? 'Give the clientId.' : 'clientId')
  if (!scope.split(' ').includes('openid'))
    throw sessionError(
      'invalid_options',
      DEVELOPMENT ? `scope is ${scope}. OpenID Connect needs openid in it.` : 'scope',
    )
  const provider = createProvider(issuer, clientId, dpop)
  let known: TokenSession | undefined
  /** The ID token of the last logout, and what the session showed then. */
  let last: { readonly shown: unknown; readonly idToken: string | null } | undefined
  const client = { provider, clientId, name: `${clientId} ${issuer}`, redirectUri, scope, parameters: parameters ?? {} }
  const leave = createLeave(client, () => known)
  const finish = createFinish(client, leave)

  const meet = (session: TokenSession): void => {
    if (typeof (Object(session) as Partial<TokenSession>).getIdToken !== 'function')
      throw sessionError(
        'invalid_options',
        DEVELOPMENT && 'A login takes a session with tokens: createSession({ server: oauth({ … }) }).',
      )
    known = session
    watchEnd(session)
  }
  const checkedPath = (method: string, returnTo: unknown): string => {
    const path = ownPath(returnTo)
    if (path) return path
    throw sessionError(
      'invalid_options',
      DEVELOPMENT ? `${method}: returnTo is ${inWords(returnTo)}. Give a path of this page's own origin.` : 'returnTo',
    )
  }

  return {
    async start(options = {}) {
      if (DEVELOPMENT) {
        checkOptions('start', options, {
          prompt: 'string',
          acrValues: 'string',
          loginHint: 'string',
          returnTo: 'any',
          maxAge: 'any',
        })
        warnOfShortLengths('start', options, ['maxAge'])
      }
      const { returnTo } = options
      const here = ownOrigin() && location.href
      // The page's own path may be one that `ownPath` refuses.
      return leave(checkedPath('start', returnTo ?? ownPath(here) ?? '/'), options)
    },
    async finish(session, options) {
      meet(session)
      return finish(session, options)
    },
    async end(session, options = {}) {
      meet(session)
      if (DEVELOPMENT) checkOptions('end', options, { returnTo: 'any' })
      const returnTo = options.returnTo ?? undefined
      const own = await session.getIdToken().catch(() => null)
      const found = provider.discover()
      found.catch(noop)
      const done = session.signOut()
      // A second press finds the session over, and it is the later address for which the page leaves.
      const shown = session.getSnapshot()
      const idToken = own ?? (last?.shown === shown ? last.idToken : null)
      last = { shown, idToken }
      await done
      const path = returnTo === undefined ? '' : checkedPath('end', returnTo)
      const { end_session_endpoint } = await found
      if (!end_session_endpoint) {
        if (path) location.assign(path)
        return
      }
      const url = new URL(parseUrl('end_session_endpoint', end_session_endpoint, false))
      url.searchParams.set('client_id', clientId)
      if (path) url.searchParams.set('post_logout_redirect_uri', `${ownOrigin() ?? ''}${path}`)
      // It is optional, and with many claims in it servers refuse the address as too long: the provider's session would go on.
      // https://github.com/nextcloud/user_oidc/issues/1261
      if (idToken && idToken.length < LONGEST_HINT) url.searchParams.set('id_token_hint', idToken)
      location.assign(url)
    },
  }
}
