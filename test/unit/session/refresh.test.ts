import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createSessionWith } from '../../../src/testing.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import type { SessionOptions } from '../../../src/types.js'
import { DEVELOPMENT } from '../../../src/util/development.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, stranger, type Tab, type World } from './world.js'

const wall = (world: World): number => world.time.clock().wall
const token = (tab: Tab, options?: Parameters<Tab['session']['getAccessToken']>[0]): Promise<string> =>
  tab.session.getAccessToken(options)
/** Lets the access token expire while the session goes on. */
const outlive = async (world: World, tab: Tab): Promise<void> => {
  await world.advance(1)
  tab.input()
  world.sleep(6 * MINUTE)
}

describe('an access token', () => {
  it('an access token that is valid is returned without a call, however often', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    for (let i = 0; i < 10; i++) expect(await world.until(token(tab))).toBe('access-f1-1')
    expect(world.server.calls).toEqual([])
  })

  it('an access token that has expired costs ten callers one call, and all get the same new one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    const tokens = await world.until(Promise.all(Array.from({ length: 10 }, () => token(tab))))
    expect(new Set(tokens)).toEqual(new Set(['access-f1-2']))
    expect(world.server.count('refresh')).toBe(1)
  })

  it('an access token is renewed shortly before its end while the user is active, and no caller waits', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(3 * MINUTE)
    tab.input()
    await world.advance(MINUTE + SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'refresh' }])
    expect(await Promise.race([token(tab), world.advance(0)])).toBe('access-f1-2')
  })

  it('I16: an access token is never renewed while the user is idle', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tab()
    await world.advance(13 * MINUTE)
    tab.hint('focus')
    expect(world.server.count('refresh')).toBe(0)
  })

  it('an access token that a busy page uses near its expiry is renewed in the background', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(4.5 * MINUTE)
    expect(await world.until(token(tab))).toBe('access-f1-1')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
    expect(await world.until(token(tab))).toBe('access-f1-2')
  })

  it('an access token with a short lifetime is renewed at half of it, not at once', async () => {
    const world = createWorld()
    world.server.expiresIn = 30
    const tab = await world.signedIn()
    tab.input()
    await world.advance(14 * SECOND)
    expect(world.server.count('refresh')).toBe(0)
    await world.advance(2 * SECOND)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('an access token without a lifetime is used unchanged, without limit', async () => {
    const world = createWorld()
    const tab = world.tab()
    await world.until(tab.session.signIn({ access_token: 'eternal', refresh_token: 'refresh-f9-1' }))
    tab.input()
    await world.advance(14 * MINUTE)
    expect(await world.until(token(tab))).toBe('eternal')
    expect(world.server.calls).toEqual([])
  })

  it.each([30, 60])('an access token of %i days causes no call, also after a refresh', async (days) => {
    const world = createWorld()
    world.server.expiresIn = days * 24 * 3600
    const tab = await world.signedIn()
    await world.until(token(tab, { forceRefresh: true }))
    for (let i = 0; i < 10; i++) {
      tab.input()
      await world.advance(SECOND)
    }
    expect(world.server.count('refresh')).toBe(1)
  })

  it.each([1e13, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, '300', 'soon', null, NaN])(
    'I12: an access token with expires_in %s is used, and the session survives a reload',
    async (expires_in) => {
      const world = createWorld()
      const tab = world.tab()
      await world.until(tab.session.signIn({ ...world.grant(), expires_in } as never))
      expect(await world.until(token(tab))).toBe('access-f1-1')
      const reloaded = world.tab()
      expect(reloaded.phase()).toBe('active')
      expect(await world.until(token(reloaded))).toBe('access-f1-1')
      expect(world.server.calls).toEqual([])
    },
  )

  it.each([0, -5, '0', -1e12])(
    'an access token that has expired at signIn (expires_in %s) is renewed first',
    async (expires_in) => {
      const world = createWorld()
      const tab = world.tab()
      await world.until(tab.session.signIn({ ...world.grant(), expires_in } as never))
      const other = world.tab()
      expect(await world.until(token(tab))).toBe('access-f1-2')
      expect(await world.until(token(other))).toBe('access-f1-2')
      expect(world.server.count('refresh')).toBe(1)
    },
  )

  it('an access token with a lifetime of 0 is not renewed at each call', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.expiresIn = 0
    for (let calls = 0; calls < 5; calls++) await world.until(token(tab, { forceRefresh: !calls }))
    expect(world.server.count('refresh')).toBe(1)
  })

  it('an access token that expires before minValidity is renewed first', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(2 * MINUTE)
    expect(await world.until(token(tab, { minValidity: '2m' }))).toBe('access-f1-1')
    expect(await world.until(token(tab, { minValidity: '200s' }))).toBe('access-f1-2')
  })

  it.each(['5m', '1h'] as const)(
    'an access token with a minValidity longer than any lifetime causes no call each time: %s',
    async (minValidity) => {
      const world = createWorld()
      const tab = await world.signedIn()
      for (let i = 0; i < 5; i++) await world.until(token(tab, { minValidity }))
      expect(world.server.count('refresh')).toBe(0)
    },
  )

  it('an access token has expired at the very moment of expiresAt', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(world.tokens.stored!.expiresAt! - wall(world))
    expect(await world.until(token(tab))).toBe('access-f1-2')
  })

  it.each([-1, NaN, Infinity, '5 minutes', null])(
    'an access token with a minValidity of %s is refused as an option',
    async (minValidity) => {
      const world = createWorld()
      const tab = await world.signedIn()
      await expect(token(tab, { minValidity: minValidity as never })).rejects.toMatchObject({
        code: 'invalid_options',
        message: expect.stringMatching(/minValidity/) as string,
      })
    },
  )

  it('an access token is refused if nobody is signed in, and after the end', async () => {
    const world = createWorld()
    const tab = world.tab()
    await expect(world.until(token(tab))).rejects.toMatchObject({ code: 'signed_out' })
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.signOut())
    await expect(world.until(token(tab))).rejects.toMatchObject({ code: 'signed_out' })
  })

  it('an access token is waited for until the caller’s signal aborts, and the refresh goes on', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    const controller = new AbortController()
    const mine = token(tab, { signal: controller.signal }).catch((error: unknown) => error)
    const other = token(tab)
    await world.advance(5)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    expect(await mine).toBe(reason)
    expect(await world.until(other)).toBe('access-f1-2')
    expect(await token(tab, { signal: controller.signal }).catch((error: unknown) => error)).toBe(reason)
    await world.advance(SECOND)
  })
})

