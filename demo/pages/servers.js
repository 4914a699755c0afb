import { memoryTokens, SessionError } from 'sojourn'
import { cookieSession } from 'sojourn/cookie'
import { dpop } from 'sojourn/dpop'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

const KEY = 'demo:server'
const ISSUER = `${location.origin}/oidc`

/** What the backends want to see with each POST: no form and no foreign page can send it. */
const asked = { 'X-Requested-With': 'sojourn' }

/** The key that tokens are bound to, where they are. */
const proofs = dpop({ name: 'sojourn-dpop' })

/** RFC 6749 by a backend: its cookie holds the refresh token, and it answers with access tokens. */
const mediated = {
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
}

/**
 * Four ways to keep a session. `options` go to `createSession`; a page with a `client` signs in by itself, the others leave that to
 * their backend, and ask it `who` is there.
 */
const SERVERS = {
  tokens: {
    label: 'Tokens',
    note: 'The page is an OAuth client: its tokens rest in IndexedDB, the refresh token rotates.',
    client: { clientId: 'sojourn-demo' },
    resource: '/api/me',
    options: () => ({ tokenStore: idbTokens(), server: oauth({ issuer: ISSUER, clientId: 'sojourn-demo' }) }),
  },
  dpop: {
    label: 'Bound tokens',
    note: 'The same, with tokens bound to a key that no script can read out (DPoP). Both servers want nonces.',
    client: { clientId: 'sojourn-demo-dpop', proofs },
    resource: '/api/me',
    options: () => ({
      name: 'dpop',
      tokenStore: idbTokens({ name: 'sojourn-dpop' }),
      server: oauth({ issuer: ISSUER, clientId: 'sojourn-demo-dpop', dpop: proofs }),
    }),
  },
  mixed: {
    label: 'Token in memory',
    note: 'A backend holds the refresh token in an HttpOnly cookie; each tab has an access token in memory.',
    login: '/mixed/login',
    resource: '/api/me',
    options: () => ({ name: 'mixed', tokenStore: memoryTokens(), server: mediated }),
    async who() {
      const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('who='))
      return cookie ? JSON.parse(decodeURIComponent(cookie.slice(4))) : null
    },
  },
  cookie: {
    label: 'Cookie only',
    note: 'A backend for frontend: no token reaches the page. The server ends a session after 90 s without activity.',
    login: '/cookie/login',
    resource: '/cookie/me',
    options: () => ({
      name: 'cookie',
      keepAliveEvery: '15s',
      server: cookieSession({ keepAlive: '/cookie/alive', check: '/cookie/session', signOut: '/cookie/logout' }),
    }),
    async who() {
      const response = await fetch('/cookie/me')
      return response.ok ? response.json() : null
    },
  },
}

/** The choice in the address counts, then the one of the last time. */
function choose() {
  const address = new URL(location.href)
  const wanted = address.searchParams.get('server')
  if (wanted !== null) {
    if (Object.hasOwn(SERVERS, wanted)) localStorage.setItem(KEY, wanted)
    address.searchParams.delete('server')
    history.replaceState(null, '', address)
  }
  const stored = localStorage.getItem(KEY)
  return stored !== null && Object.hasOwn(SERVERS, stored) ? stored : 'tokens'
}

const chosen = choose()

/** The kind of server that this page has now. */
export const server = SERVERS[chosen]

/** Shows the choice. Another server is another session, so another choice loads the page anew, in all tabs. */
export function showServers() {
  const links = Object.entries(SERVERS).map(([name, { label }]) => {
    const link = document.createElement('a')
    link.href = `?server=${name}`
    link.textContent = label
    if (name === chosen) link.setAttribute('aria-current', 'true')
    return link
  })
  document.getElementById('servers').append(...links)
  document.getElementById('servers-note').textContent = server.note

  addEventListener('storage', (event) => {
    if (event.key === KEY && event.newValue !== chosen) location.reload()
  })
}
