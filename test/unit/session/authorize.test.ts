import { credentials } from '../../../src/fetch.js'
import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import type { TokenResponse } from '../../../src/types.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND } from './world.js'

const request = (): Request => new Request('https://api.example.com/orders', { method: 'POST', body: 'two' })
const answer = (status: number): Response => new Response(null, { status })
const bearer = (sent: Request | null): string | null | undefined => sent?.headers.get('Authorization')

describe('authorizing a request', () => {
  it('adds the access token, and leaves the request as it was', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const mine = request()
    const sent = await world.until(credentials(tab.session).authorize(mine))
    expect(bearer(sent)).toBe('Bearer access-f1-1')
    expect(sent!.url).toBe(mine.url)
    expect(await sent!.text()).toBe('two')
    expect(mine.headers.has('Authorization')).toBe(false)
  })

  it('refreshes first where the token is dead', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(6 * MINUTE)
    expect(bearer(await world.until(credentials(tab.session).authorize(request())))).toBe('Bearer access-f1-2')
  })

  it('is left to the server where it knows better', async () => {
    const world = createWorld()
    const authorize = vi.fn(async (asked: Request, tokens: TokenResponse | null) => {
      const next = new Request(asked)
      next.headers.set('Authorization', `DPoP ${tokens?.access_token ?? ''}`)
      return Promise.resolve(next)
    })
    const tab = await world.signedIn({ server: { authorize } })
    expect(bearer(await world.until(credentials(tab.session).authorize(request())))).toBe('DPoP access-f1-1')
  })

  it('adds nothing in a session by cookie, and still asks whether it lives', async () => {
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

  it('sends nothing unauthorized where tokens were lost', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.stored = null
    const fresh = world.tab()
    await expect(world.until(credentials(fresh.session).authorize(request()))).rejects.toMatchObject({
      code: 'signed_out',
    })
    expect(fresh.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  it('I1: is refused where the session ended while the server prepared it', async () => {
    const world = createWorld()
    let prepared = (): void => {}
    const authorize = (asked: Request): Promise<Request> =>
      new Promise((resolve) => {
        prepared = () => resolve(asked)
      })
    const tab = await world.signedIn({ server: { authorize } })
    const sent = outcome(credentials(tab.session).authorize(request()))
    await world.advance(5)
    world.sleep(HOUR)
    prepared()
    expect(await world.until(sent)).toBe('signed_out')
  })

  it('passes on what the server throws', async () => {
    const world = createWorld()
    const fault = new Error('no key')
    const tab = await world.signedIn({ server: { authorize: async () => Promise.reject(fault) } })
    await expect(world.until(credentials(tab.session).authorize(request()))).rejects.toBe(fault)
  })
})

describe('an answer that refuses the credentials', () => {
  it('S62: of 401 costs one refresh for ten requests, each of which gets the newer token', async () => {
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

  it('of 401 takes the newer token that is there, without a refresh', async () => {
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

  it.each([200, 204, 400, 403, 404, 500])('S68: of %i asks for nothing', async (status) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(status) })),
    ).toBeNull()
    expect(world.server.calls).toEqual([])
  })

  it('of 401 is final where a refresh fails, and the session stays', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) })),
    ).toBeNull()
    expect(tab.phase()).toBe('active')
  })

  it('of another session’s request is nothing to this one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    await world.until(tab.session.signIn(world.grant()))
    expect(
      await world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) })),
    ).toBeNull()
    expect(world.server.count('refresh')).toBe(0)
  })

  it('to a request that the session never saw is nothing to it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const previous = { request: request(), response: answer(401) }
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
  })

  it('is read by the server’s own challenge where it has one', async () => {
    const world = createWorld()
    const asks = { asked: null as 'resend' | 'refresh' | 'rejected' | null }
    const tab = await world.signedIn({ server: { challenge: () => asks.asked } })
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    const again = (): Promise<Request | null> =>
      world.until(credentials(tab.session).authorize(request(), { request: first, response: answer(401) }))
    expect(await again()).toBeNull()
    asks.asked = 'resend'
    expect(bearer(await again())).toBe('Bearer access-f1-1')
    asks.asked = 'rejected'
    await again().catch(() => null)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })
})

