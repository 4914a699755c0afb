import { credentials } from '../../../src/fetch.js'
import { decodeJwt } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import { cookieSession } from '../../../src/servers/cookie.js'
import { dpop } from '../../../src/servers/dpop.js'
import { oauth } from '../../../src/servers/oauth.js'
import type { TokenResponse } from '../../../src/types.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND } from './world.js'

const request = (): Request => new Request('https://api.example.com/orders', { method: 'POST', body: 'two' })
const answer = (status: number): Response => new Response(null, { status })
const bearer = (sent: Request | null): string | null | undefined => sent?.headers.get('Authorization')

describe('authorize()', () => {
  it('authorize() adds the access token, and does not change the request', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const mine = request()
    const sent = await world.until(credentials(tab.session).authorize(mine))
    expect(bearer(sent)).toBe('Bearer access-f1-1')
    expect(sent!.url).toBe(mine.url)
    expect(await sent!.text()).toBe('two')
    expect(mine.headers.has('Authorization')).toBe(false)
  })

  it('authorize() sends again with a new nonce after a response that an interceptor made, which has no URL', async () => {
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const world = createWorld()
    const server = oauth({ tokenEndpoint: 'https://id.example.com/token', clientId: 'app', dpop: dpop({ keyPair }) })
    const { session } = world.tab({ server })
    await world.until(session.signIn({ ...world.grant(), token_type: 'DPoP' }))
    const { authorize } = credentials(session)
    const sent = await world.until(authorize(request()))
    const headers = { 'DPoP-Nonce': 'n1', 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' }
    const response = new Response(null, { status: 401, headers })
    const next = await world.until(authorize(request(), { request: sent!, response }))
    expect(decodeJwt(String(next?.headers.get('DPoP')))).toMatchObject({ nonce: 'n1' })
  })

  it('authorize() refreshes first if the token has expired', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(6 * MINUTE)
    expect(bearer(await world.until(credentials(tab.session).authorize(request())))).toBe('Bearer access-f1-2')
  })

  it('authorize() is left to the server if the server has its own', async () => {
    const world = createWorld()
    const authorize = vi.fn(async (original: Request, tokens: TokenResponse | null) => {
      const next = new Request(original)
      next.headers.set('Authorization', `DPoP ${tokens?.access_token ?? ''}`)
      return Promise.resolve(next)
    })
    const tab = await world.signedIn({ server: { authorize } })
    expect(bearer(await world.until(credentials(tab.session).authorize(request())))).toBe('DPoP access-f1-1')
  })

  it('authorize() adds nothing in a session by cookie, and still checks that the session is live', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['signOut'] })
    await world.until(tab.session.signIn())
    const mine = request()
    expect(await world.until(credentials(tab.session).authorize(mine))).toBe(mine)
    world.sleep(HOUR)
    await expect(world.until(credentials(tab.session).authorize(request()))).rejects.toMatchObject({
      code: 'signed_out',
    })
  })

  it('authorize() sends nothing unauthorized if tokens were lost', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.stored = null
    const fresh = world.tab()
    await expect(world.until(credentials(fresh.session).authorize(request()))).rejects.toMatchObject({
      code: 'signed_out',
    })
    expect(fresh.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  it('I1: authorize() rejects if the session ended while the server prepared the request', async () => {
    const world = createWorld()
    let prepared = (): void => {}
    const authorize = (original: Request): Promise<Request> =>
      new Promise((resolve) => {
        prepared = () => resolve(original)
      })
    const tab = await world.signedIn({ server: { authorize } })
    const sent = outcome(credentials(tab.session).authorize(request()))
    await world.advance(5)
    world.sleep(HOUR)
    prepared()
    expect(await world.until(sent)).toBe('signed_out')
  })

  it('authorize() passes on the error of the server', async () => {
    const world = createWorld()
    const fault = new Error('no key')
    const tab = await world.signedIn({ server: { authorize: async () => Promise.reject(fault) } })
    await expect(world.until(credentials(tab.session).authorize(request()))).rejects.toBe(fault)
  })
})

