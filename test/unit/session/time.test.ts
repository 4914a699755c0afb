import { credentials } from '../../../src/fetch.js'
import { describe, expect, it } from 'vitest'
import { createWorld, HOUR, MINUTE, SECOND, type Tab, type World } from './world.js'

const wall = (world: World): number => world.time.clock().wall
/** How long a sign-in takes in a world once the session has started, in ms. */
const SIGN_IN = 14
const left = (world: World, tab: Tab): number => tab.session.deadlines()!.endAt - wall(world)
/** The events of a tab, without refreshes. */
const eventsOf = (tab: Tab): string[] => tab.takeEvents().flatMap(({ type }) => (type === 'refreshed' ? [] : [type]))

describe('a clock that is set back by an hour while a tab is open', () => {
  it('I1: a tab that was frozen while the clock was set back takes the size of that from the others, also if the machine then slept', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    two.frozen = true
    world.setClock(-HOUR)
    one.hint('focus')
    world.sleep(2 * MINUTE)
    one.hint('resume')
    two.frozen = false
    two.hint('resume')
    expect(two.session.deadlines()).toEqual(one.session.deadlines())
  })

  it('I1: a clock set back in use gives an idle user at most two seconds', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(5 * MINUTE)
    world.setClock(-HOUR)
    let passed = 0
    while (tab.phase() !== 'signedOut' && passed < 2 * HOUR) {
      await world.advance(SECOND)
      passed += SECOND
    }
    expect(passed).toBe(10 * MINUTE)
    expect(eventsOf(tab)).toEqual(['warning', 'signedOut'])
  })

  it('I1: a clock set back again and again, in steps of any size, gives no time', async () => {
    for (const step of [-400, -900, -1100, -MINUTE, -HOUR]) {
      const world = createWorld()
      const tab = await world.signedIn()
      const two = world.tab()
      const began = world.time.clock().mono
      for (let i = 0; i < 100; i++) {
        world.setClock(step)
        tab.hint('focus')
        await world.advance(5 * SECOND)
        two.hint('focus')
      }
      while (tab.phase() !== 'signedOut') await world.advance(SECOND)
      expect([step, world.time.clock().mono - began]).toEqual([
        step,
        step === -400 ? 15 * MINUTE + SECOND : 15 * MINUTE,
      ])
    }
  })

  it('I1: a clock set back is followed by a new tab that had to guess, as far as another saw it', async () => {
    const world = createWorld({ engine: 'firefox' })
    const one = await world.signedIn()
    await world.advance(5 * MINUTE)
    one.frozen = true
    world.setClock(-HOUR)
    const two = world.tab()
    expect(left(world, two)).toBe(15 * MINUTE)
    one.frozen = false
    one.hint('focus')
    await world.advance(SECOND)
    expect(left(world, two)).toBe(10 * MINUTE - SECOND - SIGN_IN)
    expect(two.session.deadlines()).toEqual(one.session.deadlines())
  })

  it('I3: a clock set back in use never ends or warns an active user’s session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const two = world.tab()
    for (let i = 0; i < 40; i++) {
      if (i % 10 === 5) world.setClock(-HOUR)
      tab.input()
      await world.advance(MINUTE)
      expect([tab.phase(), two.phase()]).toEqual(['active', 'active'])
    }
    expect([eventsOf(tab), eventsOf(two)]).toEqual([[], []])
  })

  it('a clock set back in use raises shared time once, although two tabs notice it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const two = world.tab()
    await world.advance(5 * MINUTE)
    world.setClock(-HOUR)
    for (const one of [tab, two, tab, two]) one.hint('focus')
    await world.advance(5 * MINUTE)
    expect(world.record()['skew']).toBe(HOUR)
    expect(left(world, tab)).toBe(left(world, two))
  })

  it('a clock set back without storage raises shared time once if tabs notice it at the same moment', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await world.signedIn()
    const two = world.tab()
    await world.advance(5 * MINUTE)
    world.setClock(-HOUR)
    for (const one of [tab, two]) one.hint('focus')
    await world.advance(SECOND)
    expect(left(world, tab)).toBe(left(world, two))
    expect(left(world, tab)).toBe(10 * MINUTE - SECOND - SIGN_IN)
  })

  it('I3: a clock set back in use ends no session in a tab that the new time reaches later', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const two = world.tab()
    const { clock, wallNow: wall } = tab.ports
    const setBack = ({ ports }: Tab): void => {
      Object.assign(ports, { clock: () => ({ ...clock(), wall: wall() - HOUR }), wall: () => wall() - HOUR })
    }
    setBack(tab)
    tab.input()
    await world.advance(MINUTE)
    two.input()
    expect([tab.phase(), two.phase()]).toEqual(['active', 'active'])
    setBack(two)
    two.hint('focus')
    await world.advance(SECOND)
    tab.hint('focus')
    expect(tab.session.deadlines()).toEqual(two.session.deadlines())
    expect([tab.phase(), two.phase()]).toEqual(['active', 'active'])
    await world.advance(13 * MINUTE)
    expect([tab.phase(), two.phase()]).toEqual(['warning', 'warning'])
  })

  it('a clock set back in use keeps warnings, ends and what is shown in step with the wall clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: '20m' })
    await world.advance(10 * MINUTE)
    world.setClock(-HOUR)
    tab.input()
    await world.advance(8 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'absolute' })
    const { endAt } = tab.session.getSnapshot() as { endAt: number }
    expect(endAt - wall(world)).toBe(2 * MINUTE - SIGN_IN)
    await world.advance(2 * MINUTE + SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('a clock set back in use does not make an expired token look valid', async () => {
    const world = createWorld()
    world.server.expiresIn = 120
    const tab = await world.signedIn({ refreshBefore: '10s' })
    await world.advance(MINUTE)
    world.setClock(-HOUR)
    tab.hint('focus')
    await world.advance(2 * MINUTE)
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
  })
})