describe('a forced refresh', () => {
  it('a forced refresh renews a valid token, once for all callers in the meantime', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const all = [token(tab, { forceRefresh: true }), token(tab, { forceRefresh: true })]
    await world.advance(5)
    all.push(token(tab, { forceRefresh: true }))
    expect(await world.until(Promise.all(all))).toEqual(Array(3).fill('access-f1-2'))
    expect(world.server.count('refresh')).toBe(1)
    expect(tab.takeEvents()).toEqual([{ type: 'refreshed', generation: 2 }])
  })

  it.each(['server', 'rate_limited', 'invalid_response', 'timeout', 'no_tokens'] as const)(
    'a forced refresh that fails rejects, although the token is still valid: %s',
    async (code) => {
      const world = createWorld()
      const tab = await world.signedIn()
      world.server.reply = () => ({ fails: new SessionError(code) })
      expect(await world.until(outcome(token(tab, { forceRefresh: true })))).toBe(code)
      expect(await world.until(token(tab))).toBe('access-f1-1')
      expect(tab.phase()).toBe('active')
    },
  )

  it('a forced refresh rejects during a back-off, and if the server cannot refresh', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(await world.until(outcome(token(one, { forceRefresh: true })))).toBe('server')
    expect(await world.until(outcome(token(two, { forceRefresh: true })))).toBe('server')
    expect(world.server.count('refresh')).toBe(1)
    const bare = world.tab({}, { methods: [] })
    expect(await world.until(outcome(token(bare, { forceRefresh: true })))).toBe('no_tokens')
    expect(await world.until(token(bare))).toBe('access-f1-1')
  })

  it('a forced refresh rejects with signed_out if the server refuses', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    expect(await world.until(outcome(token(tab, { forceRefresh: true })))).toBe('signed_out')
  })
})

describe('I4: several tabs', () => {
  it('I4: several tabs refresh once at the same time, and the next refresh works under reuse detection', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab(), world.tab(), world.tab()] as const
    for (const round of [2, 3, 4]) {
      await outlive(world, tabs[0])
      const tokens = await world.until(Promise.all(tabs.map((tab) => token(tab))))
      expect(new Set(tokens)).toEqual(new Set([`access-f1-${round}`]))
      expect(world.server.count('refresh')).toBe(round - 1)
    }
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: several tabs that drift into the time of renewal refresh once', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab(), world.tab(), world.tab()] as const
    await world.advance(3 * MINUTE)
    tabs[1].input()
    await world.advance(1.5 * MINUTE)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('I4: several tabs adopt the tokens of another tab, also without a message', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.deafen()
    await world.until(token(one, { forceRefresh: true }))
    expect(await world.until(token(two))).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('I4: several tabs return no token of another tab that has expired since, as after a sleep', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.until(token(one))
    const ghost = world.server.of(stranger('ghost'))
    const tokens = await world.until(
      ghost.refresh(world.tokens.stored!.tokens, { signal: new AbortController().signal, activeAt: 0 }),
    )
    world.tokens.stored = { id: 'session-0001', generation: 2, tokens, expiresAt: wall(world) + 5 * MINUTE }
    await outlive(world, one)
    expect(await world.until(token(one))).toBe('access-f1-3')
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: several tabs do not join a refresh that returns less than they need', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(one))
    world.server.reply = (_method, { from }) => ({ after: from === 'tab 2' ? 400 : 20 })
    const theirs = token(two, { forceRefresh: true })
    await world.advance(10)
    const waits = token(one, { forceRefresh: true })
    await world.advance(10)
    // The waiting refresh adopts the other tab's token when it has read it, which takes longer than the message.
    world.tokens.delay = (method) => (method === 'get' ? 50 : 1)
    expect(await world.until(theirs)).toBe('access-f1-2')
    await world.advance(10)
    expect(one.takeEvents()).toEqual([{ type: 'refreshed', generation: 2 }])
    const more = token(one, { forceRefresh: true })
    expect(await world.until(Promise.all([waits, more]))).toEqual(['access-f1-2', 'access-f1-3'])
    expect(world.server.count('refresh')).toBe(2)
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: several tabs find the newer token in the store if the record does not show it yet', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab))
    world.tokens.stored = { id: 'session-0001', generation: 2, tokens: { access_token: 'by-another' }, expiresAt: null }
    expect(await world.until(token(tab, { forceRefresh: true }))).toBe('by-another')
    expect(world.server.calls).toEqual([])
  })

  it('I4: several tabs never use a refresh token twice after a crash between store and record', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const three = world.tab()
    const ghost = world.server.of(stranger('ghost'))
    const { signal } = new AbortController()
    const tokens = await world.until(ghost.refresh(world.tokens.stored!.tokens, { signal, activeAt: 0 }))
    world.tokens.stored = { id: 'session-0001', generation: 2, tokens, expiresAt: wall(world) + 5 * MINUTE }
    for (const tab of [two, three]) expect(await world.until(token(tab))).toBe('access-f1-2')
    for (const round of [2, 3, 4]) {
      await outlive(world, one)
      const all = await world.until(Promise.all([one, two, three].map((tab) => token(tab))))
      expect(new Set(all)).toEqual(new Set([`access-f1-${round + 1}`]))
    }
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: several tabs without locks make at most one extra call each, and a grace period covers it', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    world.server.grace = true
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    await world.until(Promise.all([token(one), token(two)]))
    expect(world.server.count('refresh')).toBe(2)
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(one.degraded).toMatchObject([
      { feature: 'locks', consequence: DEVELOPMENT ? 'Tabs may refresh at once: see sojourn/lease.' : 'locks' },
    ])
    await outlive(world, one)
    await world.until(Promise.all([token(one), token(two)]))
    expect(one.phase()).toBe('active')
  })

  it('I4: several tabs with tokens in memory refresh their own, one after the other', async () => {
    const world = createWorld()
    const one = world.tab({ tokenStore: memoryTokens() })
    const two = world.tab({ tokenStore: memoryTokens() })
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    await world.until(two.session.setTokens(world.grant()))
    let running = 0
    let most = 0
    world.server.reply = () => {
      most = Math.max(most, ++running)
      world.time.later(stranger('clock'), 20, () => running--)
      return {}
    }
    const tokens = Promise.all([token(one, { forceRefresh: true }), token(two, { forceRefresh: true })])
    expect(await world.until(tokens)).toEqual(['access-f1-2', 'access-f2-2'])
    expect(most).toBe(1)
    expect(world.record()).not.toHaveProperty('generation')
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: several tabs without tokens in memory call the server without, or reject with no_tokens', async () => {
    const world = createWorld()
    const one = world.tab({ tokenStore: memoryTokens() })
    await world.until(one.session.signIn(world.grant()))
    const bare = world.tab({ tokenStore: memoryTokens() })
    await expect(world.until(token(bare))).rejects.toMatchObject({ code: 'no_tokens' })
    expect(world.server.calls).toMatchObject([{ method: 'refresh', tokens: null }])
    world.server.reply = () => ({ replies: { access_token: 'by-cookie', expires_in: 60 } })
    const server = { refresh: async () => Promise.resolve({ access_token: 'by-cookie', expires_in: 60 }) }
    const cookie = world.tab({ tokenStore: memoryTokens(), server })
    expect(await world.until(token(cookie))).toBe('by-cookie')
    expect(one.phase()).toBe('active')
  })
})

