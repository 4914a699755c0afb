import { describe, expect, it } from 'vitest'
import { createWorld } from '../../src/testing.js'

const AHEAD = { prerendered: true } as const

describe('a page that is prerendered', () => {
  // There, the browser prerendered the link to log out, so that hovering over it logged the user out. WordPress has excluded such
  // links from its rules since. Right: whatever the rules are, the page signs out a user who opens it, and nobody else.
  it('WordPress/performance#1774: a prerendered page that is never opened signs nobody out', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const logout = world.tab({}, AHEAD)
    void logout.session.signOut()
    await world.advance('2m')
    logout.crash()
    await world.advance('1m')
    expect([tab.visible(), world.tab().visible()]).toEqual(['active', 'active'])
    expect(world.server.count('signOut')).toBe(0)
  })

  // The guide lists the risks of prerendering: the page may be out of date when it is opened. A page of a user who has signed out
  // since is the worst case. Right: it is not shown, not for one frame.
  it('mdn/content#29183: a prerendered page is not shown if its user has signed out since', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const account = world.tab({}, AHEAD)
    await world.until(tab.session.signOut())
    account.activate()
    expect([account.visible(), account.page.reloads]).toEqual(['nothing', 1])
  })

  // There, the login page was prerendered for a user who was logged in, and redirected to the start page, which was shown after the
  // user had logged out. Right: the page is loaded again, and is then the login page.
  it('sirko-io/engine#15: a prerendered page is reloaded if another user was signed in', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const login = world.tab({}, AHEAD)
    expect(login.phase()).toBe('active')
    await world.until(tab.session.signOut())
    await world.advance('1m')
    login.activate()
    expect([login.visible(), login.page.reloads]).toEqual(['nothing', 1])
  })

  it('a prerendered page does not keep the session alive by input of its scripts', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m' })
    const ahead = world.tab({ idleTimeout: '15m' }, AHEAD)
    ahead.session.hold()
    for (let minute = 0; minute < 16; minute++) {
      ahead.session.touch()
      void ahead.session.extend()
      await world.advance('1m')
    }
    expect([tab.visible(), ahead.phase()]).toEqual(['signedOut', 'signedOut'])
  })

  it('a prerendered page uses no refresh token of the pages in use', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance('6m')
    const ahead = [world.tab({}, AHEAD), world.tab({}, AHEAD)]
    const tokens = ahead.map(({ session }) => session.getAccessToken())
    await world.advance('1m')
    expect(world.server.calls).toEqual([])
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
    for (const page of ahead) page.activate()
    expect(await world.until(Promise.all(tokens))).toEqual(['access-f1-2', 'access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
  })
})
