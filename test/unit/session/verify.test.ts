import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { createWorld, KEY, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const checking = { methods: ['check', 'signOut'] } as const
const refreshing = { methods: ['refresh', 'signOut'] } as const
const wall = (world: World): number => world.time.clock().wall

/** Several tabs of one session. */
const tabsOf = async (world: World, count: number, setup: Parameters<World['tab']>[1] = checking): Promise<Tab[]> => {
  const tabs = [await world.signedIn({}, setup)]
  while (tabs.length < count) tabs.push(world.tab({}, setup))
  await world.advance(MINUTE)
  world.server.calls.length = 0
  return tabs
}
const refused = (): { fails: SessionError } => ({ fails: new SessionError('rejected') })
const phases = (tabs: readonly Tab[]): string[] => tabs.map((tab) => tab.phase())
const verifyIn = (tabs: readonly Tab[]): Promise<boolean[]> => Promise.all(tabs.map(({ session }) => session.verify()))
const calls = (world: World): readonly string[] => world.server.calls.map(({ method, from }) => `${method} ${from}`)

describe('verify()', () => {
  it('S127: verify() in ten tabs at once is one call, and every tab gets its result', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 10)
    expect(await world.until(verifyIn(tabs))).toEqual(Array(10).fill(true))
    expect(calls(world)).toEqual(['check tab 1'])
    await world.advance('10s')
    world.server.reply = refused
    expect(await world.until(verifyIn(tabs))).toEqual(Array(10).fill(false))
    expect(calls(world)).toEqual(['check tab 1', 'check tab 1'])
    expect(tabs.map(({ session }) => session.getSnapshot())).toMatchObject(Array(10).fill({ reason: 'rejected' }))
  })

  it('S127: verify() in tabs that a push reaches one after the other is one call', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 10)
    const results = tabs.map(async (tab, number) => {
      await new Promise<void>((resolve) => {
        tab.ports.after(number * 20, resolve)
      })
      return tab.session.verify()
    })
    expect(await world.until(Promise.all(results))).toEqual(Array(10).fill(true))
    expect(calls(world)).toEqual(['check tab 1'])
  })

  it('S127: verify() called twice in one tab in the same moment is one call', async () => {
    const world = createWorld()
    const [tab] = await tabsOf(world, 1)
    expect(await world.until(verifyIn([tab!, tab!]))).toEqual([true, true])
    expect(calls(world)).toEqual(['check tab 1'])
  })

  it('verify() resolves in a hidden page as soon as the server replies, although timers wait', async () => {
    const world = createWorld()
    const [tab] = await tabsOf(world, 1)
    tab!.timersEvery = MINUTE
    const results: boolean[] = []
    void tab!.session.verify().then((result) => results.push(result))
    await world.advance(100)
    expect(results).toEqual([true])
  })

  it('S127: verify() in ten tabs is one call, also without Web Locks', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 10)
    world.locks.isAvailable = false
    world.server.reply = refused
    expect(await world.until(verifyIn(tabs))).toEqual(Array(10).fill(false))
    expect(calls(world)).toEqual(['check tab 1'])
  })

  it.each([40, 250])('S127: verify() in ten tabs is one call, although storage lags by %d ms', async (lag) => {
    const world = createWorld()
    const tabs = await tabsOf(world, 10)
    world.storage.lag = lag
    world.server.reply = () => ({ after: 30 })
    expect(await world.until(verifyIn(tabs))).toEqual(Array(10).fill(true))
    expect(calls(world)).toEqual(['check tab 1'])
  })

  it('verify() waits in a page that is still querying the other tabs', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await world.signedIn({}, checking)
    await world.advance(MINUTE)
    const page = world.tab({}, checking)
    expect(page.phase()).toBe('loading')
    expect(await world.until(page.session.verify())).toBe(true)
    expect(calls(world)).toEqual(['check tab 2'])
  })

  it('verify() resolves at the reply in the tab that calls, and 300 ms later in another', async () => {
    const world = createWorld()
    const [first, second] = await tabsOf(world, 2)
    const calledAt = wall(world)
    const took = (tab: Tab | undefined): Promise<number> => tab!.session.verify().then(() => wall(world) - calledAt)
    expect(await world.until(Promise.all([took(first), took(second)]))).toEqual([20, 320])
  })

  it('verify() waits until 5 s after the last call, because the session may have ended since', async () => {
    const world = createWorld()
    const [one, two] = await tabsOf(world, 2)
    expect(await world.until(one!.session.verify())).toBe(true)
    await world.advance(SECOND)
    world.server.reply = refused
    const result = two!.session.verify()
    await world.advance(3.9 * SECOND)
    expect([world.server.calls.length, ...phases([one!, two!])]).toEqual([1, 'active', 'active'])
    expect(await world.until(result)).toBe(false)
    const [first, second] = world.server.calls
    expect(second!.at - first!.at).toBe(5 * SECOND)
    await world.advance(SECOND)
    expect(phases([one!, two!])).toEqual(['signedOut', 'signedOut'])
  })

  it('verify() leads to another call if it comes a moment after the first was sent', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 2)
    const first = verifyIn(tabs)
    await world.advance(50)
    const second = verifyIn(tabs)
    await world.advance(SECOND)
    world.server.reply = refused
    expect(await world.until(Promise.all([first, second]))).toEqual([
      [true, true],
      [false, true],
    ])
    expect(calls(world)).toEqual(['check tab 1', 'check tab 1'])
    await world.advance(SECOND)
    expect(phases(tabs)).toEqual(['signedOut', 'signedOut'])
  })

  it('verify() leads to one call per 5 s at most, however often several tabs use it', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 3)
    const results: Promise<boolean>[] = []
    for (let passed = 0; passed < MINUTE; passed += 700) {
      results.push(...tabs.map(({ session }) => session.verify()))
      await world.advance(700)
    }
    expect(await world.until(Promise.all(results))).toEqual(Array(results.length).fill(true))
    const times = world.server.calls.map(({ at }) => at)
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(12).fill(5 * SECOND))
  })

  it('verify() counts a check that the session has made by itself', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    await world.advance(13 * MINUTE - 9 * SECOND)
    expect(world.server.count('check')).toBe(1)
    const result = tab.session.verify()
    await world.advance(3 * SECOND)
    expect(world.server.count('check')).toBe(1)
    await world.until(result)
    const [first, second] = world.server.calls
    expect(second!.at - first!.at).toBe(5 * SECOND)
  })

  it.each([
    ['fails', { fails: new SessionError('server') }, 20],
    ['cannot be reached', { lost: true }, 20],
    ['never answers', { hangs: true }, 10 * SECOND],
  ])('I7 I8: verify() is true if the server %s', async (_how, manner, took) => {
    const world = createWorld()
    const tabs = await tabsOf(world, 3)
    world.server.reply = () => manner
    const calledAt = wall(world)
    const ends = tabs.map(({ session }) => session.verify().then((isLive) => [isLive, wall(world) - calledAt]))
    expect(await world.until(Promise.all(ends))).toEqual([
      [true, took],
      [true, took + 300],
      [true, took + 300],
    ])
    expect(phases(tabs)).toEqual(Array(3).fill('active'))
  })

  it('verify() is repeated after a failure, so that an end is not missed', async () => {
    const world = createWorld()
    const [tab] = await tabsOf(world, 1)
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(await world.until(tab!.session.verify())).toBe(true)
    world.server.reply = refused
    await world.advance(SECOND)
    expect(tab!.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
  })

  it('S26: verify() makes no call before the time of a Retry-After', async () => {
    const world = createWorld()
    const [tab] = await tabsOf(world, 1)
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt: wall(world) + 30 * SECOND }) })
    expect(await world.until(tab!.session.verify())).toBe(true)
    await world.advance('10s')
    expect(await world.until(tab!.session.verify())).toBe(true)
    expect(world.server.calls).toHaveLength(1)
  })

  it('I16: verify() is no activity', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 2)
    const endAt = tabs[0]!.session.deadlines()?.endAt
    await world.until(verifyIn(tabs))
    expect(tabs.map(({ session }) => session.deadlines()?.endAt)).toEqual([endAt, endAt])
    expect(world.record()).toMatchObject({ activeAt: world.record()['startedAt'] })
  })

  it('I1: verify() makes no call past the deadline, and is false', async () => {
    const world = createWorld()
    const [tab] = await tabsOf(world, 1)
    world.sleep('1h')
    expect(await tab!.session.verify()).toBe(false)
    expect(world.server.count('check')).toBe(0)
  })

  it('verify() is false for a session that was replaced during the call', async () => {
    const world = createWorld()
    const [one, two] = await tabsOf(world, 2)
    world.server.reply = (method) => (method === 'check' ? { after: 2 * SECOND } : {})
    const result = one!.session.verify()
    await world.advance(SECOND)
    await world.until(two!.session.signIn(world.grant()))
    expect(await world.until(result)).toBe(false)
    expect(phases([one!, two!])).toEqual(['active', 'active'])
  })

  it('verify() is false if nobody is signed in, and after destroy()', async () => {
    const world = createWorld()
    expect(await world.tab({}, checking).session.verify()).toBe(false)
    const [tab] = await tabsOf(world, 1)
    tab!.session.destroy()
    expect(await tab!.session.verify()).toBe(false)
    expect(world.server.calls).toEqual([])
  })

  it('I10: verify() that waits ends at destroy()', async () => {
    const world = createWorld()
    const [one] = await tabsOf(world, 1)
    await world.until(one!.session.verify())
    await world.advance(SECOND)
    const result = one!.session.verify()
    await world.advance(SECOND)
    one!.session.destroy()
    expect(await world.until(result, 100)).toBe(false)
    expect([one!.timers(), world.server.calls.length]).toEqual([0, 1])
  })

  it('verify() is true for a live session whose server has no check and no refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['signOut'] })
    expect(await tab.session.verify()).toBe(true)
    expect(world.server.calls).toEqual([])
  })

  it('verify() is false on a server that renders pages', async () => {
    expect(
      await createWorld()
        .tab({}, { ...checking, hasPage: false })
        .session.verify(),
    ).toBe(false)
  })

  it('verify() waits in a prerendered page until that is opened', async () => {
    const world = createWorld()
    await world.signedIn({}, checking)
    const ahead = world.tab({}, { ...checking, prerendered: true })
    world.server.reply = refused
    const result = ahead.session.verify()
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(0)
    ahead.activate()
    expect(await world.until(result)).toBe(false)
    expect(calls(world)).toEqual(['check tab 2'])
  })

  it('verify() is not blocked by a tab that crashed during its call', async () => {
    const world = createWorld()
    const [one, two] = await tabsOf(world, 2)
    world.server.reply = () => ({ hangs: true })
    void one!.session.verify()
    await world.advance(10)
    one!.crash()
    world.server.reply = refused
    await world.advance(SECOND)
    expect(await world.until(two!.session.verify())).toBe(false)
    expect(calls(world)).toEqual(['check tab 1', 'check tab 2'])
  })
})