describe('the tab that refreshes', () => {
  it('a crash of the refreshing tab before the server acted gives another a token in the lock’s limit', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    void outcome(token(one))
    await world.advance(0)
    const waiting = token(two)
    one.crash()
    expect(await world.until(waiting, 16 * SECOND)).toBe('access-f1-2')
  })

  it('a crash of the refreshing tab after a strict rotation is one clean sign-out everywhere', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const three = world.tab()
    await outlive(world, one)
    void outcome(token(one))
    await world.advance(15)
    expect(world.server.count('refresh')).toBe(1)
    one.crash()
    expect(await world.until(outcome(token(two)))).toBe('signed_out')
    await world.advance(SECOND)
    for (const tab of [two, three]) {
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
      expect(tab.takeEvents().filter(({ type }) => type === 'signedOut')).toHaveLength(1)
    }
    expect(world.server.count('refresh')).toBe(2)
  })

  it('a freeze of the refreshing tab signs nobody out, and others get a valid token or timeout', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    void outcome(token(one, { forceRefresh: true }))
    await world.advance(5)
    one.frozen = true
    const began = world.time.clock().mono
    expect(await world.until(outcome(token(two, { forceRefresh: true })), 20 * SECOND)).toBe('timeout')
    expect(world.time.clock().mono - began).toBe(15_005)
    expect(await world.until(token(two))).toBe('access-f1-1')
    world.sleep(6 * MINUTE)
    expect(await world.until(outcome(token(two)), 20 * SECOND)).toBe('timeout')
    expect(two.phase()).toBe('active')
    one.frozen = false
    await world.advance(SECOND)
    expect(await world.until(token(two))).toBe('access-f1-2')
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
  })

  it('I4: a busy tab (`alert()`, printing) with timers due before its waiting reply refreshes once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const mine = outcome(token(tab, { forceRefresh: true }))
    const timers = new Set<{ at: number; ring: () => void }>()
    const after: Tab['ports']['after'] = (ms, ring) => {
      const timer = { at: world.time.clock().mono + ms, ring }
      timers.add(timer)
      return () => timers.delete(timer)
    }
    Object.assign(tab.ports, { after })
    await world.advance(5)
    tab.frozen = true
    await world.advance(11 * SECOND)
    for (const timer of [...timers]) if (timer.at <= world.time.clock().mono && timers.delete(timer)) timer.ring()
    tab.frozen = false
    await world.advance(100)
    expect(await mine).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a destroyed tab stores the reply of its refresh, and another tab goes on with it', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    const mine = outcome(token(one))
    await world.advance(3)
    one.session.destroy()
    expect(await Promise.race([mine, world.advance(0)])).toBe('signed_out')
    expect(await world.until(token(two))).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
    expect(one.timers()).toBe(0)
  })
})

