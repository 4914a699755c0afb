import { describe, expect, it } from 'vitest'
import { SessionError } from '../../src/index.js'
import { createWorld, type Tab, type World } from '../../src/testing.js'

const KEY = 'sojourn:session:1'

/** A record that no longer fits: a failed refresh makes it longer, and there is no room for one more character. */
async function outgrow(world: World, tab: Tab): Promise<void> {
  world.storage.full = true
  world.server.reply = () => ({ fails: new SessionError('server') })
  await world.until(tab.session.getAccessToken({ forceRefresh: true })).catch(() => undefined)
  world.server.reply = () => ({})
}

describe('a degradation that has to heal', () => {
  // There, one write found no room. Afterwards nothing was written any more, not even the end of the session, and the next page
  // found the user signed in. Right: each write is tried, so that storage is up to date as soon as there is room.
  it('okTurtles/group-income#920: a sign-out is written once there is room again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outgrow(world, tab)
    world.storage.full = false
    await world.until(tab.session.signOut())
    tab.close()
    expect(world.tab().visible()).toBe('signedOut')
  })

  it('a sign-out is written even while there is no room', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outgrow(world, tab)
    await world.until(tab.session.signOut())
    tab.close()
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('an end at the deadline is written though an earlier write found no room', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m' })
    await outgrow(world, tab)
    await world.advance('16m')
    expect(tab.visible()).toBe('signedOut')
    tab.close()
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('activity reaches a page that opens after there is room again', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m' })
    await outgrow(world, tab)
    await world.advance('10m')
    world.storage.full = false
    tab.input()
    await world.advance('10m')
    tab.close()
    expect(world.tab({ idleTimeout: '15m' }).visible()).toBe('active')
  })

  it('a sign-in that found no room is written at the next activity, and found by a page that opens', async () => {
    const world = createWorld()
    const tab = world.tab()
    world.storage.full = true
    await world.until(tab.session.signIn(world.grant()))
    expect(world.storage.stored.has(KEY)).toBe(false)
    world.storage.full = false
    tab.hint('focus')
    expect(world.tab().session.getSnapshot()).toEqual(tab.session.getSnapshot())
    expect(tab.degraded).toMatchObject([{ feature: 'storage' }])
  })

  it('storage that was denied for a while is used again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.storage.isAvailable = false
    tab.hint('focus')
    world.storage.isAvailable = true
    await world.until(tab.session.signOut())
    tab.close()
    expect(world.tab().visible()).toBe('signedOut')
  })

  it('storage that works again is watched for a wipe again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outgrow(world, tab)
    world.storage.full = false
    tab.hint('focus')
    world.storage.clear()
    await world.advance('1s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  it('storage that is cleared while it is full ends the session there', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outgrow(world, tab)
    world.storage.clear()
    await world.advance('1s')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  // There, a page that opened found the few bytes that were left, saw no session, and revoked the tokens of the live session.
  it('a disk with room for only a few bytes hides no session from a page that opens', async () => {
    const world = createWorld()
    const tab = world.tab()
    world.storage.stored.set('of the page', 'x'.repeat(50))
    world.storage.full = true
    world.storage.stored.delete('of the page')
    await world.until(tab.session.signIn(world.grant()))
    const next = world.tab()
    // The page is not `signedOut` before it has queried the other tabs.
    expect(next.visible()).toBe('loading')
    await world.advance('1s')
    expect([tab.visible(), next.visible()]).toEqual(['active', 'active'])
    expect(world.server.count('signOut')).toBe(0)
  })

  // The same, with the end of the session before still in storage.
  it('a sign-in that found no room beside an end keeps its tokens when a page opens', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.storage.full = true
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant(), { login: 'which makes the record longer' }))
    const next = world.tab()
    await world.advance('1s')
    expect([tab.visible(), next.visible()]).toEqual(['active', 'active'])
    expect(world.tokens.stored?.id).toBe('session-0002')
    expect(world.server.count('signOut')).toBe(1)
  })
})
