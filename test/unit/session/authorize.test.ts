import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import type { TokenResponse } from '../../../src/types.js'
import { createWorld, HOUR, MINUTE, outcome } from './world.js'

const request = (): Request => new Request('https://api.example.com/orders', { method: 'POST', body: 'two' })
const answer = (status: number): Response => new Response(null, { status })
const bearer = (sent: Request | null): string | null | undefined => sent?.headers.get('Authorization')

describe('authorizing a request', () => {
  it('adds the access token, and leaves the request as it was', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const mine = request()
    const sent = await world.until(tab.session.authorize(mine))
    expect(bearer(sent)).toBe('Bearer access-f1-1')
    expect(sent!.url).toBe(mine.url)
    expect(await sent!.text()).toBe('two')
    expect(mine.headers.has('Authorization')).toBe(false)
  })

  it('refreshes first where the token is dead', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(6 * MINUTE)
    expect(bearer(await world.until(tab.session.authorize(request())))).toBe('Bearer access-f1-2')
  })

  it('is left to the server where it knows better', async () => {
    const world = createWorld()
    const authorize = vi.fn(async (asked: Request, tokens: TokenResponse | null) => {
      const next = new Request(asked)
      next.headers.set('Authorization', `DPoP ${tokens?.access_token ?? ''}`)
      return Promise.resolve(next)
    })
    const tab = await world.signedIn({ server: { authorize } })
    expect(bearer(await world.until(tab.session.authorize(request())))).toBe('DPoP access-f1-1')
  })

  it('adds nothing in a session by cookie, and still asks whether it lives', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['signOut'] })
    await world.until(tab.session.signIn())
    const mine = request()
    expect(await world.until(tab.session.authorize(mine))).toBe(mine)
    world.sleep(HOUR)
    await expect(world.until(tab.session.authorize(request()))).rejects.toMatchObject({ code: 'signed_out' })
  })

  it('sends nothing unauthorized where tokens were lost', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.stored = null
    const fresh = world.tab()
    await expect(world.until(fresh.session.authorize(request()))).rejects.toMatchObject({ code: 'no_tokens' })
  })

  it('I1: is refused where the session ended while the server prepared it', async () => {
    const world = createWorld()
    let prepared = (): void => {}
    const authorize = (asked: Request): Promise<Request> =>
      new Promise((resolve) => {
        prepared = () => resolve(asked)
      })
    const tab = await world.signedIn({ server: { authorize } })
    const sent = outcome(tab.session.authorize(request()))
    await world.advance(5)
    world.sleep(HOUR)
    prepared()
    expect(await world.until(sent)).toBe('signed_out')
  })

  it('passes on what the server throws', async () => {
    const world = createWorld()
    const fault = new Error('no key')
    const tab = await world.signedIn({ server: { authorize: async () => Promise.reject(fault) } })
    await expect(world.until(tab.session.authorize(request()))).rejects.toBe(fault)
  })
})

describe('an answer that refuses the credentials', () => {
  it('of 401 costs one refresh for ten requests, each of which gets the newer token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const all = Array.from({ length: 10 }, async () => {
      const first = (await tab.session.authorize(request()))!
      return tab.session.authorize(request(), { request: first, response: answer(401) })
    })
    const again = await world.until(Promise.all(all))
    expect(new Set(again.map(bearer))).toEqual(new Set(['Bearer access-f1-2']))
    expect(world.server.count('refresh')).toBe(1)
  })

  it('of 401 takes the newer token that is there, without a refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(tab.session.authorize(request())))!
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    const again = await world.until(tab.session.authorize(request(), { request: first, response: answer(401) }))
    expect(bearer(again)).toBe('Bearer access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
  })

  it.each([200, 204, 400, 403, 404, 500])('of %i asks for nothing', async (status) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(tab.session.authorize(request())))!
    expect(await world.until(tab.session.authorize(request(), { request: first, response: answer(status) }))).toBeNull()
    expect(world.server.calls).toEqual([])
  })

  it('of 401 is final where a refresh fails, and the session stays', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(tab.session.authorize(request())))!
    world.server.manner = () => ({ fails: new SessionError('server') })
    expect(await world.until(tab.session.authorize(request(), { request: first, response: answer(401) }))).toBeNull()
    expect(tab.phase()).toBe('active')
  })

  it('of another session’s request is nothing to this one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = (await world.until(tab.session.authorize(request())))!
    await world.until(tab.session.signIn(world.grant()))
    expect(await world.until(tab.session.authorize(request(), { request: first, response: answer(401) }))).toBeNull()
    expect(world.server.count('refresh')).toBe(0)
  })

  it('to a request that the session never saw is nothing to it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const previous = { request: request(), response: answer(401) }
    expect(await world.until(tab.session.authorize(request(), previous))).toBeNull()
  })

  it('is read by the server’s own challenge where it has one', async () => {
    const world = createWorld()
    const asks = { asked: null as 'resend' | 'refresh' | 'rejected' | null }
    const tab = await world.signedIn({ server: { challenge: () => asks.asked } })
    const first = (await world.until(tab.session.authorize(request())))!
    const again = (): Promise<Request | null> =>
      world.until(tab.session.authorize(request(), { request: first, response: answer(401) }))
    expect(await again()).toBeNull()
    asks.asked = 'resend'
    expect(bearer(await again())).toBe('Bearer access-f1-1')
    asks.asked = 'rejected'
    await again().catch(() => null)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })
})

describe('I14: credentials', () => {
  it('leave for the origins that were named and for no other, not even by redirect', async () => {
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
