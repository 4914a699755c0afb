import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryTokens } from '../../src/tokens/stores/memory.js'
import { aesGcm, idbTokens } from '../../src/tokens/stores/idb.js'
import { webStorageTokens } from '../../src/tokens/stores/web-storage.js'
import { createSessionWith, createWorld, type Tab, type World } from '../../src/testing.js'
import type { TokenStore } from '../../src/types.js'
import { names } from '../contract/token-store.js'

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})

/** The library's own stores take real time, and a world only knows its own. */
const settled = async <T>(world: World, work: Promise<T>): Promise<T> => {
  const state = { done: false }
  const finish = (): void => {
    state.done = true
  }
  work.then(finish, finish)
  while (!state.done) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    await world.advance(5)
  }
  return work
}
const tokenOf = (world: World, { session }: Tab): Promise<string> => world.until(session.getAccessToken())
const revoked = (world: World): unknown[] =>
  world.server.calls.filter(({ method }) => method === 'signOut').map(({ tokens }) => tokens?.refresh_token)

describe('two applications on one origin', () => {
  // There, two consoles under different paths kept the access token under one key: a sign-in to one was a sign-in to the other, with
  // a token for another audience. Right: each name has its own session and its own tokens.
  it('TheThingsNetwork/lorawan-stack#1586: an application never uses the tokens of another', async () => {
    const world = createWorld()
    const shop = await world.signedIn({ name: 'shop' })
    const admin = world.tab({ name: 'admin' })
    expect(admin.visible()).toBe('signedOut')
    await expect(world.until(admin.session.getAccessToken())).rejects.toMatchObject({ code: 'signed_out' })
    await world.until(admin.session.signIn(world.grant()))
    expect([await tokenOf(world, shop), await tokenOf(world, admin)]).toEqual(['access-f1-1', 'access-f2-1'])
    await world.until(Promise.all([shop, admin].map(({ session }) => session.getAccessToken({ forceRefresh: true }))))
    expect([await tokenOf(world, shop), await tokenOf(world, admin)]).toEqual(['access-f1-2', 'access-f2-2'])
    expect(world.server.reuseCount).toBe(0)
  })

  // There, one entry of localStorage named the current session for every prefix: a sign-in to the second application kept the first
  // from restoring its session. Right: nothing that one application does, up to its sign-out, affects the other.
  it('inrupt/solid-client-authn-js#2095: an application restores its session whatever another one does', async () => {
    const world = createWorld()
    const shop = await world.signedIn({ name: 'shop' })
    const { id } = shop.session.getSnapshot() as { id: string }
    const admin = world.tab({ name: 'admin' })
    await world.advance('1s')
    expect(revoked(world)).toEqual([])
    await world.until(admin.session.signIn(world.grant()))
    shop.close()
    await world.until(admin.session.signOut())
    expect(revoked(world)).toEqual(['refresh-f2-1'])
    const again = world.tab({ name: 'shop' })
    expect(again.session.getSnapshot()).toMatchObject({ phase: 'active', id })
    expect(await tokenOf(world, again)).toBe('access-f1-1')
    expect(await world.until(again.session.getAccessToken({ forceRefresh: true }))).toBe('access-f1-2')
  })

  // There, a frame with the second application of the origin removed the first one's entries from their common sessionStorage.
  // Right: two sessions of one page keep their tokens apart in each kind of store, with one store object or two.
  it.each<[string, (tab: Tab, world: World) => TokenStore]>([
    ['webStorageTokens', (tab, world) => webStorageTokens(() => world.storage.of(tab))],
    ['memoryTokens', () => memoryTokens()],
    ['idbTokens', () => idbTokens()],
    ['idbTokens with encrypt', () => idbTokens({ encrypt: aesGcm })],
  ])(
    'damienbod/angular-auth-oidc-client#538: a second application leaves the tokens of the first: %s',
    async (_kind, make) => {
      for (const isOne of [true, false]) {
        const world = createWorld()
        vi.stubGlobal('indexedDB', new IDBFactory())
        const page = world.page() as Tab
        const store = make(page, world)
        const server = world.server.of(page)
        const open = (name: string) =>
          createSessionWith(page.ports, { name, server, tokenStore: isOne ? store : make(page, world) })
        const one = open('app1')
        await settled(world, one.signIn(world.grant()))
        const two = open('app2')
        // Long enough for the cleanup of a new page.
        await settled(world, new Promise<void>((resolve) => page.ports.after(1000, resolve)))
        await settled(world, two.signIn(world.grant()))
        await settled(world, two.signOut())
        expect(revoked(world)).toEqual(['refresh-f2-1'])
        expect(await settled(world, one.getAccessToken({ forceRefresh: true }))).toBe('access-f1-2')
        one.destroy()
        two.destroy()
      }
    },
  )

  it('two applications with similar names share no storage, lock, channel or tokens', async () => {
    const world = createWorld()
    const tabs: Tab[] = []
    for (const name of names) tabs.push(await world.signedIn({ name }))
    await world.advance('1s')
    expect(tabs.map((tab) => tab.visible())).toEqual(names.map(() => 'active'))
    expect(tabs.flatMap((tab) => tab.takeEvents())).toEqual([])
    const tokens = await world.until(
      Promise.all(tabs.map(({ session }) => session.getAccessToken({ forceRefresh: true }))),
    )
    expect(tokens).toEqual(names.map((_name, index) => `access-f${index + 1}-2`))
    for (const [index, tab] of tabs.entries()) {
      await world.until(tab.session.signOut())
      expect(tabs.map((each) => each.visible())).toEqual(
        names.map((_name, at) => (at > index ? 'active' : 'signedOut')),
      )
    }
    expect(revoked(world)).toEqual(names.map((_name, index) => `refresh-f${index + 1}-2`))
  })

  it('two applications with one custom store are refused, because it cannot tell sessions apart', async () => {
    const world = createWorld()
    const page = world.page()
    const tokenStore = Object.fromEntries(
      Object.entries(memoryTokens()).filter(([key]) => key !== 'forSession'),
    ) as unknown as TokenStore
    const first = createSessionWith(page.ports, { name: 'shop', tokenStore })
    expect(() => createSessionWith(page.ports, { name: 'admin', tokenStore })).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(/shop and admin .*forSession/) as string,
      }),
    )
    // React's StrictMode makes each session twice.
    first.destroy()
    createSessionWith(page.ports, { name: 'shop', tokenStore }).destroy()
  })

  it('two applications use the part of the server for their own session', () => {
    const world = createWorld()
    const forSession = vi.fn(() => world.server.of(world.page()))
    for (const name of ['shop', undefined])
      createSessionWith(world.page().ports, { ...(name && { name }), server: { forSession } }).destroy()
    expect(forSession.mock.calls).toEqual([['shop'], ['session']])
  })
})
