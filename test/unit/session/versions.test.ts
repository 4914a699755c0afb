import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { customServer } from '../../../src/servers/custom.js'
import type { TokenResponse } from '../../../src/types.js'
import { openOld, type OldPage } from './older.js'
import { createWorld, KEY, MINUTE, SECOND, type Tab, type World } from './world.js'

/** A server that says, at `world.left`, for how many seconds its refresh tokens are good. */
function pages(): {
  world: World & { left: number }
  old: OldPage
  tab: Tab
  signIn: (options?: object) => Promise<void>
} {
  const world = Object.assign(createWorld(), { left: 1800 })
  const told = (tokens: TokenResponse): TokenResponse => ({ ...tokens, refresh_expires_in: world.left })
  const serverOf = ({ refresh, signOut }: ReturnType<World['server']['of']>) => ({
    refresh: async (...call: Parameters<typeof refresh>) => told(await refresh(...call)),
    signOut,
  })
  const old = openOld(world, (page) => ({ server: serverOf(world.server.of(page)), tokenStore: world.tokens.of(page) }))
  const tab = world.tab({ server: customServer(serverOf(world.server.of(old))) })
  return {
    world,
    old,
    tab,
    signIn: (options) => world.until(tab.session.signIn(told(world.grant()), { login: 'ada-1', ...options })),
  }
}

/** A page of each version, with a session by cookie. */
function byCookie(): { world: World; old: OldPage; tab: Tab; signIn: () => Promise<void> } {
  const world = createWorld()
  const old = openOld(world, (page) => ({ server: { signOut: world.server.of(page).signOut } }))
  const tab = world.tab({}, { methods: ['signOut'] })
  const signIn = async (): Promise<void> => {
    await world.until(tab.session.signIn(undefined, { login: 'ada-1' }))
    await world.advance(SECOND)
  }
  return { world, old, tab, signIn }
}

/** How many writes there are in a second in which nothing happens. */
async function writesOf(world: World): Promise<number> {
  await world.advance(SECOND)
  const { writes } = world.storage.count
  await world.advance(SECOND)
  return world.storage.count.writes - writes
}

describe('beside a page of version 0.1.0', () => {
  it('a refresh token that ends earlier than the one before makes no two pages write in turns', async () => {
    const { world, old, tab, signIn } = pages()
    await signIn()
    await world.advance(MINUTE)
    world.left = 1700
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(await writesOf(world)).toBe(0)
    expect([old.session.getSnapshot(), tab.session.getSnapshot()]).toMatchObject([
      { phase: 'active' },
      { phase: 'active' },
    ])
  })

  it.each(['idleTimeout', 'absoluteTimeout'])(
    'a shorter %s of a sign-in makes no two pages write in turns, and the next page knows it',
    async (option) => {
      const { world, old, tab, signIn } = pages()
      await signIn({ [option]: 9 * MINUTE })
      await world.advance(SECOND)
      await world.until(tab.session.signIn(undefined, { login: 'ada-1', [option]: 6 * MINUTE }))
      expect(await writesOf(world)).toBe(0)
      tab.close()
      await world.until(old.session.getAccessToken({ forceRefresh: true }))
      const { startedAt } = world.tab().session.getSnapshot() as unknown as { startedAt: number }
      expect(world.tab().session.deadlines()).toMatchObject({ endAt: startedAt + 6 * MINUTE })
    },
  )

  it.each([true, false])(
    'a sign-out of that page is not sent once more as the next login begins (it is open: %s)',
    async (isOpen) => {
      const world = createWorld()
      const old = openOld(world, (page) => ({ server: { signOut: world.server.of(page).signOut } }))
      await world.until(old.session.signIn(undefined, { login: 'ada-1' }))
      await world.until(old.session.signOut())
      expect(world.server.count('signOut')).toBe(1)
      if (!isOpen) old.close()
      await world.advance(MINUTE)
      const tab = world.tab({}, { methods: ['signOut'] })
      // It asks its backend who has signed in there.
      await world.advance(SECOND)
      await world.until(tab.session.signIn(undefined, { login: 'ada-2' }))
      expect(world.server.count('signOut')).toBe(1)
      await world.until(tab.session.signOut())
      expect(world.server.count('signOut')).toBe(2)
    },
  )

  it('a sign-out that did not reach the server is sent once more, though that page has written it too', async () => {
    const { world, old, tab, signIn } = byCookie()
    await signIn()
    // The message comes before storage does.
    world.storage.lag = 20
    world.server.reply = () => ({ fails: new SessionError('offline') })
    await world.until(tab.session.signOut())
    await world.advance(SECOND)
    expect(world.storage.stored.get(`${KEY}:end`)).not.toContain('startedAt')
    world.server.reply = () => ({})
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('signOut')).toBe(2)
    expect(old.session.getSnapshot().phase).toBe('signedOut')
  })

  it('a session goes on whose refresh token that page has replaced since', async () => {
    const { world, old, tab, signIn } = pages()
    await signIn()
    tab.frozen = true
    for (let i = 0; i < 8; i++) {
      await world.advance(5 * MINUTE)
      old.session.touch()
      await world.until(old.session.getAccessToken({ forceRefresh: true }))
    }
    // The page that comes back, and the next one: the version before was in use for a while.
    tab.frozen = false
    tab.hint('resume')
    expect([tab.phase(), world.tab().phase(), old.session.check().phase]).toEqual(['active', 'active', 'active'])
    expect(world.server.reuseCount).toBe(0)
  })
})
