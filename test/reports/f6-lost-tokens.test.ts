import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../src/index.js'
import type { TokenResponse } from '../../src/types.js'
import { createWorld, type Tab, type World } from '../../src/testing.js'

const wiped = { phase: 'signedOut', reason: 'wiped' }
const empty = (world: World): void => {
  world.tokens.stored = null
}
const askFor = (world: World, tab: Tab): Promise<string> =>
  world
    .until(tab.session.getAccessToken({ forceRefresh: true }))
    .catch((error: unknown) => (error as { code: string }).code)

describe('a shared store without the tokens of the record', () => {
  // The user signed out, and the browser was killed before localStorage was on disk: after the next start the user seemed signed in,
  // and each call failed. Right: a shared store without tokens shows that the session is over.
  it('a page that opens after a sign-out that localStorage lost ends the session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const record = [...world.storage.stored]
    await world.until(tab.session.signOut())
    tab.crash()
    world.storage.stored.clear()
    for (const [key, text] of record) world.storage.stored.set(key, text)
    const next = world.tab()
    await world.advance('1s')
    expect(next.session.getSnapshot()).toMatchObject(wiped)
    next.close()
    expect(world.tab().session.getSnapshot()).toMatchObject(wiped)
  })

  it('the call that finds the tokens gone ends the session in all tabs, once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    await world.advance('1s')
    empty(world)
    const late = world.tab()
    await expect(askFor(world, other)).resolves.toBe('signed_out')
    await world.advance('1s')
    for (const one of [other, late]) expect(one.session.getSnapshot()).toMatchObject(wiped)
    expect(tab.takeEvents()).toEqual([{ type: 'signedOut', reason: 'wiped', where: 'elsewhere' }])
  })

  it('tokens that can be read a moment later end nothing, and are refreshed for who asked', async () => {
    const world = createWorld()
    await world.signedIn()
    const tab = world.tab()
    await world.advance('1s')
    const { stored } = world.tokens
    empty(world)
    const asked = askFor(world, tab)
    await world.advance(100)
    world.tokens.stored = stored
    await expect(asked).resolves.toBe('access-f1-2')
    expect(tab.visible()).toBe('active')
  })

  it('tokens that another tab gets meanwhile, and cannot store, end nothing', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const tab = await world.signedIn()
    await world.until(tab.session.getAccessToken())
    const other = world.tab()
    await world.advance('1s')
    empty(world)
    world.tokens.fault = (access) => (access === 'set' ? 'fails' : 'works')
    const asked = askFor(world, other)
    await expect(askFor(world, tab)).resolves.toBe('access-f1-2')
    await expect(asked).resolves.toBe('no_tokens')
    expect([tab.visible(), other.visible()]).toEqual(['active', 'active'])
  })

  it('a tab that still has the tokens in memory goes on, and stores them with the next refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.getAccessToken())
    empty(world)
    await expect(askFor(world, tab)).resolves.toMatch(/^access-/)
    expect(world.tokens.stored).toMatchObject({ generation: 2 })
    await expect(askFor(world, world.tab())).resolves.toMatch(/^access-/)
  })

  // There, iOS Safari removed the cookies of a tab in the background. A refresh token was still in localStorage, but the page looked
  // for the cookies alone, and sent the user to the login. Right: a tab that has tokens goes on, and the store is filled again.
  it('Chorus-AIDLC/Chorus#400: a tab goes on though its store was emptied while it was frozen', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.getAccessToken())
    tab.frozen = true
    empty(world)
    await world.advance('10m')
    tab.frozen = false
    tab.hint('visibilitychange')
    await world.advance('1s')
    expect(tab.visible()).toBe('active')
    await expect(world.until(tab.session.getAccessToken())).resolves.toBe('access-f1-2')
    expect(world.tokens.stored).toMatchObject({ generation: 2 })
    expect(tab.takeEvents().filter(({ type }) => type === 'signedOut')).toEqual([])
  })

  it('a store that fails, or never answers, does not count as empty', async () => {
    const world = createWorld()
    await world.signedIn()
    for (const fault of ['fails', 'hangs'] as const) {
      world.tokens.fault = () => fault
      const tab = world.tab()
      await world.advance('1s')
      await expect(askFor(world, tab)).resolves.toBe('no_tokens')
      expect(tab.visible()).toBe('active')
      tab.close()
    }
    world.tokens.fault = () => 'works'
    await expect(askFor(world, world.tab())).resolves.toMatch(/^access-/)
  })

  it('tokens that one tab could not store stay in that tab, and end nothing in the others', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    await world.advance('1s')
    world.tokens.fault = (access) => (access === 'set' ? 'fails' : 'works')
    await expect(askFor(world, tab)).resolves.toMatch(/^access-/)
    await expect(askFor(world, other)).resolves.toBe('no_tokens')
    expect(other.visible()).toBe('active')
    // The store works again, and the other tabs have tokens after the next refresh.
    world.tokens.fault = () => 'works'
    await expect(askFor(world, tab)).resolves.toMatch(/^access-/)
    await expect(askFor(world, other)).resolves.toMatch(/^access-/)
  })

  it('a server that refreshes by a cookie is called before anything ends', async () => {
    const world = createWorld()
    const tokens = { access_token: 'by cookie', expires_in: 300 }
    const server = { refresh: () => Promise.resolve(tokens) }
    const tab = await world.signedIn({ server })
    await world.advance('1s')
    empty(world)
    const next = world.tab({ server })
    await world.advance('1s')
    expect([tab.visible(), next.visible()]).toEqual(['active', 'active'])
    await expect(world.until(next.session.getAccessToken())).resolves.toBe('by cookie')
  })

  // A process that lags wrote older tokens over newer ones. No refresh token among them is used up, for there is none.
  it('a server that refreshes by a cookie is called where the store has older tokens than the record', async () => {
    const world = createWorld()
    const refresh = (): Promise<TokenResponse> => Promise.resolve({ access_token: 'by cookie', expires_in: 300 })
    const server = { refresh }
    const tab = world.tab({ server })
    await world.until(tab.session.signIn({ access_token: 'first', expires_in: 300 }))
    const older = world.tokens.stored
    await expect(askFor(world, tab)).resolves.toBe('by cookie')
    world.tokens.stored = older
    const next = world.tab({ server })
    await world.advance('1s')
    expect([tab.visible(), next.visible()]).toEqual(['active', 'active'])
    await expect(world.until(next.session.getAccessToken())).resolves.toBe('by cookie')
    expect(world.tokens.stored).toMatchObject({ generation: 3 })
  })

  it('tokens in memory belong to one tab, and a new page without them ends nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ tokenStore: memoryTokens() })
    const next = world.tab({ tokenStore: memoryTokens() })
    await world.advance('1s')
    await expect(askFor(world, next)).resolves.toBe('no_tokens')
    expect([tab.visible(), next.visible()]).toEqual(['active', 'active'])
  })

  it('tokens of an application without a refresh end the session too if they are lost', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['signOut'] })
    await world.advance('1s')
    empty(world)
    tab.close()
    const next = world.tab({}, { methods: ['signOut'] })
    await world.advance('1s')
    expect(next.session.getSnapshot()).toMatchObject(wiped)
  })
})
