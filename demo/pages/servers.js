import { memoryTokens, SessionError } from 'sojourn'
import { cookieSession } from 'sojourn/cookie'
import { dpop } from 'sojourn/dpop'
import { oauth } from 'sojourn/oauth'
import { customServer } from 'sojourn/server'
import { idbTokens } from 'sojourn/tokens/idb'

import { createCalls } from './calls.js'
import { chosen } from './choices.js'

/** The provider, on the demo's own origin. */
export const ISSUER = `${location.origin}/oidc`

/** The header that the backends require with each POST: no form and no page of another origin can send it. */
export const asked = { 'X-Requested-With': 'sojourn' }

/** The key to which the tokens of this session are bound, with the server that binds them. */
const proofs = dpop({ name: 'dpop' })

/** A backend whose cookie holds the refresh token; its responses have access tokens (RFC 6749). */
const mediated = customServer({
  async refresh(_tokens, { signal }) {
    const response = await fetch('/mixed/token', { method: 'POST', headers: asked, signal })
    if (response.ok) return response.json()
    const wait = Number(response.headers.get('Retry-After')) * 1000
    const code = { 401: 'rejected', 429: 'rate_limited' }[response.status] ?? 'server'
    throw new SessionError(code, wait ? { retryAt: Date.now() + wait } : {})
  },
  async signOut(_tokens, { signal }) {
    await fetch('/mixed/logout', { method: 'POST', headers: asked, signal, keepalive: true })
  },
})

/** The calls of a session by cookie. */
const calls = createCalls()

/**
 * Four ways to keep a session. `options` go to `createSession`. A page with a `client` signs in by itself; otherwise the backend signs
 * the user in, and `who` fetches their name. `feed` is a socket where a token can go over it; a bound token needs a request, for its
 * proof. `onCall` reports the calls of a session that has no event for them.
 */
const SERVERS = {
  tokens: {
    client: { clientId: 'sojourn-demo' },
    resource: '/api/me',
    feed: { socket: '/api/feed' },
    everywhere: '/api/logout-everywhere',
    options: () => ({ tokenStore: idbTokens(), server: oauth({ issuer: ISSUER, clientId: 'sojourn-demo' }) }),
  },
  dpop: {
    client: { clientId: 'sojourn-demo-dpop', proofs },
    resource: '/api/me',
    feed: { stream: '/api/feed' },
    everywhere: '/api/logout-everywhere',
    options: () => ({
      name: 'dpop',
      tokenStore: idbTokens(),
      server: oauth({ issuer: ISSUER, clientId: 'sojourn-demo-dpop', dpop: proofs }),
    }),
  },
  mixed: {
    login: '/mixed/login',
    resource: '/api/me',
    feed: { socket: '/api/feed' },
    everywhere: '/api/logout-everywhere',
    options: () => ({ name: 'mixed', tokenStore: memoryTokens(), server: mediated }),
    async who() {
      const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('who='))
      return cookie ? JSON.parse(decodeURIComponent(cookie.slice(4))) : null
    },
  },
  cookie: {
    login: '/cookie/login',
    resource: '/cookie/me',
    feed: { stream: '/cookie/events', isByCookie: true },
    everywhere: '/cookie/logout-everywhere',
    cart: '/cookie/cart',
    companion: 'companion',
    onCall: calls.onCall,
    options: () => ({
      name: 'cookie',
      keepAliveEvery: '15s',
      server: calls.watch(
        cookieSession({ keepAlive: '/cookie/alive', check: '/cookie/session', signOut: '/cookie/logout' }),
      ),
    }),
    async who() {
      const response = await fetch('/cookie/me')
      return response.ok ? response.json() : null
    },
  },
}

/** The kind of server of this page. For another kind the page reloads, because that is another session. */
export const server = SERVERS[chosen('server')]
