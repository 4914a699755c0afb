/** Where requests go in a page whose `<base>` says otherwise, by the platform's own resolution. */
import { createSession, memoryTokens } from 'sojourn'
import { cookieSession } from 'sojourn/cookie'
import { dpop } from 'sojourn/dpop'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'

export interface Urls {
  /** Puts a `<base>` into the page, as injected HTML does. */
  inject(href: string): void
  /** Makes each call of a session that paths lead to; returns where the requests went. */
  calls(): Promise<string[]>
  /** Whether `createFetch` adds credentials to each of these. */
  credentials(urls: string[]): Promise<boolean[]>
  /** What a proof says that it is for. */
  proved(url: string): Promise<string>
}

declare global {
  interface Window {
    urls: Urls
  }
}

const { signal } = new AbortController()
const tokens = { access_token: 'a-1', refresh_token: 'r-1' }

window.urls = {
  inject(href) {
    const base = document.createElement('base')
    base.href = href
    document.head.prepend(base)
  },
  async calls() {
    const went: string[] = []
    const send: typeof fetch = (...call) => {
      went.push(new Request(...call).url)
      return Promise.resolve(Response.json({ access_token: 'a-2' }))
    }
    const server = oauth({ clientId: 'app', tokenEndpoint: '/token', revocationEndpoint: '/revoke', fetch: send })
    const cookie = cookieSession({ keepAlive: '/alive', check: '/session', signOut: '/logout', fetch: send })
    const discovered = oauth({ clientId: 'app', issuer: '/realm', fetch: send })
    await server.refresh?.(tokens, { signal, activeAt: 0 })
    await server.signOut?.(tokens, { signal, reason: 'signOut' })
    await cookie.keepAlive?.({ signal })
    await cookie.check?.({ signal })
    await cookie.signOut?.(null, { signal, reason: 'signOut' })
    await discovered.refresh?.(tokens, { signal, activeAt: 0 }).catch(() => undefined)
    return went
  },
  async credentials(urls) {
    const session = createSession({ name: 'urls', tokenStore: memoryTokens() })
    await session.signIn(tokens)
    const sent: boolean[] = []
    const api = createFetch(session, {
      fetch: (...call) => {
        sent.push(new Request(...call).headers.has('Authorization'))
        return Promise.resolve(new Response())
      },
    })
    for (const url of urls) await api(url)
    await session.signOut()
    session.destroy()
    return sent
  },
  async proved(url) {
    const proofs = dpop({
      keyPair: await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
    })
    const [, claims = ''] = (await proofs.proof({ method: 'GET', url })).split('.')
    return (JSON.parse(atob(claims.replace(/-/g, '+').replace(/_/g, '/'))) as { htu: string }).htu
  },
}
