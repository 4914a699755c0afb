import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { credentials } from '../../../src/servers/credentials.js'
import { customServer } from '../../../src/servers/custom.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { createWorld, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const ORDERS = 'https://orders.example'
const BILLING = 'https://billing.example'

const token = (tab: Tab, resource?: string, more: { forceRefresh?: boolean; minValidity?: number } = {}) =>
  tab.session.getAccessToken({ ...more, ...(resource && { resource }) })
const resources = (world: World): (string | undefined)[] =>
  world.server.calls.filter(({ method }) => method === 'refresh').map(({ resource }) => resource)

describe('the tokens of several APIs', () => {
  it('S132: each resource has an access token of its own, and that for none in particular stays', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    expect(await world.until(token(tab, ORDERS))).toBe(`access-f1-2@${ORDERS}`)
    expect(await world.until(token(tab, BILLING))).toBe(`access-f1-3@${BILLING}`)
    expect(await world.until(token(tab))).toBe('access-f1-1')
    for (let i = 0; i < 5; i++) {
      expect(await world.until(token(tab, ORDERS))).toBe(`access-f1-2@${ORDERS}`)
      expect(await world.until(token(tab, BILLING))).toBe(`access-f1-3@${BILLING}`)
    }
    expect(resources(world)).toEqual([ORDERS, BILLING])
    expect(world.server.reuseCount).toBe(0)
  })

  it('S132: five tabs that ask for two resources at once cause one refresh for each, under strict rotation', async () => {
    const world = createWorld()
    const first = await world.signedIn()
    const tabs = [first, ...Array.from({ length: 4 }, () => world.tab())]
    await world.advance(10)
    const asked = tabs.flatMap((tab) => [token(tab, ORDERS), token(tab, BILLING), token(tab, ORDERS)])
    const given = await world.until(Promise.all(asked))
    expect(new Set(given)).toEqual(new Set([`access-f1-2@${ORDERS}`, `access-f1-3@${BILLING}`]))
    expect(resources(world)).toEqual([ORDERS, BILLING])
    expect(world.server.reuseCount).toBe(0)
    // The one refresh token is still good, in each tab.
    for (const [index, tab] of tabs.entries())
      expect(await world.until(token(tab, undefined, { forceRefresh: true }))).toBe(`access-f1-${4 + index}`)
    expect(world.server.reuseCount).toBe(0)
  })

  it('a token store has the tokens of all resources, for the page that is loaded next', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab, ORDERS))
    tab.close()
    const next = world.tab()
    expect(await world.until(token(next, ORDERS))).toBe(`access-f1-2@${ORDERS}`)
    expect(resources(world)).toEqual([ORDERS])
  })

  it('the token of a resource that has expired is refreshed when it is asked for, and not before', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab, ORDERS))
    world.sleep(6 * MINUTE)
    tab.hint('focus')
    await world.advance(MINUTE)
    expect(resources(world)).toEqual([ORDERS])
    expect(await world.until(token(tab, ORDERS))).toBe(`access-f1-3@${ORDERS}`)
    expect(await world.until(token(tab))).toBe('access-f1-4')
    expect(await world.until(token(tab, ORDERS))).toBe(`access-f1-3@${ORDERS}`)
    expect(resources(world)).toEqual([ORDERS, ORDERS, undefined])
  })

  it('the token of a resource does not prolong the life of that for none in particular', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    await world.advance(4 * MINUTE)
    await world.until(token(tab, ORDERS))
    await world.advance(MINUTE + SECOND)
    for (const each of [tab, other]) expect(await world.until(token(each))).toBe('access-f1-3')
    expect(resources(world)).toEqual([ORDERS, undefined])
  })

  it('a refresh for a resource in another tab is no newer token for a tab that forces a refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    await world.until(token(other, ORDERS))
    // The other tab has the lock first.
    const forced = Promise.all([token(tab, undefined, { forceRefresh: true }), token(other, BILLING)])
    expect(await world.until(forced)).toEqual(['access-f1-4', `access-f1-3@${BILLING}`])
    expect(resources(world)).toEqual([ORDERS, BILLING, undefined])
  })

  it('a wish for more validity than a resource’s token can have does not cause a refresh at each call', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    for (let i = 0; i < 3; i++)
      expect(await world.until(token(tab, ORDERS, { minValidity: 10 * MINUTE }))).toBe(`access-f1-2@${ORDERS}`)
  })

  it('tokens that the application brings drop those of all resources, which another login stands for', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab, ORDERS))
    await world.until(tab.session.setTokens(world.grant()))
    expect(await world.until(token(tab, ORDERS))).toBe(`access-f2-2@${ORDERS}`)
  })

  it('a tab whose memory has no tokens asks for those of no resource first', async () => {
    const world = createWorld()
    const asked: (string | undefined)[] = []
    const server = customServer({
      async refresh(_tokens, { resource }) {
        asked.push(resource)
        return { access_token: `${resource ?? 'all'} ${asked.length}`, expires_in: 300 }
      },
    })
    const first = world.tab({ server, tokenStore: memoryTokens() })
    await world.until(first.session.signIn())
    const second = world.tab({ server, tokenStore: memoryTokens() })
    expect(await world.until(token(second, ORDERS))).toBe(`${ORDERS} 2`)
    expect(await world.until(token(second))).toBe('all 1')
    expect(asked).toEqual([undefined, ORDERS])
  })

  it.each([
    ['a store of all tabs', undefined],
    ['memory', memoryTokens],
  ])('a token without expires_in is got once for its resource, with tokens in %s', async (_where, store) => {
    const world = createWorld()
    const refresh = vi.fn(async (_tokens: unknown, { resource }: { resource?: string }) => ({
      access_token: `of ${String(resource)} ${refresh.mock.calls.length}`,
    }))
    const server = customServer({ refresh })
    const tab = world.tab({ server, ...(store && { tokenStore: store() }) })
    await world.until(tab.session.signIn({ access_token: 'a', refresh_token: 'r' }))
    for (let i = 0; i < 3; i++)
      expect(await world.until(token(tab, ORDERS, { minValidity: MINUTE }))).toBe(`of ${ORDERS} 1`)
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it.each(['constructor', '__proto__', 'toString'])('a resource may be named %s', async (name) => {
    const world = createWorld()
    const tab = await world.signedIn()
    expect(await world.until(token(tab, name))).toBe(`access-f1-2@${name}`)
    expect(await world.until(token(tab, name))).toBe(`access-f1-2@${name}`)
    expect(await world.until(token(tab))).toBe('access-f1-1')
  })

  it('a resource that the server does not know fails alone: no back-off, no event, and no end', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = (_method, { resource }) =>
      resource === BILLING ? { fails: new SessionError('invalid_options') } : {}
    expect(await world.until(outcome(token(tab, BILLING)))).toBe('invalid_options')
    expect(tab.takeEvents()).toEqual([])
    expect(await world.until(token(tab, ORDERS))).toBe(`access-f1-2@${ORDERS}`)
  })

  it('a refusal of the refresh token for a resource ends the session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    expect(await world.until(outcome(token(tab, ORDERS)))).toBe('signed_out')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  it('a request goes out with its resource’s token, and again with a newer one of the same after a 401', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { authorize } = credentials(tab.session)
    const request = new Request(`${ORDERS}/1`)
    const sent = await world.until(authorize(request, undefined, ORDERS))
    expect(sent?.headers.get('Authorization')).toBe(`Bearer access-f1-2@${ORDERS}`)
    await world.until(token(tab, BILLING))
    const response = new Response(null, { status: 401 })
    const again = await world.until(authorize(request, { request: sent!, response }))
    expect(again?.headers.get('Authorization')).toBe(`Bearer access-f1-4@${ORDERS}`)
    expect(resources(world)).toEqual([ORDERS, BILLING, ORDERS])
  })

  it('a server that says that a resource’s token is over ends the session, unless there is a newer one', async () => {
    const world = createWorld()
    const server = customServer({
      refresh: (tokens, init) => world.server.of(world.page()).refresh(tokens, init),
      challenge: ({ status }) => (status === 401 ? 'rejected' : null),
    })
    const tab = await world.signedIn({ server })
    const { authorize } = credentials(tab.session)
    const request = new Request(`${ORDERS}/1`)
    const old = await world.until(authorize(request, undefined, ORDERS))
    const response = new Response(null, { status: 401 })
    await world.until(token(tab, ORDERS, { forceRefresh: true }))
    await world.until(token(tab, BILLING))
    const again = await world.until(authorize(request, { request: old!, response }))
    expect(again?.headers.get('Authorization')).toBe(`Bearer access-f1-3@${ORDERS}`)
    expect(await world.until(authorize(request, { request: again!, response }))).toBeNull()
    expect(tab.phase()).toBe('signedOut')
  })
})

