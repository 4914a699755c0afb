import { describe, expect, it } from 'vitest'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type World } from './world.js'

const COOKIE = { methods: ['keepAlive', 'check', 'signOut'] } as const

/** A tab that is signed in by cookie. */
const byCookie = async (world: World, login: string) => {
  const tab = world.tab({}, COOKIE)
  await world.until(tab.session.signIn(undefined, { login }))
  await world.advance(SECOND)
  tab.takeEvents()
  return tab
}

describe('a page that finds a session past its deadline', () => {
  it('a page that finds a session past its deadline ends a session by cookie at the server, once', async () => {
    const world = createWorld()
    const tab = await byCookie(world, 'monday')
    tab.crash()
    await world.advance(HOUR)
    world.tab({}, COOKIE)
    world.tab({}, COOKIE)
    await world.advance(SECOND)
    expect(world.server.calls.filter(({ method }) => method === 'signOut')).toMatchObject([
      { tokens: null, reason: 'idle' },
    ])
  })
})

describe('a sign-in in place of another', () => {
  it('a sign-in in place of another does not end the cookie of the new one', async () => {
    const world = createWorld()
    await byCookie(world, 'monday')
    const other = await byCookie(world, 'tuesday')
    expect(other.phase()).toBe('active')
    expect(world.server.count('signOut')).toBe(0)
  })
})

describe('a page that still queries other tabs', () => {
  it('a page that still queries other tabs delays a sign-in, so that it continues their session', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await byCookie(world, 'monday')
    const two = world.tab({}, COOKIE)
    await world.until(two.session.signIn(undefined, { login: 'monday' }))
    await world.advance(SECOND)
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(one.takeEvents()).toEqual([])
    expect(two.takeEvents()).toEqual([])
  })
})

describe('a page that is shown again', () => {
  it('a page that is shown again is not reloaded if it was never left', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.signOut())
    tab.hint('pageshow', true)
    expect(tab.page).toEqual({ hidden: false, reloads: 0 })
  })
})

describe('a page that opens, or is destroyed early', () => {
  it('a page that is destroyed right after creation removes nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { stored } = world.tokens
    tab.crash()
    await world.until(world.tab().session.signOut())
    world.tokens.stored = stored
    world.tab().session.destroy()
    await world.advance(MINUTE)
    expect(world.tokens.stored).toBe(stored)
  })

  it('a page that opens removes leftover tokens if storage shows no session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.crash()
    world.storage.clear()
    world.tab()
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
  })

  it('a destroyed page rejects a call for a token with signed_out', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.session.destroy()
    expect(await outcome(tab.session.getAccessToken())).toBe('signed_out')
  })
})

describe('a check that fell due during another call', () => {
  it('a check that fell due during another call is sent as soon as that has returned', async () => {
    const world = createWorld()
    world.server.reply = (method) => (method === 'keepAlive' ? { after: 9 * SECOND } : {})
    const tab = world.tab({ idleTimeout: '40s', warnBefore: '10s', keepAliveEvery: '20s' }, COOKIE)
    await world.until(tab.session.signIn())
    await world.advance(SECOND)
    tab.input()
    // keepAlive is called at 20 s and returns at 29 s; the check before the warning at 31 s was due at 23.5 s.
    await world.advance(27 * SECOND + 500)
    expect(world.server.count('keepAlive')).toBe(1)
    expect(world.server.count('check')).toBe(0)
    await world.advance(SECOND)
    expect(world.server.count('check')).toBe(1)
  })
})
