import { reactive, ref, shallowReactive } from '@vue/reactivity'
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { createMutable } from 'solid-js/store'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createSessionWith, createWorld, type World } from '../../src/testing.js'
import { oauth } from '../../src/servers/oauth.js'
import { idbTokens } from '../../src/tokens/stores/idb.js'
import { memoryTokens } from '../../src/tokens/stores/memory.js'
import { parseTokenResponse } from '../../src/tokens/token-response.js'
import type { StoredTokens, TokenResponse, TokenStore } from '../../src/types.js'

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})

/** Wraps each object in a proxy, as Svelte's `$state` and Immer's drafts do. No browser clones a proxy. */
function deepProxy<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key, receiver) {
      const member: unknown = Reflect.get(object, key, receiver)
      return typeof member === 'object' && member !== null ? deepProxy(member) : member
    },
  })
}

/** Tokens as an object of another library: computed values are getters of the class, and internal ones are private. */
class User {
  readonly #expiresAt = Date.now() + 300_000
  readonly profile = { sub: 'ada', groups: ['a', 'b'] }
  readonly access_token: string
  readonly refresh_token: string
  readonly startSilentRenew = (): void => undefined
  constructor({ access_token, refresh_token }: TokenResponse) {
    this.access_token = access_token
    this.refresh_token = refresh_token ?? ''
  }
  get expires_in(): number {
    return Math.round((this.#expiresAt - Date.now()) / 1000)
  }
  get scope(): string {
    return this.profile.groups.join(' ')
  }
  toString(): string {
    return 'User'
  }
}

const make: Record<string, (tokens: TokenResponse) => TokenResponse> = {
  'reactive() of Vue': (tokens) => reactive({ ...tokens, account: { roles: ['a'] } }),
  'a ref of Vue': (tokens) => ref({ ...tokens, account: { roles: ['a'] } }).value,
  'a member of reactive state': (tokens) => shallowReactive({ tokens: reactive({ ...tokens }) }).tokens,
  'a store of Solid': (tokens) => createMutable({ ...tokens, account: { roles: ['a'] } }),
  'a proxy of each object': (tokens) => deepProxy({ ...tokens, account: { roles: ['a'] } }),
  'an object of a class': (tokens) => new User(tokens) as unknown as TokenResponse,
  'a frozen object': (tokens) => Object.freeze({ ...tokens }),
  'an object without a prototype': (tokens) => Object.assign(Object.create(null) as TokenResponse, tokens),
  'an object with what nobody clones': (tokens) => ({
    ...tokens,
    then: undefined,
    refresh: () => undefined,
    [Symbol('own')]: 1,
    response: new Response(),
    element: new Proxy({}, {}),
    pending: Promise.resolve(),
  }),
}

/** Signs in in one tab, and reads, refreshes and revokes the tokens in another one. */
async function life(world: World, given: (tokens: TokenResponse) => TokenResponse): Promise<unknown[]> {
  const grant = world.grant()
  const [one, two] = [world.tab(), world.tab()]
  await world.until(one.session.signIn(given(grant)))
  await world.advance('1s')
  const first = await world.until(two.session.getAccessToken())
  const { expiresAt } = world.tokens.stored!
  one.close()
  const second = await world.until(two.session.getAccessToken({ forceRefresh: true }))
  await world.until(two.session.signOut())
  const revoked = world.server.calls
    .filter(({ method }) => method === 'signOut')
    .map(({ tokens }) => tokens?.refresh_token)
  return [one.degraded, two.degraded, first, second, expiresAt !== null, revoked, grant.access_token]
}

describe('tokens that are no plain object', () => {
  // There, reactive state could not be written to IndexedDB, because a proxy cannot be cloned, and its origin was hard to find.
  // Right: the session makes a plain copy of tokens at the call, and all tabs have them.
  it.each(Object.keys(make))(
    'sveltejs/svelte#15327: tokens that are no plain object reach the store and the other tabs: %s',
    async (kind) => {
      const outcome = await life(createWorld(), make[kind]!)
      expect(outcome).toEqual([[], [], 'access-f1-1', 'access-f1-2', true, ['refresh-f1-2'], 'access-f1-1'])
    },
  )

  // There, a state proxy was passed to native code, which clones it. Right: tokens to and from a server or store of the
  // application are plain, too.
  it('sveltejs/svelte#17185: tokens are plain for a custom store and server, and from them', async () => {
    const world = createWorld()
    const page = world.page()
    const state = reactive<{ stored: StoredTokens | null }>({ stored: null })
    const given: unknown[] = []
    const tokenStore: TokenStore = {
      shared: true,
      get: async () => state.stored,
      async set(value) {
        given.push(structuredClone(value))
        state.stored = value
        return true
      },
      async clear() {
        const { stored } = state
        state.stored = null
        return stored
      },
    }
    const { refresh, signOut } = world.server.of(page)
    const session = createSessionWith(page.ports, {
      tokenStore,
      server: {
        async refresh(tokens, init) {
          given.push(structuredClone(tokens))
          return reactive({ ...(await refresh(tokens, init)) })
        },
        async signOut(tokens, init) {
          given.push(structuredClone(tokens))
          await signOut(tokens, init)
        },
      },
    })
    await world.until(session.signIn(reactive({ ...world.grant(), account: { roles: ['a'] } })))
    expect(await world.until(session.getAccessToken({ forceRefresh: true }))).toBe('access-f1-2')
    await world.until(session.signOut())
    expect(given).toHaveLength(4)
    expect(world.server.calls.map(({ tokens }) => tokens?.refresh_token)).toEqual(['refresh-f1-1', 'refresh-f1-2'])
  })

  // There, pages kept props of a reactive object in the history, which clones them. A copy by JSON corrected that. Right: the same
  // here, and options may be reactive, frozen, or change later.
  it('inertiajs/inertia#1967: tokens may be set with options that are reactive, frozen or changed later', async () => {
    for (const wrap of [reactive, Object.freeze] as (<T>(given: T) => T)[]) {
      const world = createWorld()
      const page = world.page()
      const options = {
        idleTimeout: '15m',
        tokenStore: memoryTokens(),
        server: world.server.of(page),
      } as const
      const session = createSessionWith(page.ports, wrap(options))
      if (wrap === reactive)
        Object.assign(options, { idleTimeout: 1, server: {}, tokenStore: undefined, name: 'other' })
      await world.until(session.signIn(wrap(world.grant()), wrap({ login: 'a' })))
      expect(await world.until(session.getAccessToken({ forceRefresh: true }))).toBe('access-f1-2')
      expect([...world.storage.stored.keys()]).toEqual(['sojourn:session:1'])
      session.destroy()
    }
  })

  it('tokens that are no plain object are stored in IndexedDB as they are in memory', async () => {
    const store = idbTokens()
    const tokens = parseTokenResponse(deepProxy({ access_token: 'a', account: { roles: ['x'] } }))
    await store.set({ id: 'session-0001', generation: 1, tokens, expiresAt: null })
    expect((await store.get())?.tokens).toEqual({ access_token: 'a', account: { roles: ['x'] } })
  })

  it('tokens that are no plain object do not change when their owner changes them', async () => {
    const world = createWorld()
    const tab = world.tab({ tokenStore: memoryTokens() })
    const grant = { ...world.grant(), account: { roles: ['a'] } } as Record<string, unknown>
    await world.until(tab.session.signIn(grant as unknown as TokenResponse))
    Object.assign(grant, { access_token: 'other', refresh_token: 'other' })
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
    expect(await world.until(tab.session.getAccessToken({ forceRefresh: true }))).toBe('access-f1-2')
  })

  it('tokens keep every plain member, getters by their OAuth names, and nothing else', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const deep = JSON.parse('['.repeat(600) + ']'.repeat(600)) as unknown
    const given = Object.assign(
      Object.create({
        get session_state() {
          return 's'
        },
        get other() {
          return 'no'
        },
      }),
      {
        access_token: 'a',
        scope: ['x', 'y'],
        authorization_details: [{ type: 'account', actions: ['read'] }],
        patient: 'p-1',
        at: new Date(0),
        cycle,
        deep,
        big: 5n,
        run: () => undefined,
        nothing: null,
      },
    ) as unknown
    const own = JSON.parse('{"__proto__":{"polluted":true}}') as object
    const tokens = parseTokenResponse(Object.defineProperties(given, Object.getOwnPropertyDescriptors(own)))
    expect(Object.entries(tokens)).toEqual([
      ['access_token', 'a'],
      ['scope', ['x', 'y']],
      ['session_state', 's'],
      ['authorization_details', [{ type: 'account', actions: ['read'] }]],
      ['patient', 'p-1'],
      ['at', '1970-01-01T00:00:00.000Z'],
      ['nothing', null],
      ['__proto__', { polluted: true }],
    ])
    expect('polluted' in tokens).toBe(false)
  })

  it.each([
    ['300', 300],
    [' 300 ', 300],
    ['299.5', 299.5],
    [0, 0],
    ['0', 0],
    ['', undefined],
    ['soon', undefined],
    [null, undefined],
    [true, undefined],
    [Infinity, undefined],
    [{}, undefined],
  ])('tokens have lifetimes in seconds, as numbers, also if a server sends a string: %j', (expires_in, seconds) => {
    const lifetimes = ['expires_in', 'refresh_expires_in', 'refresh_token_expires_in', 'refresh_token_timeout']
    for (const name of [...lifetimes, 'authorization_expires_in'])
      expect(parseTokenResponse({ access_token: 'a', [name]: expires_in })[name]).toBe(seconds)
  })

  it.each<[string, () => unknown]>([
    [
      'a revoked proxy, such as a draft that is done',
      () => {
        const { proxy, revoke } = Proxy.revocable({ access_token: 'a' }, {})
        revoke()
        return proxy
      },
    ],
    [
      'a getter that throws',
      () => ({
        access_token: 'a',
        get refresh_token() {
          throw new Error('secret')
        },
      }),
    ],
    [
      'a proxy that lists no members',
      () =>
        new Proxy(
          { access_token: 'a' },
          {
            ownKeys: () => {
              throw new Error('secret')
            },
          },
        ),
    ],
    ['a promise', () => Promise.resolve({ access_token: 'a' })],
    ['a response', () => Response.json({ access_token: 'a' })],
    ['tokens inside of something', () => ({ data: { access_token: 'a' } })],
    ['a refresh token that is no text', () => ({ access_token: 'a', refresh_token: {} })],
    ['text', () => 'a'],
  ])('tokens are refused with invalid_response, and the error quotes nothing of them: %s', async (_kind, given) => {
    const world = createWorld()
    const tab = world.tab()
    const error: unknown = await world.until(
      tab.session.signIn(given() as TokenResponse).catch((reason: unknown) => reason),
    )
    expect(error).toMatchObject({ code: 'invalid_response' })
    expect((error as Error).cause).toBeUndefined()
    expect(tab.phase()).toBe('signedOut')
  })

  it('tokens are sent with the parameters that oauth() was given, even if their object changes', async () => {
    const sent: string[] = []
    const parameters: Record<string, string> = reactive({ scope: 'openid' })
    const send = async (_url: string, { body }: { body: URLSearchParams }) => {
      sent.push(body.get('scope') ?? '')
      return Response.json({ access_token: 'a-2' })
    }
    const server = oauth({ tokenEndpoint: 'https://id.example/t', clientId: 'app', parameters, fetch: send as never })
    parameters['scope'] = 'admin'
    await server.refresh!(
      { access_token: 'a-1', refresh_token: 'r-1' },
      { signal: new AbortController().signal, activeAt: 0 },
    )
    expect(sent).toEqual(['openid'])
  })

  it('tokens of a store whose object throws are not used', async () => {
    const world = createWorld()
    const page = world.page()
    const broken = {
      get id(): string {
        throw new Error('no')
      },
    } as StoredTokens
    const tokenStore: TokenStore = {
      shared: true,
      get: async () => broken,
      set: async () => true,
      clear: async () => broken,
    }
    const session = createSessionWith(page.ports, { tokenStore, server: world.server.of(page) })
    await world.until(session.signIn(world.grant()))
    await world.until(session.signOut())
    expect(session.getSnapshot().phase).toBe('signedOut')
    expect(page.reports).toEqual([])
  })
})
