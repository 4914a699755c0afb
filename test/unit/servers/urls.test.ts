/** Where requests go, whatever the page says: https://html.spec.whatwg.org/multipage/semantics.html#the-base-element */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFetch } from '../../../src/fetch.js'
import { cookieSession } from '../../../src/servers/cookie.js'
import { dpop } from '../../../src/servers/dpop.js'
import { oauth, type OAuthOptions } from '../../../src/servers/oauth.js'
import type { Session } from '../../../src/types.js'

const { signal } = new AbortController()
const old = { access_token: 'a-1', refresh_token: 'r-1' }

/** A page at this address: its location, and the origin of its environment. */
function onPage(location: string, origin = new URL(location).origin): void {
  vi.stubGlobal('location', new URL(location))
  vi.stubGlobal('origin', origin)
}

/** Where `oauth()` refreshes and revokes. */
async function placesOf(options: Partial<OAuthOptions>, answers: Record<string, unknown> = {}): Promise<string[]> {
  const calls: string[] = []
  const send = async (url: string): Promise<Response> => {
    calls.push(url)
    return Response.json(answers[url] ?? { access_token: 'a-2' })
  }
  const server = oauth({ clientId: 'app', fetch: send as typeof fetch, ...options })
  await server.refresh!(old, { signal, activeAt: 0 }).catch(() => undefined)
  await server.signOut!(old, { signal, reason: 'signOut' }).catch(() => undefined)
  return calls
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a path', () => {
  it('a path is resolved once, against the origin of the page that creates the server', async () => {
    onPage('https://app.example/deep/page?x#y')
    const calls: string[] = []
    const send = (async (url: string) => {
      calls.push(url)
      return Response.json({ access_token: 'a-2' })
    }) as unknown as typeof fetch
    const server = oauth({ clientId: 'app', tokenEndpoint: '/token', revocationEndpoint: '/revoke?all=1', fetch: send })
    const backend = cookieSession({ keepAlive: '/alive', check: '/check', signOut: '/out', fetch: send })
    onPage('https://elsewhere.example/')
    await server.refresh!(old, { signal, activeAt: 0 })
    await server.signOut!(old, { signal, reason: 'signOut' })
    await backend.keepAlive!({ signal })
    await backend.check!({ signal })
    await backend.signOut!(null, { signal, reason: 'signOut' })
    expect(calls).toEqual(
      ['/token', '/revoke?all=1', '/alive', '/check', '/out'].map((path) => `https://app.example${path}`),
    )
  })

  it('a path may be the issuer, whose metadata has the whole URL', async () => {
    onPage('https://app.example/')
    const places = await placesOf(
      { issuer: '/realms/one' },
      {
        'https://app.example/.well-known/oauth-authorization-server/realms/one': {
          issuer: 'https://app.example/realms/one',
          token_endpoint: 'https://app.example/t',
          revocation_endpoint: 'https://app.example/r',
        },
      },
    )
    expect(places).toEqual([
      'https://app.example/.well-known/oauth-authorization-server/realms/one',
      'https://app.example/t',
      'https://app.example/r',
    ])
  })

  it.each([
    ['a srcdoc frame', 'about:srcdoc', 'https://app.example'],
    ['a window that a page opened without an address', 'about:blank', 'https://app.example'],
    ['a blob: page', 'blob:https://app.example/6a1b', 'https://app.example'],
    ['a sandboxed page', 'https://app.example/x', 'null'],
    ['a page whose script has a variable `origin`', 'https://app.example/x', 'https://elsewhere.example'],
  ])('a path is of its own origin in %s', async (_where, location, origin) => {
    onPage(location, origin)
    expect(await placesOf({ tokenEndpoint: '/token' })).toEqual(['https://app.example/token'])
  })

  it('a path is of its own origin if the application runs under a scheme of its own', async () => {
    vi.stubGlobal('location', { origin: 'capacitor://localhost' })
    expect(await placesOf({ tokenEndpoint: '/token' })).toEqual(['capacitor://localhost/token'])
    expect(() => oauth({ clientId: 'app', tokenEndpoint: '//evil.example/token' })).toThrow('token_endpoint is //evil')
  })

  it('a path is refused in a page that has no origin', () => {
    onPage('data:text/html,x', 'null')
    expect(() => oauth({ clientId: 'app', tokenEndpoint: '/token' })).toThrow('token_endpoint is /token')
    expect(() => cookieSession({ check: '/session' })).toThrow('check is /session')
    expect(oauth({ clientId: 'app', tokenEndpoint: 'https://id.example/token' })).toBeDefined()
  })

  it('a path stays as it is on a server, where nothing is sent', async () => {
    expect(await placesOf({ tokenEndpoint: '/token' })).toEqual(['/token'])
  })

  it.each([
    '//evil.example/token',
    '/\\evil.example/token',
    '/\t/evil.example',
    '/\n\\evil.example',
    '\\/evil.example',
  ])('a path to another host is refused: %j', (url) => {
    for (const where of ['https://app.example/', undefined]) {
      vi.unstubAllGlobals()
      if (where) onPage(where)
      for (const option of ['tokenEndpoint', 'revocationEndpoint', 'issuer'] as const)
        expect(() => oauth({ clientId: 'app', tokenEndpoint: 'https://id.example/t', [option]: url })).toThrow(
          'Give an',
        )
      for (const option of ['keepAlive', 'check', 'signOut'] as const)
        expect(() => cookieSession({ [option]: url })).toThrow(`${option} is `)
    }
  })

  it.each([
    'token',
    './token',
    '?token',
    '',
    ' /token',
    'https:token',
    'https:/id.example/t',
    'https:\\\\id.example/t',
    'blob:https://app.example/6a1b',
    'javascript:alert(1)//',
    'data:application/json,{}',
    'https://me@id.example/t',
    'https://:word@id.example/t',
  ])('a path that a page would resolve in another way is refused: %j', (url) => {
    onPage('https://app.example/')
    expect(() => oauth({ clientId: 'app', tokenEndpoint: url })).toThrow('Give an')
    expect(() => cookieSession({ check: url })).toThrow('Give an')
  })
})