describe('a clock that is set forward and back again', () => {
  it('I3: a clock set forward and back signs no active user out, although another tab missed both', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(MINUTE)
    two.frozen = true
    for (const by of [10 * MINUTE, -10 * MINUTE]) {
      world.setClock(by)
      one.hint('focus')
    }
    two.frozen = false
    for (let i = 0; i < 30; i++) {
      one.input()
      await world.advance(MINUTE)
      expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    }
  })
})

describe('a clock that is set back by an hour while no tab is open', () => {
  it('I1: a clock set back while no tab is open costs at most one idle timeout', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.advance(5 * MINUTE)
    one.crash()
    world.setClock(-HOUR)
    const two = world.tab()
    expect(two.phase()).toBe('active')
    expect(left(world, two)).toBe(15 * MINUTE)
    await world.advance(15 * MINUTE)
    expect(two.phase()).toBe('signedOut')
  })

  it('I3: a clock set back while no tab is open does not end the session of a user who goes on', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    one.crash()
    world.setClock(-HOUR)
    const two = world.tab()
    for (let i = 0; i < 30; i++) {
      two.input()
      await world.advance(MINUTE)
    }
    expect(two.phase()).toBe('active')
    expect(eventsOf(two)).toEqual([])
  })

  it('a clock set back while no tab is open is met once: the next tab finds the same session', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    one.crash()
    world.setClock(-HOUR)
    const two = world.tab()
    await world.advance(MINUTE)
    const three = world.tab()
    expect(three.session.deadlines()).toEqual(two.session.deadlines())
  })

  it('a clock set back while no tab is open leaves an ended session ended', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.advance(16 * MINUTE)
    expect(one.phase()).toBe('signedOut')
    one.crash()
    world.setClock(-HOUR)
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })
})

