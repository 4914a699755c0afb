// session.test.ts
import { createWorld } from 'sojourn/testing'
import { expect, test } from 'vitest'

/** What your application gives to `createSession`. */
const options = { idleTimeout: '15m', warnBefore: '2m' } as const

test('an answer in one tab closes the warning in the other', async () => {
  const world = createWorld()
  const one = await world.signedIn(options)
  const two = world.tab(options)

  await world.advance('13m')
  expect([one.visible(), two.visible()]).toEqual(['warning', 'warning'])

  await world.until(two.session.extend())
  await world.advance('1s')
  expect([one.visible(), two.visible()]).toEqual(['active', 'active'])
})

test('a laptop that slept past the deadline shows nothing of the session, whatever wakes it', async () => {
  const world = createWorld()
  const tab = await world.signedIn(options)

  world.sleep('8h')
  tab.input()
  expect(tab.visible()).toBe('signedOut')
  expect(tab.takeEvents()).toEqual([{ type: 'signedOut', reason: 'idle', where: 'here' }])
})

test('a page that was left signed in is not shown again after a sign-out elsewhere', async () => {
  // WebKit keeps such a page in its back/forward cache; Chromium and Firefox discard it, and `comeBack()` returns false.
  const world = createWorld({ engine: 'webkit' })
  const left = await world.signedIn(options)
  const other = world.tab(options)

  left.leave()
  await world.until(other.session.signOut())
  expect(left.comeBack()).toBe(true)
  expect(left.visible()).toBe('nothing') // the page is hidden until it has reloaded
  expect(left.page.reloads).toBe(1)
})

test('a tab that crashes while it refreshes takes nobody along', async () => {
  const world = createWorld()
  const one = await world.signedIn(options)
  const two = world.tab(options)

  void one.session.getAccessToken({ forceRefresh: true })
  one.crash()
  expect(await world.until(two.session.getAccessToken())).toMatch(/^access-/)
  expect(two.visible()).toBe('active')
})

test('a server that is down for a while signs nobody out', async () => {
  const world = createWorld()
  const tab = await world.signedIn(options)

  world.server.reply = () => ({ fails: new Error('503') })
  await world.advance('6m') // the access token of this server lives 5 minutes
  await expect(world.until(tab.session.getAccessToken())).rejects.toMatchObject({ code: 'server' })
  expect(tab.visible()).toBe('active')

  world.server.reply = () => ({})
  await world.advance('1m')
  expect(await world.until(tab.session.getAccessToken())).toMatch(/^access-/)
})