describe('a response that refuses the credentials', () => {
  it('S62: a 401 costs one refresh for ten requests, each of which gets the newer token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const all = Array.from({ length: 10 }, async () => {
      const first = (await credentials(tab.session).authorize(request()))!
      return credentials(tab.session).authorize(request(), { request: first, response: answer(401) })
    })
    const again = await world.until(Promise.all(all))
    expect(new Set(again.map(bearer))).toEqual(new Set(['Bearer access-f1-2']))
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a 401 is answered with the newer token that is there, without a refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    const again = await world.until(
      credentials(tab.session).authorize(request(), { request: first, response: answer(401) }),
    )
    expect(bearer(again)).toBe('Bearer access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
  })

  it.each([200, 204, 400, 403, 404, 500])('S68: a response of %i calls for no remedy', async (status) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(status) })),
    ).toBeNull()
    expect(world.server.calls).toEqual([])
  })

  it('a 401 is final if the refresh fails, and the session stays', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) })),
    ).toBeNull()
    expect(tab.phase()).toBe('active')
  })

  it('a 401 to another session’s request changes nothing in this one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    await world.until(tab.session.signIn(world.grant()))
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) })),
    ).toBeNull()
    expect(world.server.count('refresh')).toBe(0)
  })

  it('a 401 to a request that the session has not authorized changes nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const previous = { request: request(), response: answer(401) }
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
  })

  it('a response is read by the server’s own challenge if it has one', async () => {
    const world = createWorld()
    const server = { remedy: null as 'resend' | 'refresh' | 'rejected' | null }
    const tab = await world.signedIn({ server: { challenge: () => server.remedy } })
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    const again = (): Promise<Request | null> =>
      world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) }))
    expect(await again()).toBeNull()
    server.remedy = 'resend'
    expect(bearer(await again())).toBe('Bearer access-f1-1')
    server.remedy = 'rejected'
    await again().catch(() => null)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })
})

describe('a response that refuses the credentials again', () => {
  it('S61: a 401 to a replay is final: no loop, and no second refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    const second = (await world.until(
      credentials(tab.session).authorize(request(), { request: first, response: answer(401) }),
    ))!
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: second, response: answer(401) })),
    ).toBeNull()
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a request may need a nonce and then a newer token, each once', async () => {
    const world = createWorld()
    const asks: ('resend' | 'refresh')[] = ['resend', 'refresh', 'resend', 'refresh']
    const { refresh } = world.server.of({ name: 'tab', frozen: false, gone: false })
    const tab = await world.signedIn({ server: { refresh, challenge: () => asks.shift()! } })
    let last = (await world.until(credentials(tab.session).authorize(request())))!
    const tokens: unknown[] = []
    for (let next: Request | null = last; next;) {
      last = next
      tokens.push(bearer(next))
      next = await world.until(credentials(tab.session).authorize(request(), { request: last, response: answer(401) }))
    }
    expect(tokens).toEqual(['Bearer access-f1-1', 'Bearer access-f1-1', 'Bearer access-f1-2'])
  })

  it('the server’s challenge gets every response, also a successful one', async () => {
    const world = createWorld()
    const challenge = vi.fn(() => null)
    const tab = await world.signedIn({ server: { challenge } })
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    const response = answer(200)
    expect(await world.until(credentials(tab.session).authorize(request(), { request: first, response }))).toBeNull()
    expect(challenge).toHaveBeenCalledExactlyOnceWith(response)
  })

  it.each(['refresh', 'rejected'] as const)(
    'a demand for a step-up (RFC 9470) is passed on, whatever the server says (%s)',
    async (asks) => {
      const world = createWorld()
      const { refresh } = world.server.of({ name: 'tab', frozen: false, gone: false })
      const tab = await world.signedIn({ server: { refresh, challenge: () => asks } })
      const first = (await world.until(credentials(tab.session).authorize(request())))!
      const headers = { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication", max_age="5"' }
      const response = new Response(null, { status: 401, headers })
      expect(await world.until(credentials(tab.session).authorize(request(), { request: first, response }))).toBeNull()
      expect(world.server.calls).toEqual([])
      expect(tab.phase()).toBe('active')
    },
  )

  it('a 401 after the end of the session is returned all the same', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    await world.until(tab.session.signOut())
    const previous = { request: first, response: answer(401) }
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
    tab.session.destroy()
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
  })

  it('ten requests with a refused refresh end the session once, and none rejects', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const send = vi.fn(async () => Promise.resolve(answer(401)))
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    const all = Promise.all(Array.from({ length: 10 }, async () => api('https://api.example.com/orders')))
    expect((await world.until(all)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 401))
    expect(world.server.count('refresh')).toBe(1)
    expect(tab.takeEvents()).toMatchObject([{ type: 'signedOut', reason: 'rejected' }])
  })

  it('a refused request is replayed with its body, with one refresh for all requests', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: string[] = []
    const send = async (...call: Parameters<typeof fetch>): Promise<Response> => {
      const received = new Request(...call)
      sent.push(`${bearer(received) ?? ''} ${await received.text()}`)
      return answer(bearer(received)?.endsWith('-2') ? 200 : 401)
    }
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    const post = async (body: string): Promise<Response> => api('https://api.example.com/', { method: 'POST', body })
    await world.until(Promise.all(['a', 'b', 'c'].map(post)))
    expect(sent.sort()).toEqual(
      ['Bearer access-f1-1', 'Bearer access-f1-2'].flatMap((auth) => ['a', 'b', 'c'].map((body) => `${auth} ${body}`)),
    )
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a replay never has another user’s token, neither during a refresh nor after a 401', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: (string | null | undefined)[] = []
    const send = async (...call: Parameters<typeof fetch>): Promise<Response> => {
      sent.push(bearer(new Request(...call)))
      return Promise.resolve(answer(401))
    }
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    world.server.reply = (method) => ({ after: method === 'refresh' ? 9 * SECOND : 20 })
    const refused = outcome(api('https://api.example.com/'))
    await world.advance(SECOND)
    world.time.sleep(6 * MINUTE)
    const waiting = outcome(api('https://api.example.com/'))
    await world.advance(100)
    const other = world.tab()
    await world.until(other.session.signIn(world.grant()))
    expect(((await world.until(refused)) as Response).status).toBe(401)
    expect(await world.until(waiting)).toBe('signed_out')
    expect(sent).toEqual(['Bearer access-f1-1'])
  })

  it('a request by cookie is not sent if the session was replaced while it was prepared', async () => {
    const world = createWorld()
    const tab = world.tab({ tokenStore: world.tokens.of({ frozen: false, gone: false }) }, { methods: ['signOut'] })
    await world.until(tab.session.signIn(undefined, { login: 'one' }))
    const send = vi.fn(async () => Promise.resolve(answer(200)))
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    world.tokens.delay = () => 100
    const late = outcome(api('https://api.example.com/'))
    await world.advance(10)
    world.tokens.delay = () => 1
    await world.until(world.tab({}, { methods: [] }).session.signIn(undefined, { login: 'two' }))
    expect(await world.until(late)).toBe('signed_out')
    expect(send).not.toHaveBeenCalled()
  })
})