describe('a clock that is set forward', () => {
  it('a clock set forward past the deadline ends the session: it cannot be eventsOf from sleep', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(HOUR)
    tab.input()
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('a clock set forward by less shortens the session, and activity makes up for it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(10 * MINUTE)
    tab.hint('focus')
    expect(left(world, tab)).toBe(5 * MINUTE - SIGN_IN)
    expect(tab.phase()).toBe('active')
    tab.input()
    expect(left(world, tab)).toBe(15 * MINUTE)
  })

  it('a clock set forward and back again leaves an active user’s session as it was', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const two = world.tab()
    for (const by of [5 * MINUTE, -5 * MINUTE, 5 * MINUTE, -5 * MINUTE]) {
      world.setClock(by)
      tab.input()
      await world.advance(30 * SECOND)
      two.hint('focus')
    }
    expect([tab.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(left(world, tab)).toBe(15 * MINUTE - 30 * SECOND)
  })
})

describe('sleep', () => {
  it.each(['visibilitychange', 'pageshow', 'focus', 'resume', 'online'])(
    'I1: sleep past the deadline is noticed at the first hint: %s',
    async (cause) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const { endAt } = tab.session.deadlines()!
      world.sleep(2 * HOUR)
      expect(tab.phase()).toBe('active')
      tab.hint(cause)
      expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
      expect(eventsOf(tab)).toEqual(['signedOut'])
    },
  )

  it('I1: sleep past the deadline returns no token, although no hint came, and sends no request', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['refresh', 'signOut', 'keepAlive', 'check'] })
    world.sleep(2 * HOUR)
    await expect(world.until(tab.session.getAccessToken())).rejects.toMatchObject({ code: 'signed_out' })
    expect(world.server.calls.map(({ method }) => method)).not.toContain('refresh')
    expect(world.server.count('keepAlive') + world.server.count('check')).toBe(0)
  })

  it('I1: sleep past the deadline authorizes no request', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(2 * HOUR)
    const request = new Request('https://api.example.com/')
    await expect(world.until(credentials(tab.session).authorize(request))).rejects.toMatchObject({ code: 'signed_out' })
  })

  it('I1: sleep is noticed by check() and deadlines(), which read the clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(2 * HOUR)
    expect(tab.session.deadlines()).toBeNull()
    expect(tab.session.check()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('sleep past the token’s expiry only costs one refresh and returns no expired token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const two = world.tab()
    world.sleep(8 * MINUTE)
    const tokens = await world.until(Promise.all([tab, two, tab].map(({ session }) => session.getAccessToken())))
    expect(new Set(tokens)).toEqual(new Set(['access-f1-2']))
    expect(world.server.count('refresh')).toBe(1)
  })

  it('sleep into the warning shows it at the first hint, with its original end', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { endAt } = tab.session.deadlines()!
    world.sleep(14 * MINUTE)
    tab.hint('visibilitychange')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endAt })
  })

  it('I7: sleep does not end a session that other tabs extended', async () => {
    const world = createWorld()
    const frozen = await world.signedIn()
    const two = world.tab()
    frozen.frozen = true
    for (let i = 0; i < 60; i++) {
      two.input()
      await world.advance(MINUTE)
    }
    frozen.frozen = false
    await world.advance(0)
    expect(frozen.session.getSnapshot()).toEqual(two.session.getSnapshot())
    expect(frozen.phase()).toBe('active')
    expect(eventsOf(frozen)).toEqual([])
  })
})

describe('long timeouts', () => {
  it('long timeouts of thirty days are exact to the millisecond, with one timer and no wake-up', async () => {
    const world = createWorld()
    world.server.expiresIn = 60 * 24 * 3600
    const tab = await world.signedIn({ idleTimeout: '30d', absoluteTimeout: '90d', warnBefore: '1h' })
    const { endAt } = tab.session.deadlines()!
    await world.advance(10 * SECOND)
    const { reads } = world.storage.count
    await world.advance(30 * 24 * HOUR - HOUR - 11 * SECOND)
    expect(tab.phase()).toBe('active')
    expect(world.storage.count.reads).toBe(reads)
    expect(world.server.calls).toEqual([])
    await world.advance(SECOND)
    expect(tab.phase()).toBe('warning')
    await world.advance(endAt - wall(world))
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
  })

  it('a timeout that is switched off leaves the other as it is', async () => {
    const world = createWorld()
    const idle = await world.signedIn({ absoluteTimeout: false })
    await world.advance(15 * MINUTE)
    expect(idle.session.getSnapshot()).toMatchObject({ reason: 'idle' })
    const absolute = await createWorld().signedIn({ idleTimeout: false })
    expect(absolute.session.deadlines()).toMatchObject({ endsBy: 'absolute' })
  })
})

describe('timers', () => {
  it('timers are one per tab at most while nothing is in flight, and fire only for a change', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: [] })
    const two = world.tab({}, { methods: [] })
    await world.advance(10 * SECOND)
    expect([tab.timers(), two.timers()]).toEqual([1, 1])
    const { reads } = world.storage.count
    await world.advance(12 * MINUTE)
    expect(world.storage.count.reads).toBe(reads)
    expect([tab.timers(), two.timers()]).toEqual([1, 1])
    await world.advance(MINUTE)
    expect([tab.timers(), two.timers()]).toEqual([1, 1])
    await world.advance(HOUR)
    expect([tab.timers(), two.timers()]).toEqual([0, 0])
  })

  it('timers that fire early or late do no harm', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { warnAt, endAt } = tab.session.deadlines()!
    for (let i = 0; i < 20; i++) tab.hint('timer')
    expect(tab.phase()).toBe('active')
    tab.frozen = true
    await world.advance(14 * MINUTE)
    tab.frozen = false
    await world.advance(0)
    expect(wall(world)).toBe(warnAt + MINUTE + SIGN_IN)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endAt })
  })
})
