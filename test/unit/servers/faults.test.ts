import { afterEach, describe, expect, it, vi } from 'vitest'
import { cookieSession } from '../../../src/servers/cookie.js'
import { customDpop } from '../../../src/servers/custom.js'
import { oauth } from '../../../src/servers/oauth.js'
import type { SessionServer } from '../../../src/types.js'
import { createFetch } from '../../../src/fetch.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type Tab, type World } from '../session/world.js'
import { FAULTS, network } from './network.js'

const proofs = customDpop({
  prepare: async () => Promise.reject(new Error('nobody asks')),
  proof: async () => Promise.resolve('proof'),
  nonce: () => false,
})

const kinds = {
  'bearer tokens': {
    type: 'Bearer',
    make: (send: typeof fetch) => oauth({ tokenEndpoint: '/token', clientId: 'app', fetch: send }),
  },
  'bound tokens': {
    type: 'DPoP',
    make: (send: typeof fetch) => oauth({ tokenEndpoint: '/token', clientId: 'app', fetch: send, dpop: proofs }),
  },
} satisfies Record<string, { type: string; make: (send: typeof fetch) => SessionServer }>

/** Two tabs with a token that has died. */
async function withDeadToken(world: World, server: SessionServer, type: string): Promise<[Tab, Tab]> {
  const open = (): Tab => world.tab({ server, idleTimeout: '5h', absoluteTimeout: false })
  const tabs: [Tab, Tab] = [open(), open()]
  await world.until(
    tabs[0].session.signIn({ access_token: 'a1', token_type: type, expires_in: 300, refresh_token: '1' }),
  )
  world.time.sleep(6 * MINUTE)
  return tabs
}