describe('I14: credentials', () => {
  it('S65: credentials are sent to the named origins and to no other, not even by redirect', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: Request[] = []
    const send = async (...call: Parameters<typeof fetch>): Promise<Response> => {
      sent.push(new Request(...call))
      return Promise.resolve(answer(200))
    }
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    for (const url of [
      'https://api.example.com/orders',
      'https://api.example.com.evil.io/orders',
      'https://api.example.com:8443/orders',
      'http://api.example.com/orders',
      'https://evil.io/https://api.example.com/',
    ])
      await world.until(api(url))
    expect(sent.map(bearer)).toEqual(['Bearer access-f1-1', null, null, null, null])
    expect(sent[0]!.redirect).toBe('error')
  })

  it.each([
    ['https://files.example/a?signature=old', true, 'active'],
    ['https://app.example/files/a/', true, 'signedOut'],
    ['https://app.example/files/a', false, 'signedOut'],
    // A response that a mock has made comes from nowhere.
    ['', false, 'signedOut'],
  ])('a 401 by cookie from %j (redirected: %s) leaves the session %s', async (url, redirected, phase) => {
    const world = createWorld()
    const tab = world.tab({ server: cookieSession({ check: 'https://app.example/session' }) })
    await world.until(tab.session.signIn(undefined, { login: 'one' }))
    const send = async (): Promise<Response> =>
      Promise.resolve(Object.defineProperties(answer(401), { url: { value: url }, redirected: { value: redirected } }))
    const api = createFetch(tab.session, { origins: ['https://app.example'], fetch: send })
    expect((await world.until(api('https://app.example/files/a'))).status).toBe(401)
    expect(tab.phase()).toBe(phase)
  })

  it('credentials are sent nowhere once the session is over', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const send = vi.fn(async () => Promise.resolve(answer(200)))
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    world.sleep(HOUR)
    expect(await world.until(outcome(api('https://api.example.com/')))).toBe('signed_out')
    expect(send).not.toHaveBeenCalled()
  })
})