describe('a reply that is lost after the server rotated', () => {
  it('a lost reply is requested once more with the same token, which a grace period accepts', async () => {
    const world = createWorld()
    world.server.grace = true
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () => ({ lost: world.server.count('refresh') === 1 })
    expect(await world.until(token(tab))).toBe('access-f1-2')
    expect(world.server.calls.map(({ tokens }) => tokens?.refresh_token)).toEqual(['refresh-f1-1', 'refresh-f1-1'])
  })

  it('a lost reply leaves the second attempt what remains of requestTimeout', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () =>
      world.server.count('refresh') === 1 ? { fails: new TypeError('Failed to fetch') } : { after: 9 * SECOND }
    expect(await world.until(token(tab))).toBe('access-f1-2')
  })

  it('a lost reply at a strict server is the end of the session, once and everywhere', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    world.server.reply = () => ({ lost: world.server.count('refresh') === 1 })
    expect(await world.until(outcome(token(one)))).toBe('signed_out')
    await world.advance(SECOND)
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
    expect(world.server.count('refresh')).toBe(2)
  })

  it('a lost reply is not requested again after 10 s, while the first may still come', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    world.server.reply = () => ({ hangs: true })
    const began = world.time.clock().mono
    const both = Promise.all([outcome(token(one)), outcome(token(two))])
    await world.advance(9.9 * SECOND)
    expect(world.server.count('refresh')).toBe(1)
    expect(await world.until(outcome(token(one)))).toBe('timeout')
    expect(world.time.clock().mono - began).toBe(10_005)
    // Its record reaches the other tab before the lock does.
    expect(await world.until(both)).toEqual(['timeout', 'server'])
    expect(world.time.clock().mono - began).toBe(10_305)
    await world.advance(20)
    expect(world.locks.isHeld(KEY)).toBe(false)
    await world.advance(9.9 * SECOND)
    expect(await world.until(outcome(token(one)))).toBe('timeout')
    expect(await world.until(outcome(token(two)))).toBe('server')
    expect(world.server.count('refresh')).toBe(1)
    world.server.reply = () => ({})
    await world.advance(100)
    // A server without a grace period has seen the first request, and treats this one as reuse.
    expect(await world.until(outcome(token(two)))).toBe('signed_out')
    expect(world.server.count('refresh')).toBe(2)
  })

  it('a lost reply is not requested again by a page that navigates away, whose requests are cancelled', async () => {
    const world = createWorld()
    const left = await world.signedIn()
    await outlive(world, left)
    world.server.reply = (_method, { from }) => (from === left.name ? { fails: new TypeError('cancelled') } : {})
    void outcome(token(left))
    await world.advance(100)
    expect(world.server.count('refresh')).toBe(1)
    left.close()
    // The next page does not wait for a back-off, either.
    expect(await world.until(token(world.tab()), 200)).toBe('access-f1-2')
    await world.advance(MINUTE)
    expect(world.server.count('refresh')).toBe(2)
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: a lost reply is not requested again by a page from the page cache if another tab refreshed', async () => {
    const world = createWorld()
    const [left, other] = [await world.signedIn(), world.tab()]
    await outlive(world, left)
    world.server.reply = (_method, { from }) => (from === left.name ? { fails: new TypeError('cancelled') } : {})
    const pending = token(left)
    await world.advance(100)
    left.leave()
    world.locks.revoke(left)
    expect(await world.until(token(other))).toBe('access-f1-2')
    expect(left.comeBack()).toBe(true)
    expect(await world.until(pending)).toBe('access-f1-2')
    expect(world.server.reuseCount).toBe(0)
    expect([left.phase(), other.phase()]).toEqual(['active', 'active'])
  })

  it('I4: a page that lost its lock in the page cache refreshes only when its turn comes again', async () => {
    const world = createWorld({ engine: 'webkit' })
    const [left, other] = [await world.signedIn(), world.tab()]
    await outlive(world, left)
    world.tokens.delay = () => 50
    const pending = token(left)
    await world.advance(20)
    expect(world.locks.isHeldBy(left)).toBe(true)
    left.leave()
    world.server.reply = () => ({ after: 5 * SECOND })
    const late = token(other)
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
    expect(left.comeBack()).toBe(true)
    expect(await world.until(Promise.all([pending, late]))).toEqual(['access-f1-2', 'access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
    expect(world.server.reuseCount).toBe(0)
  })

  it('a lost reply leaves no timer behind if the tab is destroyed before the second attempt', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () => ({ fails: new TypeError('cancelled') })
    const pending = outcome(token(tab))
    await world.advance(100)
    tab.session.destroy()
    await world.advance(1)
    expect(tab.timers()).toBe(0)
    expect(await world.until(pending)).toBe('signed_out')
  })

  it('I1: a lost reply is not requested again past the deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = (method) => ({ hangs: method === 'refresh' })
    const late = outcome(token(tab))
    await world.advance(9.9 * SECOND)
    world.sleep(HOUR)
    expect(await world.until(late)).toBe('signed_out')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a lost reply is not requested again while the browser is offline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () => {
      tab.online = false
      return { fails: new TypeError('Failed to fetch') }
    }
    expect(await world.until(outcome(token(tab)))).toBe('offline')
    expect(world.server.count('refresh')).toBe(1)
  })
})

describe('a refusal', () => {
  it('I7: a refusal ends the session everywhere, once, with its reason, and revokes nothing', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    const tokens = await world.until(Promise.all([outcome(token(one)), outcome(token(two))]))
    expect(tokens).toEqual(['signed_out', 'signed_out'])
    await world.advance(SECOND)
    expect(one.takeEvents().at(-1)).toEqual({ type: 'signedOut', reason: 'rejected', where: 'here' })
    expect(two.takeEvents().at(-1)).toEqual({ type: 'signedOut', reason: 'rejected', where: 'elsewhere' })
    expect(world.server.calls.map(({ method }) => method)).toEqual(['refresh'])
    expect(world.tokens.stored).toBeNull()
  })

  it('I5: a late refusal of an old session does not end the one that replaced it', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    world.server.reply = () => ({ after: 2 * SECOND, fails: new SessionError('rejected') })
    const old = outcome(token(one))
    await world.advance(SECOND)
    world.deafen()
    world.locks.isAvailable = false
    await world.until(two.session.signIn(world.grant()))
    await world.advance(5 * SECOND)
    expect(await old).toBe('signed_out')
    expect(two.session.check()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(one.session.check()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })
})

describe('tokens of somebody else', () => {
  const idToken = (claims: object): string => `a.${btoa(JSON.stringify(claims))}.c`
  const answered = (claims: object) => ({ access_token: 'new', refresh_token: 'r2', id_token: idToken(claims) })

  // A backend that refreshes by a cookie: another application of its has signed in somebody else since.
  it('tokens of somebody else are given to nobody, and end the session', async () => {
    const world = createWorld()
    const refresh = vi.fn(async () => Promise.resolve(answered({ sub: 'bob' })))
    const one = world.tab({ server: { refresh } })
    await world.until(one.session.signIn({ ...world.grant(), id_token: idToken({ sub: 'ada' }) }))
    const two = world.tab({ server: { refresh } })
    await outlive(world, one)
    const got = await world.until(Promise.all([outcome(token(one)), outcome(token(two))]))
    expect(got).toEqual(['signed_out', 'signed_out'])
    for (const tab of [one, two])
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
    expect(refresh).toHaveBeenCalledTimes(1)
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
  })

  it.each([
    ['ada', { sub: 'ada', iat: 2 }],
    ['ada', {}],
    [undefined, { sub: 'ada' }],
    // RFC 7519 §4.1.2 has texts only; a server may have sent a number before.
    [7, { sub: '7' }],
  ])('tokens for the user %j are those of the claims %j', async (sub, claims) => {
    const world = createWorld()
    const tab = world.tab({ server: { refresh: async () => Promise.resolve(answered(claims)) } })
    await world.until(tab.session.signIn({ ...world.grant(), id_token: idToken({ sub }) }))
    await outlive(world, tab)
    expect(await world.until(outcome(token(tab)))).toBe('new')
  })
})