describe('verify() without `check`', () => {
  it('S127: verify() without `check` is one refresh for ten tabs, although their tokens are valid', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 10, refreshing)
    expect(await world.until(verifyIn(tabs))).toEqual(Array(10).fill(true))
    expect([calls(world), world.server.reuseCount]).toEqual([['refresh tab 1'], 0])
    expect(await world.until(tabs[9]!.session.getAccessToken())).toBe('access-f1-2')
  })

  it('verify() without `check` ends the session in all tabs if the refresh is refused', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 3, refreshing)
    world.server.revoke(world.tokens.stored!.tokens)
    expect(await world.until(verifyIn(tabs))).toEqual([false, false, false])
    expect(calls(world)).toEqual(['refresh tab 1'])
    expect(tabs.map(({ session }) => session.getSnapshot())).toMatchObject(Array(3).fill({ reason: 'rejected' }))
  })

  it('verify() without `check` is one refresh, also if each tab has tokens of its own', async () => {
    const world = createWorld()
    const own = (): { tokenStore: ReturnType<typeof memoryTokens> } => ({ tokenStore: memoryTokens() })
    const one = await world.signedIn(own(), refreshing)
    const two = world.tab(own(), refreshing)
    await world.advance(MINUTE)
    world.server.calls.length = 0
    expect(await world.until(verifyIn([one, two]))).toEqual([true, true])
    expect(calls(world)).toEqual(['refresh tab 1'])
  })

  it('I4: verify() without `check` respects the back-off of all tabs', async () => {
    const world = createWorld()
    const [one, two] = await tabsOf(world, 2, refreshing)
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt: wall(world) + 30 * SECOND }) })
    expect(await outcome(world.until(one!.session.getAccessToken({ forceRefresh: true })))).toBe('rate_limited')
    expect(await world.until(two!.session.verify())).toBe(true)
    expect(calls(world)).toEqual(['refresh tab 1'])
  })

  it('verify() uses `check` alone if the server has both', async () => {
    const world = createWorld()
    const tabs = await tabsOf(world, 2, { methods: ['refresh', 'check', 'signOut'] })
    expect(await world.until(verifyIn(tabs))).toEqual([true, true])
    expect(calls(world)).toEqual(['check tab 1'])
    expect(world.locks.isHeld(`${KEY}:server`)).toBe(false)
  })
})
