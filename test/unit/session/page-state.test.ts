/** What a server has written into a page, on page load: adoptPage(). */
import { describe, expect, it, vi } from 'vitest'
import { adoptPage, customServer, type PageState } from '../../../src/servers/custom.js'
import { createSessionWith } from '../../../src/testing.js'
import type { Page, PageSetup } from '../../../src/testing/page.js'
import type { Session, SessionServer } from '../../../src/types.js'
import { createWorld, KEY, MINUTE, outcome, SECOND, type World } from './world.js'

/** A page with a session by cookie, which keeps no tokens. */
interface Tab {
  readonly page: Page
  readonly session: Session
  readonly heard: unknown[]
  readonly phase: () => string
}

function open(world: World, setup: PageSetup = {}, name = 'session'): Tab {
  const page = world.page(setup)
  const { check, signOut } = world.server.of(page)
  const session = createSessionWith(page.ports, { name, server: customServer({ check, signOut } as SessionServer) })
  const heard: unknown[] = []
  for (const type of ['signedIn', 'signedOut', 'switched'] as const)
    session.on(type, (event) => heard.push({ type, ...event }))
  return { page, session, heard, phase: () => session.getSnapshot().phase }
}

/** The server's clock is an hour behind the device's. */
const serverTime = (world: World): number => world.time.clock().wall - 60 * MINUTE

/** Opens a page that the server makes now; its call is over when it returns, as far as it need not wait. */
function load(world: World, login: string | null, at = serverTime(world)): { tab: Tab; isTrue: Promise<boolean> } {
  const tab = open(world)
  return { tab, isTrue: adoptPage(tab.session, { login, at }) }
}

/** Two tabs with the session of this login, a minute ago. */
async function signedIn(login = 'ada-1'): Promise<{ world: World; first: Tab; other: Tab; at: number }> {
  const world = createWorld()
  const at = serverTime(world)
  const { tab: first } = load(world, login, at)
  const other = open(world)
  await world.advance(MINUTE)
  for (const tab of [first, other]) tab.heard.length = 0
  return { world, first, other, at }
}

describe('a page that the server has just made', () => {
  it('a page that says a login begins its session in all tabs, before the call returns', async () => {
    const world = createWorld()
    const other = open(world)
    const { tab, isTrue } = load(world, 'ada-1')
    expect(tab.phase()).toBe('active')
    expect(await world.until(isTrue)).toBe(true)
    await world.advance(SECOND)
    expect(other.phase()).toBe('active')
  })

  it('a page that says the login of the session lets it go on, without a request, and is no activity', async () => {
    const { world, first } = await signedIn()
    const { id } = first.session.getSnapshot() as { id: string }
    const { endAt } = first.session.deadlines()!
    const { tab, isTrue } = load(world, 'ada-1')
    expect(await world.until(isTrue)).toBe(true)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id })
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
    expect(tab.heard).toEqual([])
    expect(world.server.count('check')).toBe(0)
  })

  it('a page that says nobody ends the session everywhere as `rejected`, before the call returns', async () => {
    const { world, first, other } = await signedIn()
    const { tab, isTrue } = load(world, null)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
    expect(await world.until(isTrue)).toBe(true)
    await world.advance(SECOND)
    for (const each of [first, other])
      expect(each.heard).toEqual([{ type: 'signedOut', reason: 'rejected', where: 'elsewhere' }])
    // The server has ended it itself.
    expect(world.server.count('signOut')).toBe(0)
  })

  it('a page that says another login is followed by `switched` in the other tabs', async () => {
    const { world, first } = await signedIn()
    const { tab, isTrue } = load(world, 'bob-1')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(await world.until(isTrue)).toBe(true)
    await world.advance(SECOND)
    expect(first.heard).toEqual([{ type: 'switched', from: 'session-0001', to: 'session-0002' }])
  })

  it('a page that says nobody leaves a session without a user as it is', async () => {
    const world = createWorld()
    const visitor = open(world)
    await world.until(visitor.session.signIn())
    const { tab, isTrue } = load(world, null)
    expect(await world.until(isTrue)).toBe(true)
    expect(tab.phase()).toBe('active')
  })

  it('a page that says nobody, where nobody is, changes nothing', async () => {
    const world = createWorld()
    const { tab, isTrue } = load(world, null)
    expect(await world.until(isTrue)).toBe(true)
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
  })
})

describe('I5: a login whose session has ended on this device', () => {
  it.each(['signOut', 'idle'])(
    'is not revived by a new page, which the server made before it knew (%s)',
    async (reason) => {
      const { world, first } = await signedIn()
      world.server.reply = () => 'silent' as never
      if (reason === 'signOut') void first.session.signOut()
      await world.advance(reason === 'idle' ? 20 * MINUTE : 10)
      const { tab, isTrue } = load(world, 'ada-1')
      expect(await world.until(isTrue)).toBe(false)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason })
    },
  )
})