describe('a temporary failure', () => {
  it.each([
    [new SessionError('server'), 'server'],
    [new SessionError('rate_limited'), 'rate_limited'],
    [new SessionError('invalid_response'), 'invalid_response'],
    // As of `oauth()` for metadata of the issuer that name no token endpoint, or one that is no URL.
    [new SessionError('invalid_options'), 'invalid_options'],
    [new TypeError('Failed to fetch'), 'offline'],
    [new Error('anything'), 'server'],
    ['a string', 'server'],
    [null, 'server'],
  ])('I7: a temporary failure never ends the session, and is reported once: %s', async (fault, code) => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () => ({ fails: fault })
    const codes = await world.until(Promise.all(Array.from({ length: 10 }, () => outcome(token(tab)))))
    expect(new Set(codes)).toEqual(new Set([code]))
    expect(tab.phase()).toBe('active')
    expect(tab.takeEvents()).toMatchObject([
      { type: 'refreshFailed', error: { code }, retryAt: expect.any(Number) as number },
    ])
    expect(world.tokens.stored).toMatchObject({ generation: 1 })
  })

  it.each([null, undefined, 'html', {}, [], { access_token: '' }, { error: 'x' }])(
    'I12: a reply that is no token response overwrites nothing: %j',
    async (replies) => {
      const world = createWorld()
      const tab = await world.signedIn({ server: { refresh: async () => Promise.resolve(replies as never) } })
      await outlive(world, tab)
      expect(await world.until(outcome(token(tab)))).toBe('invalid_response')
      expect(world.tokens.stored).toMatchObject({ generation: 1 })
      expect(tab.phase()).toBe('active')
    },
  )

  it('a temporary failure reaches no caller while the token is still valid', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(4.5 * MINUTE)
    world.server.reply = () => ({ fails: new SessionError('server') })
    for (let i = 0; i < 20; i++) {
      expect(await world.until(token(tab))).toBe('access-f1-1')
      await world.advance(SECOND)
    }
    expect(world.server.count('refresh')).toBe(5)
  })

  it('a temporary failure backs off, longer each time, in all tabs through the record, and recovers', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab()] as const
    await outlive(world, tabs[0])
    const broken = wall(world) + 9 * SECOND
    world.server.reply = (_method, { at }) => (at < broken ? { fails: new SessionError('server') } : {})
    const codes = new Set<unknown>()
    let got: unknown
    for (let i = 0; i < 200 && got !== 'access-f1-2'; i++) {
      ;[got] = await world.until(Promise.all(tabs.map((tab) => outcome(token(tab)))))
      codes.add(got)
      await world.advance(100)
    }
    expect(codes).toEqual(new Set(['server', 'access-f1-2']))
    const calls = world.server.calls.map(({ at }) => at)
    const pauses = calls.slice(1).map((at, i) => at - calls[i]!)
    expect(pauses).toEqual([722, 1422, 2822, 5622])
    expect(tabs.map((tab) => tab.phase())).toEqual(['active', 'active', 'active'])
  })

  it.each([
    [0, 9455],
    [0.999, 12_320],
  ])(
    'a temporary failure of nine seconds costs five calls, and at most four seconds more (jitter %d)',
    async (r, recovered) => {
      const world = createWorld()
      const tab = await world.signedIn()
      Object.assign(tab.ports, { random: () => r })
      await outlive(world, tab)
      const began = world.time.clock().mono
      world.server.reply = () =>
        world.time.clock().mono - began < 9 * SECOND ? { fails: new SessionError('server') } : {}
      let given: unknown
      while (!String(given).startsWith('access')) {
        given = await world.until(outcome(token(tab)))
        await world.advance(200)
      }
      expect(world.time.clock().mono - began).toBe(recovered)
      expect(world.server.count('refresh')).toBe(5)
    },
  )

  it.each([
    ['no time', () => NaN, 697],
    ['a Date', (at: number) => new Date(at), 32_973],
    ['a text', (at: number) => String(at), 32_973],
  ])('a failure whose retryAt is %s holds the next call back', async (_what, of, wait) => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    const at = wall(world) + 30 * SECOND
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt: of(at) as number }) })
    const error = await world.until(token(tab).catch((thrown: unknown) => thrown))
    expect((error as SessionError).retryAt! - wall(world)).toBe(wait)
    expect(await world.until(outcome(token(tab)))).toBe('rate_limited')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a temporary failure with a Retry-After delays every tab until then, also a new one', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    const retryAt = wall(world) + 5 * SECOND
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt }) })
    const failed = await world.until(token(one).catch((error: unknown) => error))
    expect(failed).toMatchObject({ code: 'rate_limited', retryAt: retryAt + 498 })
    world.server.reply = () => ({})
    const three = world.tab()
    while (wall(world) < retryAt - 50) {
      for (const tab of [one, two, three]) {
        const error = await world.until(token(tab).catch((thrown: unknown) => thrown))
        expect((error as { retryAt: number }).retryAt).toBe(retryAt + 498)
      }
      await world.advance(200)
    }
    expect(world.server.count('refresh')).toBe(1)
    await world.advance(2 * SECOND)
    expect(await world.until(token(two))).toBe('access-f1-2')
  })

  it.each([
    ['without a Retry-After', 0, 722],
    ['with one', 5 * SECOND, 5498],
  ])('who asks again when the error of a temporary failure says, %s, is answered', async (_what, wanted, pause) => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    const at = wall(world)
    const cause = new Error('Busy')
    const named = wanted ? { retryAt: at + wanted } : {}
    world.server.reply = () => ({ fails: new SessionError('server', { message: 'Busy', cause, ...named }) })
    const error = await world.until(token(tab).catch((thrown: unknown) => thrown))
    expect(error).toMatchObject({ code: 'server', message: 'Busy', cause, retryAt: at + pause })
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', error, retryAt: at + pause }])
    world.server.reply = () => ({})
    await world.advance(pause)
    expect(await world.until(token(tab))).toBe('access-f1-2')
  })

  it('an error in the back-off does not name a failure of earlier, if the last one was that of another tab', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const failure = async (tab: Tab) => world.until(outcome(token(tab, { forceRefresh: true })))
    world.server.reply = () => ({ fails: new SessionError('invalid_response') })
    expect([await failure(one), await failure(one)]).toEqual(['invalid_response', 'invalid_response'])
    world.server.reply = () => ({})
    await world.advance(SECOND)
    expect(await failure(one)).toBe('access-f1-2')
    world.server.reply = () => ({ fails: new SessionError('rate_limited') })
    expect([await failure(two), await failure(two)]).toEqual(['rate_limited', 'rate_limited'])
    expect(await failure(one)).toBe('server')
  })

  it('a temporary failure with a Retry-After of years delays for an hour at most', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '12h' })
    await outlive(world, tab)
    world.server.reply = () => ({ fails: new SessionError('server', { retryAt: wall(world) + 1e12 }) })
    await world.until(outcome(token(tab)))
    world.server.reply = () => ({})
    await world.advance(HOUR + SECOND)
    expect(await world.until(token(tab))).toBe('access-f1-2')
  })

  it.each([NaN, -1, Infinity, 'soon', null])(
    'I12: a temporary failure with a retryAt of %s backs off as usual, and the record can still be read',
    async (retryAt) => {
      const world = createWorld()
      const tab = await world.signedIn()
      await outlive(world, tab)
      const fault = Object.assign(new SessionError('server'), { retryAt })
      world.server.reply = () => ({ fails: fault })
      expect(await world.until(outcome(token(tab)))).toBe('server')
      expect(world.tab().phase()).toBe('active')
      world.server.reply = () => ({})
      tab.input()
      // A back-off of an hour outlasts this session.
      const [pause, given] = retryAt === Infinity ? [HOUR + SECOND, 'signed_out'] : [2 * SECOND, 'access-f1-2']
      await world.advance(pause)
      expect(await world.until(outcome(token(tab)))).toBe(given)
    },
  )

  it('a temporary failure is tried again by the timer while the user is active', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails: new SessionError('server') })
    for (let i = 0; i < 5; i++) {
      tab.input()
      await world.advance(MINUTE)
    }
    expect(world.server.count('refresh')).toBe(7)
    world.server.reply = () => ({})
    tab.input()
    await world.advance(2 * MINUTE)
    expect(world.record()).toMatchObject({ generation: 2 })
  })

  it('a temporary failure is forgotten with the generation that it belonged to', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = () => ({ fails: new SessionError('server', { retryAt: wall(world) + HOUR }) })
    await world.until(outcome(token(tab)))
    world.server.reply = () => ({})
    await world.until(tab.session.setTokens(world.grant()))
    expect(await world.until(token(tab, { forceRefresh: true }))).toBe('access-f2-2')
  })
})