describe('an answer that refuses the credentials, and what was tried before', () => {
  it('S61: of 401 to a replay is final: no loop, and no second refresh', async () => {
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

  it('may want a nonce and then a newer token, each once', async () => {
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

  it('asks the server about every answer, also one that is right', async () => {
    const world = createWorld()
    const challenge = vi.fn(() => null)
    const tab = await world.signedIn({ server: { challenge } })
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    const response = answer(200)
    expect(await world.until(credentials(tab.session).authorize(request(), { request: first, response }))).toBeNull()
    expect(challenge).toHaveBeenCalledExactlyOnceWith(response)
  })

  it.each(['refresh', 'rejected'] as const)(
    'that wants a step-up (RFC 9470) is the application’s, whatever the server says (%s)',
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

  it('comes too late for a session that is over, and is returned all the same', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(credentials(tab.session).authorize(request())))!
    await world.until(tab.session.signOut())
    const previous = { request: first, response: answer(401) }
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
    tab.session.destroy()
    expect(await world.until(credentials(tab.session).authorize(request(), previous))).toBeNull()
  })

  it('of ten requests, whose refresh is refused, ends the session once and rejects none of them', async () => {
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

  it('is replayed with the body, once for all requests at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: string[] = []
    const send = async (...call: Parameters<typeof fetch>): Promise<Response> => {
      const asked = new Request(...call)
      sent.push(`${bearer(asked) ?? ''} ${await asked.text()}`)
      return answer(bearer(asked)?.endsWith('-2') ? 200 : 401)
    }
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    const post = async (body: string): Promise<Response> => api('https://api.example.com/', { method: 'POST', body })
    await world.until(Promise.all(['a', 'b', 'c'].map(post)))
    expect(sent.sort()).toEqual(
      ['Bearer access-f1-1', 'Bearer access-f1-2'].flatMap((auth) => ['a', 'b', 'c'].map((body) => `${auth} ${body}`)),
    )
    expect(world.server.count('refresh')).toBe(1)
  })

  it('never comes back with another user’s token: not while a refresh was awaited, and not after a 401', async () => {
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

  it('of a session by cookie that was replaced while its request was prepared lets nothing leave', async () => {
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
  it('S65: leave for the origins that were named and for no other, not even by redirect', async () => {
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

  it('leave for nobody once the session is over', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const send = vi.fn(async () => Promise.resolve(answer(200)))
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    world.sleep(HOUR)
    expect(await world.until(outcome(api('https://api.example.com/')))).toBe('signed_out')
    expect(send).not.toHaveBeenCalled()
  })
})

describe('an endpoint that refuses whatever it is sent', () => {
  const origin = 'https://api.example.com'
  /** An API whose answer depends on the path and the token. */
  const open = async (answers: (path: string, generation: number) => number, world = createWorld()) => {
    const tab = await world.signedIn()
    const api = createFetch(tab.session, {
      origins: [origin],
      fetch: async (input) => {
        const { url, headers } = input as Request
        const generation = Number(headers.get('Authorization')?.split('-').at(-1))
        return Promise.resolve(answer(answers(new URL(url).pathname, generation)))
      },
    })
    const ask = async (path: string): Promise<number> => (await world.until(api(origin + path))).status
    return { world, tab, ask, refreshes: () => world.server.count('refresh') }
  }

  it('costs one refresh, however often it is asked, whatever its query', async () => {
    const { ask, refreshes } = await open(() => 401)
    for (let i = 0; i < 10; i++) expect(await ask(`/admin?page=${i}`)).toBe(401)
    expect(refreshes()).toBe(1)
  })

  it('costs one more refresh when the token has been replaced for another reason, and may then be right', async () => {
    const { world, tab, ask, refreshes } = await open((_path, generation) => (generation < 4 ? 401 : 200))
    for (let i = 0; i < 3; i++) await ask('/admin')
    expect(refreshes()).toBe(1)
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(await ask('/admin')).toBe(200)
    expect(refreshes()).toBe(3)
    // Once it was right it is like any other.
    expect(await ask('/admin')).toBe(200)
  })

  it('and another like it do not take turns', async () => {
    const { ask, refreshes } = await open(() => 401)
    for (let i = 0; i < 10; i++) for (const path of ['/a', '/b', '/c']) expect(await ask(path)).toBe(401)
    expect(refreshes()).toBe(3)
  })

  it('in one tab and in another do not take turns either', async () => {
    const world = createWorld()
    const one = await open(() => 401, world)
    const two = await open(() => 401, world)
    const before = world.server.count('refresh')
    for (let i = 0; i < 20; i++) for (const { ask } of [one, two]) await ask('/admin')
    // At once, and once more each after that; then once a minute at most.
    expect(world.server.count('refresh') - before).toBe(4)
  })

  it('keeps no other from its refresh', async () => {
    const { ask, refreshes } = await open((path, generation) => (path === '/admin' || generation < 3 ? 401 : 200))
    await ask('/admin')
    await ask('/admin')
    expect(await ask('/orders')).toBe(200)
    expect(refreshes()).toBe(2)
  })

  it('is forgotten among a hundred others', async () => {
    const { ask, refreshes } = await open(() => 401)
    for (let i = 0; i < 101; i++) await ask(`/${i}`)
    expect(refreshes()).toBe(101)
    await ask('/100')
    expect(refreshes()).toBe(101)
    await ask('/0')
    expect(refreshes()).toBe(102)
  })
})