describe('what a server is told at a refresh', () => {
  it('a server is told when the user was last active, by the clock of this device', async () => {
    const world = createWorld()
    const refresh = vi.fn(async () => world.grant())
    const tab = await world.signedIn({ server: customServer({ refresh }) })
    await world.advance(MINUTE)
    tab.input()
    const { wall } = world.time.clock()
    await world.advance(MINUTE)
    world.setClock(-30 * MINUTE)
    await world.advance(1)
    await world.until(token(tab, undefined, { forceRefresh: true }))
    expect(refresh).toHaveBeenCalledWith(expect.anything(), {
      signal: expect.any(AbortSignal) as AbortSignal,
      activeAt: wall - 30 * MINUTE,
    })
  })
})

describe('the ID token', () => {
  it('the ID token of the last response that had one is given out, in every tab and after a refresh without one', async () => {
    const world = createWorld()
    const tab = world.tab()
    const other = world.tab()
    expect(await world.until(tab.session.getIdToken())).toBeNull()
    await world.until(tab.session.signIn({ ...world.grant(), id_token: 'id' }))
    await world.until(token(tab, undefined, { forceRefresh: true }))
    await world.until(token(tab, ORDERS))
    for (const each of [tab, other]) expect(await world.until(each.session.getIdToken())).toBe('id')
    await world.until(tab.session.signOut())
    expect(await world.until(tab.session.getIdToken())).toBeNull()
  })

  it('a session without an ID token has none', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    expect(await world.until(tab.session.getIdToken())).toBeNull()
  })

  it('getIdToken rejects after destroy()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const asked = outcome(tab.session.getIdToken())
    tab.session.destroy()
    expect(await world.until(asked)).toBe('signed_out')
  })
})