describe('a page out of a cache or from the history', () => {
  it('an old page does not bring back the user before', async () => {
    const { world, at } = await signedIn()
    load(world, 'bob-1')
    await world.advance(SECOND)
    const { tab, isTrue } = load(world, 'ada-1', at)
    expect(await world.until(isTrue)).toBe(false)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })

  it('an old page does not bring back the user before after a sign-out of the user since', async () => {
    const { world, at } = await signedIn()
    const { tab: bob } = load(world, 'bob-1')
    await world.until(bob.session.signOut())
    const { tab, isTrue } = load(world, 'ada-1', at)
    expect(await world.until(isTrue)).toBe(false)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('an old page that says nobody ends no session that began since, by a page or by signIn()', async () => {
    const world = createWorld()
    const at = serverTime(world)
    load(world, null, at)
    await world.advance(MINUTE)
    const tab = open(world)
    await world.until(tab.session.signIn(undefined, { login: 'ada-1' }))
    const old = load(world, null, at)
    expect(await world.until(old.isTrue)).toBe(false)
    expect(old.tab.phase()).toBe('active')
  })

  it('an old page with the login of the session is true', async () => {
    const { world, at } = await signedIn()
    expect(await world.until(load(world, 'ada-1', at).isTrue)).toBe(true)
  })

  it('pages are ordered for each session apart', async () => {
    const { world } = await signedIn()
    const shop = open(world, {}, 'shop')
    expect(await world.until(adoptPage(shop.session, { login: 'eve-1', at: 1 }))).toBe(true)
    expect(shop.phase()).toBe('active')
    expect([...world.storage.stored.keys()].filter((key) => key.endsWith(':page'))).toEqual([
      `${KEY}:page`,
      'sojourn:shop:1:page',
    ])
  })
})

describe('a page that cannot act yet', () => {
  it('a prerendered page waits, and is out of date where another page came in between', async () => {
    const { world, first } = await signedIn()
    const ahead = open(world, { prerendered: true })
    const isTrue = adoptPage(ahead.session, { login: null, at: serverTime(world) })
    await world.advance(SECOND)
    expect(first.phase()).toBe('active')
    load(world, 'ada-1')
    ahead.page.activate()
    expect(await world.until(isTrue)).toBe(false)
    expect(first.phase()).toBe('active')
  })

  it.each([null, 'bob-1'])(
    'a prerendered page is out of date where somebody signed in, without another page, before it was opened: %s',
    async (login) => {
      const world = createWorld()
      const { tab: first } = load(world, null)
      await world.advance(SECOND)
      const ahead = open(world, { prerendered: true })
      const isTrue = adoptPage(ahead.session, { login, at: serverTime(world) })
      await world.advance(SECOND)
      await world.until(first.session.signIn(undefined, { login: 'ada-1' }))
      ahead.page.activate()
      expect(await world.until(isTrue)).toBe(false)
      await world.advance(SECOND)
      expect([first, ahead].map((tab) => tab.session.getSnapshot())).toEqual([
        first.session.getSnapshot(),
        expect.objectContaining({ phase: 'active', id: 'session-0001' }),
      ])
    },
  )

  it('a prerendered page that says the login of the session that began since lets that go on', async () => {
    const world = createWorld()
    const { tab: first } = load(world, null)
    await world.advance(SECOND)
    const ahead = open(world, { prerendered: true })
    const isTrue = adoptPage(ahead.session, { login: 'ada-1', at: serverTime(world) })
    await world.until(first.session.signIn(undefined, { login: 'ada-1' }))
    ahead.page.activate()
    expect(await world.until(isTrue)).toBe(true)
    expect(ahead.phase()).toBe('active')
  })

  it('a page without localStorage waits for the other tabs, and ends their session', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const first = open(world)
    await world.until(first.session.signIn(undefined, { login: 'ada-1' }))
    const { tab, isTrue } = load(world, null)
    expect(tab.phase()).toBe('loading')
    expect(await world.until(isTrue)).toBe(true)
    await world.advance(SECOND)
    expect(first.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  it('nothing happens on a server, and after destroy()', async () => {
    const world = createWorld()
    const server = open(world, { hasPage: false })
    expect(await adoptPage(server.session, { login: 'ada-1', at: 1 })).toBe(false)
    const gone = open(world)
    gone.session.destroy()
    expect(await adoptPage(gone.session, { login: 'ada-1', at: 1 })).toBe(false)
    expect(world.storage.stored.size).toBe(0)
  })
})

describe('adoptPage()', () => {
  it('removes the tokens of the user before, where the session keeps tokens', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001' })
    const isTrue = adoptPage(tab.session, { login: 'ada-1', at: 1 })
    expect(tab.session.getSnapshot()).toMatchObject({ id: 'session-0002' })
    expect(await isTrue).toBe(true)
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
  })

  const wrong: readonly object[] = [{}, { login: 'ada-1' }, { at: 1 }, { login: '', at: 1 }, { login: 7, at: 1 }]
  it.each([...wrong, { login: null, at: NaN }, { login: undefined, at: 1 }])(
    'refuses a page that does not say both: %j',
    async (page) => {
      const { world, first } = await signedIn()
      expect(await outcome(adoptPage(first.session, page as PageState))).toBe('invalid_options')
      expect(first.phase()).toBe('active')
      expect(world.storage.stored.get(`${KEY}:page`)).toBe(String(serverTime(world) - MINUTE))
    },
  )

  it('refuses what is no session', async () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    expect(await outcome(adoptPage({} as Session, { login: null, at: 1 }))).toBe('invalid_options')
  })
})

describe('a time that no server can have meant', () => {
  // A server that gives nanoseconds once would keep this device from every later page, for ever.
  it.each([Infinity, 1.8e18])('adoptPage refuses a page of %s ms', async (at) => {
    const world = createWorld()
    const { tab, isTrue } = load(world, 'ada-1', at)
    expect(await outcome(isTrue)).toBe('invalid_options')
    expect(tab.phase()).toBe('signedOut')
  })

  it.each(['9e99', 'Infinity', '1.8e18', 'x'])('a time of %s in storage hides no page', async (planted) => {
    const world = createWorld()
    world.storage.change({ [`${KEY}:page`]: planted })
    const { tab, isTrue } = load(world, 'ada-1')
    expect(await world.until(isTrue)).toBe(true)
    expect(tab.phase()).toBe('active')
    const older = load(world, null, 1)
    expect(await world.until(older.isTrue)).toBe(false)
  })
})