describe('discovered endpoints', () => {
  it.each(['/token', '//evil.example/token', 'token', 'javascript:alert(1)', 'https://me@id.example/', 7, {}])(
    'discovered endpoints are URLs, never paths of the page: %j',
    async (endpoint) => {
      onPage('https://app.example/')
      const place = 'https://id.example/.well-known/oauth-authorization-server'
      const metadata = { issuer: 'https://id.example', token_endpoint: endpoint, revocation_endpoint: endpoint }
      expect(await placesOf({ issuer: 'https://id.example' }, { [place]: metadata })).toEqual([place])
    },
  )
})

describe('a DPoP proof', () => {
  it.each([
    ['/orders?page=2#top', 'https://app.example/orders'],
    ['https://api.example/orders?page=2', 'https://api.example/orders'],
  ])('a DPoP proof has the URL of a path of the page’s origin: %s', async (url, htu) => {
    onPage('https://app.example/deep/page')
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const proof = await dpop({ keyPair }).proof({ method: 'GET', url })
    expect(JSON.parse(atob(proof.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')))).toMatchObject({ htu })
  })
})

// What a session authorizes has tests of its own.
vi.mock('../../../src/servers/credentials.js', () => ({ credentials: (session: unknown) => session }))

describe('createFetch', () => {
  const authorize = async (request: Request): Promise<Request> => {
    const next = new Request(request)
    next.headers.set('Authorization', 'Bearer a-1')
    return next
  }
  const session = { authorize: async (request: Request, previous?: object) => (previous ? null : authorize(request)) }
  const authorizationOf = async (input: RequestInfo | URL, options = {}): Promise<string | null> => {
    let sent: Request | undefined
    const send = (async (...call: ConstructorParameters<typeof Request>) => {
      sent = new Request(...call)
      return new Response()
    }) as typeof fetch
    await createFetch(session as unknown as Session, { fetch: send, ...options })(input)
    return sent!.headers.get('Authorization')
  }

  it.each([
    ['a srcdoc frame', 'about:srcdoc', 'https://app.example'],
    ['a blob: page', 'blob:https://app.example/6a1b', 'https://app.example'],
    ['a page whose script has a variable `origin`', 'https://app.example/x', 'https://elsewhere.example'],
  ])('createFetch knows its own origin in %s, and no other', async (_where, location, origin) => {
    onPage(location, origin)
    expect(await authorizationOf('https://app.example/orders')).toBe('Bearer a-1')
    expect(await authorizationOf('https://elsewhere.example/orders')).toBeNull()
  })

  it('createFetch has no own origin in a page that has none', async () => {
    onPage('data:text/html,x', 'null')
    expect(await authorizationOf('https://app.example/orders')).toBeNull()
  })

  it('createFetch checks where a request is sent, not the members of an object', async () => {
    onPage('https://app.example/')
    const two = { url: 'https://app.example/orders', toString: () => 'https://evil.example/orders' }
    expect(await authorizationOf(two as unknown as URL)).toBeNull()
  })
})
