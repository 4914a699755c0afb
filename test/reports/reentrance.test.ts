import { describe, expect, it } from 'vitest'
import { createWorld, outcome, type Tab } from '../unit/session/world.js'

/** Lets each event call back into the session, as an application does that loads a profile at sign-in. */
const callBack = (tab: Tab, got: unknown[]): void => {
  for (const type of ['signedIn', 'refreshed', 'refreshFailed', 'warning', 'extended'] as const)
    tab.session.on(type, () => {
      void outcome(tab.session.getAccessToken()).then((token) => got.push(`${type}: ${String(token)}`))
    })
}

describe('listeners that call back into the session', () => {
  // There, listeners ran while the lock was held, and a call in a listener waited for that lock: a deadlock in all tabs.
  it('supabase/supabase-js#1594, supabase/supabase-js#2013: a listener gets a token during a sign-in', async () => {
    const world = createWorld()
    const tab = world.tab()
    const got: unknown[] = []
    callBack(tab, got)
    await world.until(tab.session.signIn(world.grant()), '1s')
    await world.until(tab.session.getAccessToken({ forceRefresh: true }), '1s')
    await world.advance('1s')
    expect(got).toEqual(['signedIn: access-f1-1', 'refreshed: access-f1-2'])
  })

  it('supabase/supabase-js#1594: a listener can force a refresh at a sign-in', async () => {
    const world = createWorld()
    const tab = world.tab()
    const got: unknown[] = []
    tab.session.on('signedIn', () => {
      void tab.session.getAccessToken({ forceRefresh: true }).then((token) => got.push(token))
    })
    await world.until(tab.session.signIn(world.grant()), '1s')
    await world.advance('1s')
    expect(got).toEqual(['access-f1-2'])
  })

  // There, the first page of a session near its end refreshed while it started, called its listeners before it was done, and
  // waited for itself.
  it('supabase/supabase-js#2344: a listener gets a token while a page opens with an expiring one', async () => {
    const world = createWorld()
    const first = await world.signedIn()
    await world.advance('250s')
    first.close()
    const tab = world.tab()
    const got: unknown[] = []
    callBack(tab, got)
    tab.session.subscribe(() => void tab.session.getAccessToken())
    expect(await world.until(tab.session.getAccessToken({ minValidity: '2m' }), '1s')).toBe('access-f1-2')
    await world.advance('1s')
    expect(got).toEqual(['refreshed: access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a listener can sign out, and in again, when a session ends', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    let ends = 0
    tab.session.on('signedOut', () => {
      if (++ends === 1) void tab.session.signIn(world.grant())
    })
    tab.session.on('signedIn', () => void tab.session.signOut())
    await world.until(tab.session.signOut(), '1s')
    await world.advance('1s')
    expect(tab.takeEvents().map(({ type }) => type)).toEqual(['signedOut', 'signedIn', 'signedOut'])
    expect(world.tokens.stored).toBeNull()
  })
})