describe('offline', () => {
  it('a refresh offline rejects with offline, sets no back-off, and is repeated once when online', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    for (const tab of [one, two]) tab.online = false
    await outlive(world, one)
    world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
    expect(await world.until(Promise.all([outcome(token(one)), outcome(token(two))]))).toEqual(['offline', 'offline'])
    // Each tab has tried once.
    expect(world.server.count('refresh')).toBe(2)
    expect(world.record()).not.toHaveProperty('retryAt')
    expect(one.phase()).toBe('active')
    world.server.reply = () => ({})
    for (const tab of [one, two]) {
      tab.online = true
      tab.hint('online')
    }
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(3)
    expect(await world.until(token(two))).toBe('access-f1-2')
  })

  it('a valid token is returned offline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.online = false
    world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
    expect(await world.until(token(tab))).toBe('access-f1-1')
    await world.advance(4.5 * MINUTE)
    expect(await world.until(token(tab))).toBe('access-f1-1')
    expect(world.server.calls).toEqual([])
    expect(await world.until(outcome(token(tab, { forceRefresh: true })))).toBe('offline')
  })

  it('`online` causes no call if no refresh was needed', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.calls).toEqual([])
  })
})

describe('without tokens', () => {
  it('a session without tokens in memory rejects with no_tokens, and stays without back-off or event', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ tokenStore: memoryTokens() })
    const fresh = world.tab({ tokenStore: memoryTokens() })
    for (let i = 0; i < 3; i++) expect(await world.until(outcome(token(fresh)))).toBe('no_tokens')
    expect(fresh.phase()).toBe('active')
    expect(world.record()).not.toHaveProperty('retryAt')
    expect(fresh.heard).toEqual([])
    fresh.input()
    const calls = world.server.calls.length
    await world.advance(10 * MINUTE)
    expect(world.server.calls.slice(calls).map(({ from }) => from)).toEqual([tab.name])
    expect(tab.phase()).toBe('active')
  })

  it('the server is called once if it needs no tokens, and its new ones are newer than the lost ones', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.stored = null
    const refresh = vi.fn(async () => ({ access_token: 'by-cookie', expires_in: 60 }))
    const tab = world.tab({ server: { refresh } })
    expect(await world.until(token(tab))).toBe('by-cookie')
    expect(refresh).toHaveBeenCalledTimes(1)
    expect(world.record()).toMatchObject({ generation: 2 })
  })

  it.each<[string, SessionOptions]>([
    ['server.refresh', { server: {} }],
    ['a server', { server: undefined as never }],
  ])('an expired token without %s is no_tokens, and so is one that was never there', async (_what, options) => {
    const world = createWorld()
    const tab = await world.signedIn(options)
    await outlive(world, tab)
    expect(await world.until(outcome(token(tab)))).toBe('no_tokens')
    expect(tab.phase()).toBe('active')
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn())
    expect(await world.until(outcome(token(tab)))).toBe('no_tokens')
  })
})

