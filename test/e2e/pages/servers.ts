/** Every call that the library makes, one by one, against a server elsewhere. */
import { createSession, isSessionError, type SessionServer, type TokenResponse } from 'sojourn'
import { cookieSession } from 'sojourn/cookie'
import { dpop } from 'sojourn/dpop'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'

export const CALLS = [
  'refresh',
  'refresh with proof',
  'discovery',
  'revocation',
  'keepAlive',
  'check',
  'signOut',
  'fetch',
  'fetch with proof',
] as const
export type CallName = (typeof CALLS)[number]

/** What came of a call. */
export interface Result {
  readonly code: string
  /** ms until a server wants to be asked again, by this device's clock. */
  readonly wait: number | null
}

declare global {
  interface Window {
    servers: {
      /** Gets ready; `offset` moves the wall clock, ms. */
      start(origin: string, offset: number): Promise<void>
      /** `limit`: ms after which the call is aborted. */
      call(name: CallName, limit: number): Promise<Result>
    }
  }
}

let calls: Record<CallName, (signal: AbortSignal) => Promise<unknown>>

function shiftClock(offset: number): void {
  const now = Date.now.bind(Date)
  Date.now = () => now() + offset
}

window.servers = {
  async start(origin, offset) {
    shiftClock(offset)
    const held: TokenResponse = { access_token: 'a0', token_type: 'DPoP', refresh_token: 'r0' }
    const tokenEndpoint = `${origin}/token`
    const clientId = 'app'
    const proofs = dpop({ name: 'bound' })
    await proofs.prepare()
    const plain = oauth({ tokenEndpoint, revocationEndpoint: `${origin}/revoke`, clientId })
    const bound = oauth({ tokenEndpoint, clientId, dpop: proofs })
    const cookie = cookieSession({
      keepAlive: `${origin}/alive`,
      check: `${origin}/session`,
      signOut: `${origin}/logout`,
    })
    const fetching = async (name: string, server: SessionServer): Promise<typeof fetch> => {
      const session = createSession({ name, server })
      await session.signIn(held)
      return createFetch(session, { origins: [origin] })
    }
    const [send, sendBound] = [await fetching('plain', plain), await fetching('bound', bound)]
    const post = { method: 'POST', body: 'a;b' }
    calls = {
      refresh: async (signal) => plain.refresh?.(held, { signal, activeAt: 0 }),
      'refresh with proof': async (signal) => bound.refresh?.(held, { signal, activeAt: 0 }),
      // A new one each time: what was found is kept.
      discovery: async (signal) => oauth({ issuer: origin, clientId }).refresh?.(held, { signal, activeAt: 0 }),
      revocation: async (signal) => plain.signOut?.(held, { signal, reason: 'signOut' }),
      keepAlive: async (signal) => cookie.keepAlive?.({ signal }),
      check: async (signal) => cookie.check?.({ signal }),
      signOut: async (signal) => cookie.signOut?.(null, { signal, reason: 'signOut' }),
      fetch: async (signal) => send(`${origin}/resource`, { ...post, signal }),
      'fetch with proof': async (signal) => sendBound(`${origin}/resource?x=1`, { ...post, signal }),
    }
  },
  async call(name, limit) {
    const abort = new AbortController()
    const timer = setTimeout(() => {
      abort.abort()
    }, limit)
    try {
      const value = await calls[name](abort.signal)
      if (value instanceof Response) return { code: String(value.status), wait: null }
      // What the session makes of a reply without a token.
      const isToken = /refresh|discovery/.test(name)
      const code = !isToken || (value as TokenResponse).access_token ? 'ok' : 'invalid_response'
      return { code, wait: null }
    } catch (error) {
      if (!isSessionError(error)) return { code: (error as Error).name, wait: null }
      return { code: error.code, wait: error.retryAt === undefined ? null : error.retryAt - Date.now() }
    } finally {
      clearTimeout(timer)
    }
  },
}
