import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { customServer } from '../../../src/servers/custom.js'
import { createSessionWith } from '../../../src/testing.js'
import { sessionData } from '../../../src/data.js'
import type { SessionOptions } from '../../../src/types.js'
import { createWorld, dataIn, dataOf, changesOf, MINUTE, outcome, signIn, type Tab, type World } from './world.js'

/** A tab with a cart, in a session that began with these arguments of `signIn()`. */
async function withCart(
  world: World,
  how: Parameters<Tab['session']['signIn']> = [],
  options: SessionOptions = {},
): Promise<Tab> {
  const tab = world.tab(options)
  await signIn(world, tab, ...how)
  dataOf(tab).setItem('cart', '3 apples')
  dataOf(tab).setItem('', 'empty key')
  return tab
}
const KEEP = { keepData: true } as const
const CART = { cart: '3 apples', '': 'empty key' }

describe('signIn() with keepData', () => {
  it.each<[string, SessionOptions]>([
    ['a store that tabs share', {}],
    ['memory', { tokenStore: memoryTokens() }],
  ])('S110: keepData takes over the cart of an anonymous session, with tokens in %s', async (_store, options) => {
    const world = createWorld()
    const tab = await withCart(world, [], options)
    const old = dataOf(tab)
    await signIn(world, tab, world.grant(), KEEP)
    const data = dataOf(tab)
    expect([data.getItem('cart'), data.getItem(''), old.getItem('cart')]).toEqual(['3 apples', 'empty key', null])
    expect(dataIn(world)).toEqual(CART)
    expect([...world.storage.stored.keys()].filter((key) => key.includes(old.id))).toEqual([])
  })

  it('S110: keepData takes over the cart for a session by cookie that has a login', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    await signIn(world, tab, undefined, { login: 'a', ...KEEP })
    expect(dataIn(world)).toEqual(CART)
  })

  it('S110: keepData takes over the cart in a page that was loaded since, as after a redirect', async () => {
    const world = createWorld()
    ;(await withCart(world)).close()
    const tab = world.tab()
    dataOf(tab)
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataOf(tab).getItem('cart')).toBe('3 apples')
  })

  it('another tab that hears of the sign-in before it can read the cart is told when it is there', async () => {
    const world = createWorld()
    const other = world.tab()
    const tab = await withCart(world)
    const seen: unknown[] = []
    other.session.on('switched', () => {
      const data = dataOf(other)
      seen.push(data.getItem('cart'))
      data.subscribe((key) => seen.push([key, data.getItem('cart')]))
    })
    world.storage.lag = 50
    await signIn(world, tab, world.grant(), KEEP)
    expect(seen).toEqual([null])
    await world.advance(MINUTE)
    expect(seen).toEqual([null, ['cart', '3 apples'], ['', '3 apples']])
  })

  it('keepData leaves the cart to the tab that signs in if other tabs notice that at once', async () => {
    const world = createWorld()
    const other = world.tab()
    const tab = await withCart(world)
    const changes = changesOf(dataOf(other))
    await signIn(world, tab, world.grant(), KEEP)
    expect([dataOf(tab).getItem('cart'), dataOf(other).getItem('cart'), changes]).toEqual([
      '3 apples',
      '3 apples',
      [null],
    ])
  })

  it.each<[string, Parameters<Tab['session']['signIn']>]>([
    ['tokens', [{ access_token: 'a', refresh_token: 'r', expires_in: 300 }]],
    ['a login', [undefined, { login: 'ada' }]],
    ['both', [{ access_token: 'a', refresh_token: 'r', expires_in: 300 }, { login: 'ada' }]],
  ])('S110: keepData takes over nothing of a session that began with %s', async (_how, how) => {
    for (const options of [{}, { tokenStore: memoryTokens() }]) {
      const world = createWorld()
      const tab = await withCart(world, how, options)
      await signIn(world, tab, world.grant(), { login: 'bob', ...KEEP })
      expect(dataOf(tab).getItem('cart')).toBeNull()
      expect(dataIn(world)).toEqual({})
    }
  })

  it('S110: keepData takes over nothing of a session with tokens in the memory of a closed tab', async () => {
    const world = createWorld()
    ;(await withCart(world, [world.grant()], { tokenStore: memoryTokens() })).close()
    const tab = world.tab({ tokenStore: memoryTokens() })
    dataOf(tab)
    await signIn(world, tab, world.grant(), KEEP)
    expect([tab.phase(), dataIn(world)]).toEqual(['active', {}])
  })

  it('S110: keepData takes over nothing of a session whose tokens a tab stored before it crashed', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    world.storage.change({ 'sojourn:session:1': JSON.stringify({ ...world.record(), generation: 1 }) })
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataIn(world)).toEqual({})
  })

  it('S110: keepData takes over nothing of a session that another tab gave tokens during this sign-in', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const page = world.page()
    const server = customServer({
      refresh: () => Promise.resolve(world.grant()),
      receive: () => new Promise((resolve) => page.ports.after(200, resolve)),
    })
    const tab = await withCart(world, [], { server, tokenStore: memoryTokens() })
    const other = world.tab({ tokenStore: memoryTokens() })
    world.deafen()
    const signedIn = tab.session.signIn(world.grant(), KEEP)
    await world.advance(10)
    await world.until(other.session.setTokens(world.grant()))
    dataOf(other).setItem('mail', 'of ada')
    await world.until(signedIn)
    expect([tab.session.getSnapshot(), dataIn(world)]).toMatchObject([{ phase: 'active', id: 'session-0002' }, {}])
    expect(dataOf(tab).getItem('mail')).toBeNull()
    expect(dataIn(world)).toEqual({})
  })

  it('keepData does not prevent the removal of a late write for the anonymous session', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    const [key] = [...world.storage.stored.keys()].filter((one) => one.endsWith(':cart'))
    await signIn(world, tab, world.grant(), KEEP)
    world.storage.change({ [key!]: 'late' })
    await world.advance(10)
    expect(dataIn(world)).toEqual(CART)
  })

  it.each([true, false])(
    'S110: keepData takes over nothing of a session that got tokens by setTokens(), shared: %s',
    async (isShared) => {
      const world = createWorld()
      const options = (): SessionOptions => (isShared ? {} : { tokenStore: memoryTokens() })
      const tab = await withCart(world, [], options())
      await world.until(tab.session.setTokens(world.grant()))
      await world.advance(10)
      const other = world.tab(options())
      dataOf(other)
      tab.close()
      await signIn(world, other, world.grant(), KEEP)
      expect(dataOf(other).getItem('cart')).toBeNull()
      expect(dataIn(world)).toEqual({})
    },
  )

  it('S110: keepData takes over nothing of a session that got tokens from a refresh by cookie', async () => {
    const world = createWorld()
    const server = customServer({ refresh: () => Promise.resolve(world.grant()) })
    const tab = await withCart(world, [], { server, tokenStore: memoryTokens() })
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
    await signIn(world, tab, world.grant(), KEEP)
    expect(tab.session.getSnapshot().phase).toBe('active')
    expect(dataOf(tab).getItem('cart')).toBeNull()
  })

  it('S110: keepData takes over nothing for a sign-in with neither tokens nor a login', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    await signIn(world, tab, undefined, KEEP)
    expect(dataIn(world)).toEqual({})
  })

  it('keepData takes over nothing of a session that has ended, and nothing if it is false', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    await world.advance(20 * MINUTE)
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataIn(world)).toEqual({})
    const again = createWorld()
    await signIn(again, await withCart(again), again.grant(), { keepData: false })
    expect(dataIn(again)).toEqual({})
  })

  it('keepData takes over nothing of a session that a page of version 0.1.0 began', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    const { login, ...record } = world.record()
    expect(login).toBe('-')
    tab.close()
    world.storage.stored.set('sojourn:session:1', JSON.stringify(record))
    const next = world.tab()
    expect(dataOf(next).getItem('cart')).toBe('3 apples')
    await signIn(world, next, world.grant(), KEEP)
    expect(dataIn(world)).toEqual({})
  })

  it('keepData gives the cart to one sign-in only', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    await signIn(world, tab, world.grant(), KEEP)
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataIn(world)).toEqual({})
  })

  it('keepData takes over the cart also where destroy() comes while the tokens are stored', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    const other = world.tab()
    dataOf(other)
    await world.advance(10)
    world.tokens.delay = () => 20
    const signedIn = outcome(tab.session.signIn(world.grant(), KEEP))
    await world.advance(10)
    tab.session.destroy()
    expect(await world.until(signedIn)).toBe('signed_out')
    await world.advance(10)
    expect(other.session.getSnapshot()).toMatchObject({ id: 'session-0002' })
    expect(dataOf(other).getItem('cart')).toBe('3 apples')
  })

  it('keepData causes a warning in a page that has not called sessionData(), and the sign-in works', async () => {
    const world = createWorld()
    ;(await withCart(world)).close()
    const tab = world.tab()
    await signIn(world, tab, world.grant(), KEEP)
    expect([tab.phase(), tab.warnings]).toEqual([
      'active',
      [expect.stringMatching(/keepData took over nothing.*sessionData/)],
    ])
    expect(dataOf(tab).getItem('cart')).toBeNull()
  })

  it('keepData works on a full disk', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    world.storage.stored.set('other', 'x'.repeat(100))
    // Leaves room for the tokens, the record and its end alone.
    const page = world.page()
    createSessionWith(page.ports).destroy()
    world.storage.change({ room: 'x'.repeat(2000) })
    world.storage.full = true
    world.storage.change({ room: null })
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataIn(world)).toEqual(CART)
  })

  it('keepData does not disturb the session if there is no room for the cart', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    const { stored } = world.storage
    const set = stored.set.bind(stored)
    stored.set = (key, text) => {
      if (key.endsWith(':cart')) throw new DOMException('There is no room left.', 'QuotaExceededError')
      return set(key, text)
    }
    await signIn(world, tab, world.grant(), KEEP)
    stored.set = set
    expect(dataIn(world)).toEqual({ '': 'empty key' })
    await world.advance(14 * MINUTE)
    expect(tab.phase()).toBe('warning')
  })

  it('keepData takes over a cart in memory if storage is denied', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await withCart(world)
    await signIn(world, tab, world.grant(), KEEP)
    expect(dataOf(tab).getItem('cart')).toBe('3 apples')
  })

  it('keepData shows no user the data of another, at whatever write or removal the tab crashes', async () => {
    const seen = new Set<string>()
    for (let effects = 0; effects < 12; effects++) {
      const world = createWorld()
      const tab = await withCart(world)
      let left = effects
      const view = world.storage.of(tab)
      const { stored } = world.storage
      const [set, remove] = [stored.set.bind(stored), stored.delete.bind(stored)]
      const crash = (): boolean => {
        if (left-- <= 0) tab.crash()
        return tab.gone
      }
      Object.assign(stored, {
        set: (key: string, text: string) => (crash() ? stored : set(key, text)),
        delete: (key: string) => !crash() && remove(key),
      })
      expect(view.getItem('sojourn:session:1')).not.toBeNull()
      await Promise.race([tab.session.signIn(world.grant(), KEEP), world.advance(1000)])
      Object.assign(stored, { set, delete: remove })
      const next = world.tab()
      const shown = next.session.getSnapshot() as { id: string }
      const found = ['cart', ''].map((key) => dataOf(next).getItem(key))
      // Either the anonymous session still has all data, or the user's session has those that arrived. The other one has none.
      const isUser = shown.id === 'session-0002'
      expect(isUser || found.every((text) => text !== null)).toBe(true)
      expect([...stored.keys()].filter((key) => key.startsWith('sojourn-data:') && !key.includes(shown.id))).toEqual([])
      // The next user gets none of them.
      const third = world.tab()
      dataOf(third)
      await signIn(world, third, world.grant(), KEEP)
      const kept = Object.keys(dataIn(world)).length
      expect(isUser ? kept : 2).toBe(isUser ? 0 : kept)
      seen.add(`${String(isUser)} ${found.filter((text) => text !== null).length}`)
    }
    expect([...seen]).toEqual(['false 2', 'true 0', 'true 1', 'true 2'])
  })

  it('keepData leaves the data of another name in the same page', async () => {
    const world = createWorld()
    const tab = await withCart(world)
    const other = createSessionWith(tab.ports, { name: 'admin' })
    await world.until(other.signIn())
    sessionData(other).setItem('cart', 'of admin')
    await signIn(world, tab, world.grant(), KEEP)
    expect([dataOf(tab).getItem('cart'), sessionData(other).getItem('cart')]).toEqual(['3 apples', 'of admin'])
  })
})
