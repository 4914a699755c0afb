import { describe, expect, it } from 'vitest'
import { SessionError } from '../../src/index.js'
import { createWorld, type Tab, type World } from '../../src/testing.js'

const BY_COOKIE = { methods: ['signOut'] } as const
const ADA = { login: 'ada-1' }

async function signedIn(): Promise<{ world: World; tab: Tab }> {
  const world = createWorld()
  const tab = world.tab({}, BY_COOKIE)
  await world.until(tab.session.signIn(undefined, ADA))
  await world.advance('1s')
  return { world, tab }
}
const fail = (world: World, code: 'offline' | 'server' | 'rejected' = 'offline'): void => {
  world.server.reply = () => ({ fails: new SessionError(code) })
}
const answer = (world: World): void => {
  world.server.reply = () => ({})
}

describe('a sign-out by cookie that did not reach the server', () => {
  // There, the page was offline when the user signed out. The cookie stayed valid, and the next page showed the name of the user.
  // Right: the sign-out is owed until the server has got it.
  it('medic/cht-core#5183: S104: a sign-out by cookie is sent as soon as the page is online', async () => {
    const { world, tab } = await signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    expect(world.server.count('signOut')).toBe(1)
    answer(world)
    tab.hint('online')
    await world.advance('1s')
    expect(world.server.calls.slice(1)).toMatchObject([{ method: 'signOut', reason: 'signOut', tokens: null }])
    tab.hint('online')
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(2)
  })

  it('vaadin/flow#9789: the next page sends the owed sign-out', async () => {
    const { world, tab } = await signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    tab.close()
    answer(world)
    const next = world.tab({}, BY_COOKIE)
    await world.advance('1s')
    expect(next.visible()).toBe('signedOut')
    expect(world.server.count('signOut')).toBe(2)
    world.tab({}, BY_COOKIE)
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(2)
  })

  it('croffasia/itsaplan#319: a page that signs in with the ended login sends the owed sign-out at once', async () => {
    const { world, tab } = await signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    answer(world)
    await world.until(tab.session.signIn(undefined, ADA))
    await world.advance(20)
    expect(tab.visible()).toBe('signedOut')
    expect(world.server.count('signOut')).toBe(2)
  })

  it('ferriskey/ferriskey#1295: an idle end that did not reach the server is owed as well', async () => {
    const { world, tab } = await signedIn()
    fail(world, 'server')
    await world.advance('16m')
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'idle' })
    expect(world.server.count('signOut')).toBe(1)
    answer(world)
    tab.hint('online')
    await world.advance('1s')
    expect(world.server.calls.slice(1)).toMatchObject([{ method: 'signOut', reason: 'idle' }])
  })

  it('a tab that crashes as it signs out leaves the owed sign-out to the next page', async () => {
    const { world, tab } = await signedIn()
    world.server.reply = () => ({ hangs: true })
    void tab.session.signOut()
    tab.crash()
    answer(world)
    const before = world.server.count('signOut')
    world.tab({}, BY_COOKIE)
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(before + 1)
  })

  it('a hidden page sends the owed sign-out at once when it is online, though its timers wait', async () => {
    const { world, tab } = await signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    answer(world)
    tab.timersEvery = 6e4
    tab.hint('online')
    await world.advance(100)
    expect(world.server.count('signOut')).toBe(2)
  })

  it('nothing is owed to a server without a sign-out', async () => {
    const world = createWorld()
    const tab = world.tab({ server: {} })
    await world.until(tab.session.signIn(undefined, ADA))
    await world.until(tab.session.signOut())
    const { endedAt } = tab.session.getSnapshot() as { endedAt: number }
    expect(JSON.parse(world.storage.stored.get('sojourn:session:1') ?? '')).toMatchObject({ endSentAt: endedAt })
  })

  it('a page without a server leaves the owed sign-out to the next page that has one', async () => {
    const world = createWorld()
    const tab = world.tab({ server: undefined as never })
    await world.until(tab.session.signIn(undefined, ADA))
    await world.until(tab.session.signOut())
    tab.hint('online')
    await world.advance('1s')
    expect(world.server.calls).toEqual([])
    world.tab({}, BY_COOKIE)
    await world.advance('1s')
    expect(world.server.calls).toMatchObject([{ method: 'signOut', reason: 'signOut', tokens: null }])
  })

  it('two tabs that come online together send the owed sign-out once', async () => {
    const { world, tab } = await signedIn()
    const other = world.tab({}, BY_COOKIE)
    fail(world)
    await world.until(tab.session.signOut())
    await world.advance('1s')
    answer(world)
    const before = world.server.count('signOut')
    tab.hint('online')
    other.hint('online')
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(before + 1)
  })

  it('a sign-in with another login cancels the owed sign-out, which would end its own cookie', async () => {
    const { world, tab } = await signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    tab.close()
    answer(world)
    const next = world.tab({}, BY_COOKIE)
    await world.advance(200)
    await world.until(next.session.signIn(undefined, { login: 'ada-2' }))
    await world.advance('5s')
    next.hint('online')
    await world.advance('5s')
    expect(world.server.count('signOut')).toBe(1)
    expect(next.visible()).toBe('active')
  })

  it('a server that reports the end of the session gets no owed sign-out', async () => {
    const { world, tab } = await signedIn()
    fail(world, 'rejected')
    await world.until(tab.session.signOut())
    tab.hint('online')
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(1)
  })

  it('a session that the server itself ended owes no sign-out', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['keepAlive', 'signOut'] })
    await world.until(tab.session.signIn(undefined, ADA))
    fail(world, 'rejected')
    tab.input()
    await world.advance('6m')
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
    tab.hint('online')
    world.tab({}, { methods: ['keepAlive', 'signOut'] })
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(0)
  })

  // A refresh token that was removed from the device cannot be revoked later. It is not kept for that purpose.
  it('a revocation that failed is not tried again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    fail(world)
    await world.until(tab.session.signOut())
    answer(world)
    tab.hint('online')
    world.tab()
    await world.advance('1s')
    expect(world.server.count('signOut')).toBe(1)
    expect(JSON.stringify([...world.storage.stored])).not.toContain('refresh-')
  })
})