/** The world's clock is what the library reads as the time of day. */
const withClock = (world: World): World => {
  vi.spyOn(Date, 'now').mockImplementation(() => world.time.clock().wall)
  return world
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(Object.entries(kinds))('refreshing %s', (_kind, { type, make }) => {
  it.each(FAULTS)('a refresh under %s signs nobody out, sends few requests, and recovers', async (fault) => {
    const world = withClock(createWorld())
    const { state, send } = network(world, { type })
    const tabs = await withDeadToken(world, make(send), type)
    state.fault = fault
    const from = state.calls.length
    const ask = async (): Promise<unknown[]> =>
      world.until(Promise.all(tabs.map(async ({ session }) => outcome(session.getAccessToken()))), 40 * SECOND)
    const codes = new Set(await ask())
    const end = world.time.clock().mono + 30 * SECOND
    while (world.time.clock().mono < end) {
      for (const code of await ask()) codes.add(code)
      await world.advance(SECOND)
    }
    const wanted: Record<string, string> = {
      '503': 'server',
      hang: 'timeout',
      drop: 'offline',
      html: 'invalid_response',
    }
    const code = fault.startsWith('429') ? 'rate_limited' : (wanted[fault] ?? 'invalid_response')
    // A tab that read the back-off from the record does not know its cause.
    expect(codes).toEqual(new Set([code, 'server']))
    for (const tab of tabs) expect(tab.phase()).toBe('active')
    const calls: Record<string, number> = { '429 in seconds': 1, '429 by date': 1, drop: 12, hang: 2 }
    expect(state.calls.length - from).toBe(calls[fault] ?? 6)
    state.fault = 'none'
    await world.advance(MINUTE)
    expect(await ask()).toEqual(['a2', 'a2'])
    expect(state.reuse).toBe(0)
  })

  it.each([
    [true, 'a2'],
    [false, 'signed_out'],
  ])('a refresh whose reply is lost is tried once more, and then has its result (grace: %s)', async (grace, wanted) => {
    const world = withClock(createWorld())
    const { state, send } = network(world, { type, grace })
    const tabs = await withDeadToken(world, make(send), type)
    state.fault = 'lost'
    const asked = outcome(tabs[0].session.getAccessToken())
    await world.advance(60)
    state.fault = 'none'
    const [one, two] = await world.until(Promise.all([asked, outcome(tabs[1].session.getAccessToken())]))
    expect([one, two]).toEqual([wanted, wanted])
    expect(state.calls).toHaveLength(2)
    for (const tab of tabs) expect(tab.phase()).toBe(grace ? 'active' : 'signedOut')
  })

  it.each([2 * HOUR, -2 * HOUR])(
    'a refresh waits for the server’s Retry-After with a clock that is off by %i ms',
    async (clock) => {
      const world = withClock(createWorld())
      world.time.setClock(clock)
      const { state, send } = network(world, { type, clock })
      const tabs = await withDeadToken(world, make(send), type)
      for (const fault of ['429 in seconds', '429 by date'] as const) {
        state.fault = fault
        const from = state.calls.length
        expect(await world.until(outcome(tabs[0].session.getAccessToken()))).toBe('rate_limited')
        await world.advance(28 * SECOND)
        expect(await world.until(outcome(tabs[1].session.getAccessToken()))).toBe('server')
        expect(state.calls.length - from).toBe(1)
        await world.advance(10 * SECOND)
      }
      state.fault = 'none'
      expect(await world.until(outcome(tabs[1].session.getAccessToken()))).toBe('a2')
    },
  )

  it('a refresh ignores the media type of its reply, and the browser’s online hint', async () => {
    const world = withClock(createWorld())
    const { state, send } = network(world, { type })
    const tabs = await withDeadToken(world, make(send), type)
    for (const tab of tabs) tab.online = false
    state.fault = 'text'
    expect(await world.until(outcome(tabs[0].session.getAccessToken()))).toBe('a2')
  })
})

describe('tokens whose issuer is discovered', () => {
  it.each(FAULTS)(
    'tokens of a discovered issuer stay valid without metadata under %s, and are refreshed later',
    async (fault) => {
      const world = withClock(createWorld())
      const { state, send } = network(world)
      const server = oauth({ issuer: 'https://id.example', clientId: 'app', fetch: send })
      const tabs = await withDeadToken(world, server, 'Bearer')
      state.fault = fault
      const asked = outcome(tabs[0].session.getAccessToken())
      expect(await world.until(asked, 40 * SECOND)).toMatch(/^(server|rate_limited|timeout|offline)$/)
      for (const tab of tabs) expect(tab.phase()).toBe('active')
      expect(state.calls.map(({ path }) => path)).not.toContain('/token')
      state.fault = 'none'
      await world.advance(MINUTE)
      expect(await world.until(outcome(tabs[1].session.getAccessToken()))).toBe('a2')
    },
  )
})

describe('the sign-out at an authorization server', () => {
  it.each([...FAULTS, 'lost'] as const)(
    'a sign-out at an authorization server ends the session here at once under %s, and revokes once',
    async (fault) => {
      const world = withClock(createWorld())
      const { state, send } = network(world)
      const server = oauth({ tokenEndpoint: '/token', revocationEndpoint: '/revoke', clientId: 'app', fetch: send })
      const tabs = await withDeadToken(world, server, 'Bearer')
      state.fault = fault
      const done = tabs[1].session.signOut()
      expect(tabs[1].phase()).toBe('signedOut')
      await world.until(done, 6 * SECOND)
      await world.advance(SECOND)
      for (const tab of tabs) expect(tab.phase()).toBe('signedOut')
      // What failed like a network is sent once more, without `keepalive`: that may be what the browser refused.
      const isCut = fault === 'drop' || fault === 'lost'
      expect(state.calls.map(({ path }) => path)).toEqual(isCut ? ['/revoke', '/revoke'] : ['/revoke'])
      for (const tab of tabs) expect(tab.reports).toEqual([])
    },
  )
})

describe('a request by createFetch', () => {
  const api = 'https://api.example'
  const open = async (): Promise<{
    world: World
    tab: Tab
    send: typeof fetch
    state: ReturnType<typeof network>['state']
  }> => {
    const world = withClock(createWorld())
    const { state, send } = network(world)
    const server = oauth({ tokenEndpoint: '/token', clientId: 'app', fetch: send })
    const [tab] = await withDeadToken(world, server, 'Bearer')
    return { world, tab, send, state }
  }

  it.each([...FAULTS, 'lost'] as const)(
    'a request by createFetch that meets %s returns that response, and ends no session',
    async (fault) => {
      const { world, tab, send, state } = await open()
      const abort = new AbortController()
      const request = createFetch(tab.session, { origins: [api], fetch: send })
      await world.until(tab.session.getAccessToken())
      state.fault = fault
      const answered = request(`${api}/orders`, { signal: abort.signal }).then(
        ({ status }) => status,
        (error: unknown) => (error as Error).name,
      )
      await world.advance(SECOND)
      abort.abort()
      const wanted = { '503': 503, hang: 'AbortError', drop: 'TypeError', lost: 'TypeError', html: 200, nonsense: 200 }
      expect(await answered).toBe(fault.startsWith('429') ? 429 : wanted[fault as keyof typeof wanted])
      expect(state.calls.filter(({ path }) => path === '/orders')).toHaveLength(1)
      expect(tab.phase()).toBe('active')
    },
  )

  it.each(FAULTS)(
    'a refused request by createFetch returns its response if the refresh fails under %s',
    async (fault) => {
      const { world, tab, send, state } = await open()
      const refusing: typeof fetch = async (input, init) =>
        String(input instanceof Request ? input.url : input).startsWith(api)
          ? Promise.resolve(new Response('no', { status: 401 }))
          : send(input, init)
      const request = createFetch(tab.session, { origins: [api], fetch: refusing })
      await world.until(tab.session.getAccessToken())
      state.fault = fault
      const answered = request(`${api}/orders`)
      const response = await world.until(answered, 40 * SECOND)
      expect([response.status, await response.text()]).toEqual([401, 'no'])
      expect(tab.phase()).toBe('active')
    },
  )
})

describe('a session by cookie', () => {
  const open = async (world: World, send: typeof fetch, check = true): Promise<[Tab, Tab]> => {
    const calls = { keepAlive: '/alive', signOut: '/logout', ...(check && { check: '/session' }) }
    const server = cookieSession({ ...calls, fetch: send })
    const tabs: [Tab, Tab] = [world.tab({ server }), world.tab({ server })]
    await world.until(tabs[0].session.signIn(undefined, { login: 'one' }))
    await world.advance(MINUTE)
    return tabs
  }

  it.each([...FAULTS, 'lost'] as const)(
    'a session by cookie stays under %s, calls again with pauses, and recovers',
    async (fault) => {
      const world = withClock(createWorld())
      const { state, send } = network(world)
      const tabs = await open(world, send)
      state.fault = fault
      tabs[0].hint('focus')
      await world.advance(29 * SECOND)
      const count = (): number => state.calls.filter(({ path }) => path === '/session').length
      const checks: Record<string, number> = { '429 in seconds': 1, '429 by date': 1, hang: 3 }
      expect(count()).toBe(checks[fault] ?? 6)
      for (const tab of tabs) expect(tab.phase()).toBe('active')
      const before = count()
      state.fault = 'none'
      await world.advance(2 * MINUTE)
      expect(count()).toBe(before + 1)
      expect(tabs[0].reports).toEqual([])
    },
  )

  it.each([...FAULTS, 'lost'] as const)(
    'a session by cookie is not extended under %s, and says so, until the server agrees',
    async (fault) => {
      const world = withClock(createWorld())
      const { state, send } = network(world)
      const tabs = await open(world, send, false)
      await world.advance(12.5 * MINUTE)
      for (const tab of tabs) expect(tab.phase()).toBe('warning')
      const ends = (): number | undefined => tabs[0].session.deadlines()?.endAt
      const before = ends()
      state.fault = fault
      expect(await world.until(tabs[0].session.extend(), 11 * SECOND)).toBe(false)
      expect(ends()).toBe(before)
      for (const tab of tabs) expect(tab.phase()).toBe('warning')
      state.fault = 'none'
      expect(await world.until(tabs[1].session.extend(), 11 * SECOND)).toBe(true)
      await world.advance(SECOND)
      for (const tab of tabs) expect(tab.phase()).toBe('active')
    },
  )

  it.each([...FAULTS, 'lost'] as const)(
    'a session by cookie ends here at once under %s, whatever the outcome of the call',
    async (fault) => {
      const world = withClock(createWorld())
      const { state, send } = network(world)
      const tabs = await open(world, send)
      state.fault = fault
      await world.until(tabs[0].session.signOut(), 6 * SECOND)
      await world.advance(SECOND)
      for (const tab of tabs) expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
      expect(state.calls.filter(({ path }) => path === '/logout')).toHaveLength(
        fault === 'drop' || fault === 'lost' ? 2 : 1,
      )
    },
  )
})
