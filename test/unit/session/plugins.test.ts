/** A session has only the features of its server and its token store, and a page without them does no harm to pages with them. */
import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createFetch, credentials } from '../../../src/fetch.js'
import { cookieSession } from '../../../src/servers/cookie.js'
import { customServer, customTokens } from '../../../src/servers/custom.js'
import { oauth } from '../../../src/servers/oauth.js'
import { pluginsOf, type Plugged, type Plugin } from '../../../src/session/plugin.js'
import { createSessionWith as createPlain } from '../../../src/session/session.js'
import { createSessionWith } from '../../../src/testing.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import type { Session, TokenResponse, TokenServer } from '../../../src/types.js'
import { createWorld, KEY, outcome, type World } from './world.js'

const refresh = async (): Promise<TokenResponse> => Promise.reject(new SessionError('server'))
const LIMITS = { idleTimeout: '15m', warnBefore: '2m' } as const

/** A page of the same session that imports neither a server nor a token store. */
function barePage(world: World): { readonly session: Session; readonly close: () => void } {
  const page = world.page()
  return { session: createSessionWith(page.ports, LIMITS), close: page.close }
}

describe('a session without plugins', () => {
  it('a session without plugins uses no lock, no network and no random number', async () => {
    const world = createWorld()
    const page = world.page()
    const ports = { ...page.ports }
    for (const name of ['withLock', 'online', 'random'] as const)
      Object.defineProperty(ports, name, {
        get() {
          throw new Error(`${name} was touched`)
        },
      })
    const session = createSessionWith(ports, LIMITS)
    await world.until(session.signIn(undefined, { login: 'tuesday' }))
    await world.advance('13m')
    expect(session.getSnapshot().phase).toBe('warning')
    expect(await world.until(session.extend())).toBe(true)
    page.hint('online')
    await world.until(session.signOut())
    expect(session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('a session without plugins has no methods for tokens, and refuses tokens', async () => {
    const world = createWorld()
    const { session } = barePage(world)
    expect(Object.keys(session)).not.toContain('getAccessToken')
    expect(Object.keys(session)).not.toContain('setTokens')
    const refused = session.signIn(world.grant())
    await expect(refused).rejects.toMatchObject({ code: 'invalid_options' })
    await expect(refused).rejects.toThrow(/tokenStore/)
    expect(session.getSnapshot().phase).toBe('signedOut')
  })

  it('a session without plugins adds no credentials, and ends for no response', async () => {
    const world = createWorld()
    const { session } = barePage(world)
    await world.until(session.signIn())
    const request = new Request('https://api.example.com/')
    const sent = await world.until(credentials(session).authorize(request))
    expect([...sent!.headers]).toEqual([])
    const again = { request: sent!, response: new Response(null, { status: 401 }) }
    expect(await world.until(credentials(session).authorize(request, again))).toBeNull()
    expect(session.getSnapshot().phase).toBe('active')
  })
})

describe('a plugin that a wrapper adds', () => {
  it.each<[string, (plugins: Plugged) => TokenServer & Plugged]>([
    ['a server without parts', (added) => customServer({ refresh, ...added })],
    [
      'a server with a part for each session',
      (added) => {
        const server = customServer({ refresh, forSession: () => ({ refresh }), ...added })
        return { ...server, plugins: pluginsOf(server) }
      },
    ],
    [
      'a spread server whose part does not have it',
      (added) => {
        const server: TokenServer = { ...customServer({ refresh }), forSession: () => customServer({ refresh }) }
        return { ...server, plugins: [...pluginsOf(server), ...(added.plugins ?? [])] }
      },
    ],
  ])('a plugin that a wrapper adds runs once beside those of %s', (_name, wrap) => {
    let runs = 0
    const count: Plugin = () => {
      runs++
      return { methods: { runs: () => runs } }
    }
    const world = createWorld()
    const session = createPlain(world.page().ports, { server: wrap({ plugins: [count] }) })
    expect((session as unknown as { runs: () => number }).runs()).toBe(1)
    expect(session).toHaveProperty('getAccessToken')
  })
})

describe('a server or store without plugins', () => {
  it.each([
    ['server', { server: { refresh: async () => Promise.reject(new SessionError('server')) } }],
    [
      'tokenStore',
      { tokenStore: { shared: false, get: async () => null, set: async () => true, clear: async () => null } },
    ],
  ])(
    'a server or store without plugins is refused, and the error names the function that wraps a %s',
    (option, options) => {
      let opened = 0
      const { ports } = createWorld().page()
      const openChannel: typeof ports.openChannel = (...call) => {
        opened++
        return ports.openChannel(...call)
      }
      const create = (): unknown => createPlain({ ...ports, openChannel }, options as never)
      expect(create).toThrow(expect.objectContaining({ code: 'invalid_options' }))
      expect(create).toThrow(option === 'server' ? /customServer/ : /customTokens/)
      expect(opened).toBe(0)
    },
  )

  it('an object that is no session is refused by createFetch, which says what it takes', () => {
    expect(() => createFetch({} as Session)).toThrow(/createSession/)
  })
})

describe('plugins', () => {
  const pluginsOf = (part: object): number => (part as Plugged).plugins?.length ?? 0

  it('plugins belong to each server and store of the library, also for a session of another name', () => {
    const parts = [
      memoryTokens(),
      customTokens(memoryTokens()),
      cookieSession({ check: '/session' }),
      customServer({ check: async () => undefined }),
      oauth({ tokenEndpoint: 'https://id.example.com/token', clientId: 'app' }),
    ]
    expect(parts.map(pluginsOf)).toEqual([1, 1, 2, 2, 1])
    expect(pluginsOf(memoryTokens().forSession!('other'))).toBe(1)
  })

  it('plugins run once, also if server and store have the same, and stay with a copy of the session', async () => {
    const world = createWorld()
    const tab = world.tab(LIMITS)
    const copy = { ...tab.session }
    await world.until(copy.signIn(world.grant()))
    expect(await world.until(copy.getAccessToken())).toBe('access-f1-1')
    const sent = await world.until(credentials(copy).authorize(new Request('https://api.example.com/')))
    expect(sent!.headers.get('Authorization')).toBe('Bearer access-f1-1')
    await world.until(copy.signOut())
    expect(world.server.count('signOut')).toBe(1)
  })

  it('plugins keep the methods of a server that is an object of a class', async () => {
    const world = createWorld()
    class Backend {
      #calls = 0
      async refresh(): Promise<TokenResponse> {
        return Promise.resolve({ access_token: `a-${++this.#calls}`, expires_in: 300 })
      }
    }
    const session = createSessionWith(world.page().ports, { server: customServer(new Backend()) })
    await world.until(session.signIn(undefined, { login: 'tuesday' }))
    expect(await world.until(session.getAccessToken())).toBe('a-1')
  })
})

describe('a page without the plugins of its session', () => {
  it('a page without the plugins of its session uses the same record, and keeps its fields for tokens', async () => {
    const world = createWorld()
    const tab = await world.signedIn(LIMITS)
    const before = world.record()
    const { session } = barePage(world)
    expect(session.getSnapshot()).toEqual(tab.session.getSnapshot())
    await world.advance('1m')
    const now = world.time.clock().wall
    session.touch()
    await world.advance('1s')
    const { generation, tokenAt, tokenExpiresAt } = before
    expect(world.record()).toMatchObject({ generation, tokenAt, tokenExpiresAt })
    expect(world.record()['activeAt']).toBe(now)
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
  })

  it('a page without the plugins of its session sends no request without credentials', async () => {
    const world = createWorld()
    await world.signedIn(LIMITS)
    const { authorize } = credentials(barePage(world).session)
    const request = new Request('https://api.example.com/')
    expect(await world.until(outcome(authorize(request)))).toBe('no_tokens')
  })

  it('a page without the plugins ends the session everywhere, and a tab with them revokes once', async () => {
    const world = createWorld()
    const tab = await world.signedIn(LIMITS)
    await world.until(barePage(world).session.signOut())
    await world.advance('1s')
    expect(tab.visible()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls.map(({ method, reason }) => [method, reason])).toEqual([['signOut', 'signOut']])
  })

  it('I5 I9: a page without the plugins leaves tokens until the next page with them removes them', async () => {
    const world = createWorld()
    const tab = await world.signedIn(LIMITS)
    tab.close()
    const bare = barePage(world)
    await world.until(bare.session.signOut())
    expect(world.tokens.stored).not.toBeNull()
    const next = world.tab(LIMITS)
    expect(await world.until(outcome(next.session.getAccessToken()))).toBe('signed_out')
    await world.advance('1s')
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls.map(({ method }) => method)).toEqual(['signOut'])
    expect(next.visible()).toBe('signedOut')
  })

  it('I5 I9: a page without the plugins begins a session that gets no tokens of the one before', async () => {
    const world = createWorld()
    const tab = await world.signedIn(LIMITS)
    tab.close()
    const bare = barePage(world)
    await world.until(bare.session.signIn(undefined, { login: 'somebody else' }))
    const next = world.tab(LIMITS)
    expect(next.visible()).toBe('active')
    expect(await world.until(outcome(next.session.getAccessToken()))).toBe('no_tokens')
    expect(world.storage.stored.get(KEY)).toBeDefined()
  })
})