describe('an endpoint that refuses every token', () => {
  const origin = 'https://api.example.com'
  /** An API whose response depends on the path and the generation of the token. */
  const open = async (statusOf: (path: string, generation: number) => number, world = createWorld()) => {
    const tab = await world.signedIn()
    const api = createFetch(tab.session, {
      origins: [origin],
      fetch: async (input) => {
        const { url, headers } = input as Request
        const generation = Number(headers.get('Authorization')?.split('-').at(-1))
        return Promise.resolve(answer(statusOf(new URL(url).pathname, generation)))
      },
    })
    const call = async (path: string): Promise<number> => (await world.until(api(origin + path))).status
    return { world, tab, call, refreshes: () => world.server.count('refresh') }
  }

  it('an endpoint that refuses every token costs one refresh, however often it is called', async () => {
    const { call, refreshes } = await open(() => 401)
    for (let i = 0; i < 10; i++) expect(await call(`/admin?page=${i}`)).toBe(401)
    expect(refreshes()).toBe(1)
  })

  it('an endpoint that refuses every token costs one more refresh when the token was replaced', async () => {
    const { world, tab, call, refreshes } = await open((_path, generation) => (generation < 4 ? 401 : 200))
    for (let i = 0; i < 3; i++) await call('/admin')
    expect(refreshes()).toBe(1)
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(await call('/admin')).toBe(200)
    expect(refreshes()).toBe(3)
    // After one success the endpoint is treated like any other.
    expect(await call('/admin')).toBe(200)
  })

  it.each([408, 425, 429, 500, 503])(
    'an endpoint that refuses every token has accepted none where it says %i now and then',
    async (status) => {
      let isBusy = false
      const { call, refreshes } = await open(() => (isBusy ? status : 401))
      for (let i = 0; i < 10; i++) {
        isBusy = i % 2 === 1
        expect(await call('/admin')).toBe(isBusy ? status : 401)
      }
      expect(refreshes()).toBe(1)
    },
  )

  it('two endpoints that refuse every token do not take turns', async () => {
    const { call, refreshes } = await open(() => 401)
    for (let i = 0; i < 10; i++) for (const path of ['/a', '/b', '/c']) expect(await call(path)).toBe(401)
    expect(refreshes()).toBe(3)
  })

  it('two endpoints that refuse every token in two tabs do not take turns either', async () => {
    const world = createWorld()
    const one = await open(() => 401, world)
    const two = await open(() => 401, world)
    const before = world.server.count('refresh')
    for (let i = 0; i < 20; i++) for (const { call } of [one, two]) await call('/admin')
    // Each tab may refresh twice at once; after that, one refresh a minute is allowed.
    expect(world.server.count('refresh') - before).toBe(4)
  })

  it('an endpoint that refuses every token does not prevent a refresh for another', async () => {
    const { call, refreshes } = await open((path, generation) => (path === '/admin' || generation < 3 ? 401 : 200))
    await call('/admin')
    await call('/admin')
    expect(await call('/orders')).toBe(200)
    expect(refreshes()).toBe(2)
  })

  it('an endpoint that refuses every token is forgotten after a hundred others', async () => {
    const { call, refreshes } = await open(() => 401)
    for (let i = 0; i < 101; i++) await call(`/${i}`)
    expect(refreshes()).toBe(101)
    await call('/100')
    expect(refreshes()).toBe(101)
    await call('/0')
    expect(refreshes()).toBe(102)
  })
})

describe('a step-up that never settles', () => {
  const setup = async () => {
    const world = createWorld({ engine: 'webkit' })
    const tab = await world.signedIn()
    const stepUp = vi.fn(async () => new Promise<boolean>(() => undefined))
    const send = async (): Promise<Response> =>
      new Response(null, {
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' },
      })
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], stepUp, fetch: send })
    const ask = async (): Promise<Response> => api('https://api.example.com/orders')
    const first = ask()
    await world.advance(SECOND)
    expect(stepUp).toHaveBeenCalledTimes(1)
    return { world, tab, stepUp, ask, first }
  }

  it('a step-up that has left the page is over when the page comes back out of the cache', async () => {
    const { world, tab, stepUp, ask, first } = await setup()
    tab.hint('pageshow')
    tab.leave()
    expect(tab.comeBack()).toBe(true)
    expect((await world.until(first)).status).toBe(401)
    void ask()
    await world.advance(SECOND)
    expect(stepUp).toHaveBeenCalledTimes(2)
  })

  it('a step-up of a session that is over is not that of the next one', async () => {
    const { world, tab, stepUp, ask, first } = await setup()
    await world.until(tab.session.signIn(world.grant()))
    expect((await world.until(first)).status).toBe(401)
    void ask()
    await world.advance(SECOND)
    expect(stepUp).toHaveBeenCalledTimes(2)
  })
})