describe('a store that breaks', () => {
  it('a store that fails while it writes a rotated token is cleared, and the session goes on in memory', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.tokens.fault = (method) => (method === 'set' ? 'fails' : 'works')
    expect(await world.until(token(one, { forceRefresh: true }))).toBe('access-f1-2')
    expect(world.tokens.stored).toBeNull()
    expect(world.record()).toMatchObject({ generation: 2 })
    expect(one.degraded).toMatchObject([{ feature: 'tokenStore' }])
    expect(await world.until(token(one))).toBe('access-f1-2')
    await outlive(world, one)
    expect(await world.until(outcome(token(two)))).toBe('no_tokens')
    expect(await world.until(token(one))).toBe('access-f1-3')
    expect(world.server.reuseCount).toBe(0)
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
  })

  it('a store that fails leaves a caller with its older token, for as long as that is valid', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.tokens.fault = (method) => (method === 'set' ? 'fails' : 'works')
    world.server.expiresIn = 10
    await world.until(token(one, { forceRefresh: true }))
    one.crash()
    await world.advance(MINUTE)
    expect(await world.until(token(two))).toBe('access-f1-1')
    await outlive(world, two)
    expect(await world.until(outcome(token(two)))).toBe('no_tokens')
  })

  it('a store that fails and cannot be cleared has a lower generation, which is never used', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    world.tokens.fault = (method) => (method === 'get' ? 'works' : 'fails')
    await world.until(token(one, { forceRefresh: true }))
    expect(world.tokens.stored).toMatchObject({ generation: 1 })
    const two = world.tab()
    await outlive(world, one)
    expect(await world.until(outcome(token(two)))).toBe('no_tokens')
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: a store that fails and cannot be cleared is not used by the tab with newer tokens', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.fault = (method) => (method === 'get' ? 'works' : 'fails')
    for (const round of [2, 3, 4])
      expect(await world.until(token(tab, { forceRefresh: true }))).toBe(`access-f1-${round}`)
    expect(world.tokens.stored).toMatchObject({ generation: 1 })
    expect(world.server.reuseCount).toBe(0)
  })

  it('tokens that a caller finds while a store that failed is asked to forget the ones before are those of this tab alone', async () => {
    const world = createWorld()
    // Without locks the other tab does not wait for the end of the refresh.
    world.locks.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    world.tokens.fault = (method) => (method === 'set' ? 'fails' : 'works')
    world.tokens.delay = (method) => (method === 'clear' ? 4 * SECOND : 1)
    const late = token(one, { forceRefresh: true })
    await world.advance(SECOND)
    expect(await world.until(token(one))).toBe('access-f1-2')
    expect(world.record()).toMatchObject({ generation: 2, unstored: 1 })
    expect(await world.until(outcome(token(two, { forceRefresh: true })))).toBe('no_tokens')
    expect(await world.until(late)).toBe('access-f1-2')
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
  })

  it('a store that fails while it is read does not end the session', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.fault = () => 'fails'
    const two = world.tab()
    expect(await world.until(outcome(token(two)))).toBe('no_tokens')
    expect(two.phase()).toBe('active')
    expect(two.degraded).toMatchObject([{ feature: 'tokenStore' }])
  })

  it('I8: a store that never answers costs 5 s at most each time, and then memory serves', async () => {
    const world = createWorld()
    const tab = world.tab()
    world.tokens.fault = () => 'hangs'
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.phase()).toBe('active')
    expect(await world.until(token(tab))).toBe('access-f1-1')
    await outlive(world, tab)
    expect(await world.until(token(tab))).toBe('access-f1-2')
    await world.until(tab.session.signOut())
    expect(world.server.calls.at(-1)).toMatchObject({ method: 'signOut', tokens: { access_token: 'access-f1-2' } })
  })

  it.each([
    7,
    'text',
    [],
    {},
    { id: 'session-0001' },
    { id: 'session-0001', generation: 9, tokens: {}, expiresAt: null },
  ])('I12: a store that returns malformed data counts as empty: %j', async (junk) => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.stored = junk as never
    const two = world.tab()
    expect(await world.until(outcome(token(two)))).toBe('signed_out')
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  it('a store whose `set` returns nothing has written all the same', async () => {
    const world = createWorld()
    const page = world.page()
    const store = world.tokens.of(page)
    const set = async (...what: Parameters<typeof store.set>): Promise<boolean> => {
      await store.set(...what)
      return undefined as never
    }
    const tab = world.tab({ tokenStore: { ...store, set } })
    await world.until(tab.session.signIn(world.grant()))
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001', generation: 1 })
    expect(await world.until(token(world.tab()))).toBe('access-f1-1')
    expect(tab.degraded).toEqual([])
  })

  it('a store that throws synchronously counts as one that rejects', async () => {
    const world = createWorld()
    const thrower = (): never => {
      throw new Error('written in a hurry')
    }
    const tab = world.tab({ tokenStore: { shared: true, get: thrower, set: thrower, clear: thrower } })
    await world.until(tab.session.signIn(world.grant()))
    expect(await world.until(token(tab))).toBe('access-f1-1')
    await world.until(tab.session.signOut())
    expect(tab.phase()).toBe('signedOut')
  })
})

describe('I5: a call in flight at the end of its session', () => {
  it('a reply that arrives after a sign-out in the same tab is discarded', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = (method) => ({ after: method === 'refresh' ? 2 * SECOND : 20 })
    const late = outcome(token(tab))
    await world.advance(SECOND)
    await world.until(tab.session.signOut())
    expect(await late).toBe('signed_out')
    await world.advance(5 * SECOND)
    expect(tab.phase()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
    expect(tab.takeEvents().map(({ type }) => type)).toEqual(['signedOut'])
  })

  it('a reply that arrives after a sign-out in another tab is discarded, also without a message', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await outlive(world, one)
    world.server.reply = (method) => ({ after: method === 'refresh' ? 2 * SECOND : 20 })
    const late = outcome(token(one))
    await world.advance(SECOND)
    world.deafen()
    await world.until(two.session.signOut())
    await world.advance(5 * SECOND)
    expect(await late).toBe('signed_out')
    expect(one.phase()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
  })

  it.each([0, 1, 2, 3])('a sign-out while the new tokens are being stored leaves none behind: %i ms', async (ms) => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const refresh = outcome(token(one, { forceRefresh: true }))
    while (world.server.count('refresh') === 0) await world.advance(1)
    await world.advance(20 + ms)
    await world.until(two.session.signOut())
    await world.advance(SECOND)
    await refresh
    expect(world.tokens.stored).toBeNull()
    expect([one.phase(), two.phase()]).toEqual(['signedOut', 'signedOut'])
  })

  it('a deadline that passes during a refresh ends the session, and the caller gets no token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(14 * MINUTE)
    world.server.reply = () => ({ after: 2 * MINUTE })
    const late = outcome(token(tab))
    await world.advance(SECOND)
    world.sleep(MINUTE)
    await world.advance(30 * SECOND)
    expect(await late).toBe('signed_out')
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'idle' })
  })

  it.each([0, 1])('I1: a token that is read while the deadline passes is not returned: %i ms', async (ms) => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab))
    world.tokens.stored = { id: 'session-0001', generation: 2, tokens: { access_token: 'by-another' }, expiresAt: null }
    const late = outcome(token(tab, { forceRefresh: true }))
    await world.advance(ms)
    world.sleep(HOUR)
    await world.advance(SECOND)
    expect(await late).toBe('signed_out')
  })

  it('I1: a refresh for which the store is read while the deadline passes is not sent', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(token(tab))
    world.tokens.delay = (method) => (method === 'get' ? 50 : 1)
    const late = outcome(token(tab, { forceRefresh: true }))
    await world.advance(80)
    world.sleep(HOUR)
    await world.advance(SECOND)
    expect(await late).toBe('signed_out')
    expect(world.server.count('refresh')).toBe(0)
  })

  it('a reply that a slow store writes after the end is removed again', async () => {
    const world = createWorld()
    world.tokens.delay = (method) => (method === 'set' ? 9 : 1)
    const server = { refresh: async () => Promise.resolve({ access_token: 'by-cookie', expires_in: 60 }) }
    const tab = world.tab({ server })
    await world.until(tab.session.signIn())
    const late = outcome(token(tab))
    await world.advance(5)
    await world.until(tab.session.signOut())
    expect(await world.until(late)).toBe('signed_out')
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
  })

  it.each(Array.from({ length: 12 }, (_none, i) => i + 16))(
    'a sign-in that did not wait while a reply was being stored keeps its own tokens: after %i ms',
    async (ms) => {
      const world = createWorld()
      const one = await world.signedIn()
      const two = world.tab()
      await outlive(world, one)
      world.locks.isAvailable = false
      world.deafen()
      const old = outcome(token(one))
      await world.advance(ms)
      await world.until(two.session.signIn(world.grant()))
      await world.advance(SECOND)
      await old
      expect(world.tokens.stored).toMatchObject({ id: 'session-0002', generation: 1 })
      expect(await world.until(token(two))).toBe('access-f2-1')
      expect(await world.until(token(one))).toBe('access-f2-1')
    },
  )

  it('a refresh that waited for the lock while somebody else signed in leaves the new tokens alone', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    await outlive(world, one)
    const signIn = one.session.signIn(world.grant())
    const old = outcome(token(two))
    await world.until(signIn)
    await world.advance(5 * SECOND)
    expect(await old).toBe('signed_out')
    expect(world.tokens.stored).toMatchObject({ id: 'session-0002', generation: 1 })
    expect(await world.until(token(two))).toBe('access-f2-1')
    expect(world.server.reuseCount).toBe(0)
  })

  it('I4: an old session’s call that fails late does not make the new one repeat its call', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.locks.isAvailable = false
    world.tokens.delay = (method) => (method === 'get' ? 2 * SECOND : 1)
    world.server.reply = () => ({ after: 3 * SECOND })
    const old = outcome(token(tab, { forceRefresh: true }))
    await world.advance(SECOND)
    await world.until(tab.session.signIn(world.grant()))
    const first = token(tab, { forceRefresh: true })
    expect(await world.until(old)).toBe('signed_out')
    const second = token(tab, { forceRefresh: true })
    expect(await world.until(Promise.all([first, second]))).toEqual(['access-f2-2', 'access-f2-2'])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a caller of the new session never gets a token of the old one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await outlive(world, tab)
    world.server.reply = (_method, { tokens }) => ({
      after: tokens?.refresh_token === 'refresh-f1-1' ? 3 * SECOND : 20,
    })
    const old = outcome(token(tab))
    await world.advance(SECOND)
    // Without locks no caller waits for the call of the old session, as if its tab were frozen.
    world.locks.isAvailable = false
    await world.until(tab.session.signIn(world.grant()))
    expect(await world.until(token(tab))).toBe('access-f2-1')
    expect(await world.until(old)).toBe('signed_out')
  })
})

describe('the places of tokens', () => {
  it('I9: tokens are in the memory of their tab alone, unless the application chose a store', async () => {
    const world = createWorld()
    vi.stubGlobal('localStorage', world.storage.of(stranger('another script')))
    const { ports } = world.tab()
    const session = createSessionWith(ports, { tokenStore: memoryTokens() })
    await world.until(session.signIn(world.grant()))
    expect(await world.until(session.getAccessToken())).toBe('access-f1-1')
    expect(world.tokens.stored).toBeNull()
    expect(JSON.stringify([...world.storage.stored])).not.toMatch(/access-f|refresh-f/)
    vi.unstubAllGlobals()
  })

  it('I9: tokens in the store of a session that is over are removed by a call for a token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.stored = { id: 'session-0000', generation: 7, tokens: world.grant(), expiresAt: null }
    const other = world.tab()
    expect(await world.until(outcome(token(other)))).toBe('signed_out')
    expect(world.tokens.stored).toBeNull()
    await world.advance(SECOND)
    expect([tab.phase(), other.phase()]).toEqual(['signedOut', 'signedOut'])
  })
})

describe('the report of a refresh', () => {
  it('the event of a refresh reaches every tab once', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(one, { forceRefresh: true }))
    await world.advance(SECOND)
    expect(one.takeEvents()).toEqual([{ type: 'refreshed', generation: 2 }])
    expect(two.takeEvents()).toEqual([{ type: 'refreshed', generation: 2 }])
  })

  it('the event of a refresh waits for no listener, and a listener may request a token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const resolved = vi.fn()
    tab.session.on('refreshed', () => {
      void token(tab).then(resolved)
    })
    tab.session.on('refreshed', () => new Promise(() => {}) as never)
    await world.until(token(tab, { forceRefresh: true }))
    await world.advance(SECOND)
    expect(resolved).toHaveBeenCalledWith('access-f1-2')
    expect(world.locks.isHeld(KEY)).toBe(false)
  })

  it('I9: the event, the errors and the steps of a refresh hold no token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const steps: unknown[] = []
    tab.session.inspect((step) => steps.push(step))
    world.server.reply = () => ({ fails: new SessionError('server') })
    await outlive(world, tab)
    const error = await world.until(token(tab).catch((thrown: unknown) => thrown))
    await world.advance(HOUR)
    const { message, stack } = error as Error
    expect(JSON.stringify([steps, tab.heard, error, message, stack, tab.reports, tab.warnings])).not.toMatch(
      /access-f|refresh-f/,
    )
  })
})
