import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import type { Clock } from '../../../src/ports/types.js'
import type { ServerMethod } from '../../../src/testing/server.js'
import type { SessionOptions } from '../../../src/types.js'
import { createWorld, HOUR, KEY, MINUTE, SECOND, type HeardEvent, type Tab, type World } from './world.js'

const wall = (world: World): number => world.time.clock().wall
const methods = { methods: ['refresh', 'signOut', 'keepAlive', 'check'] } as const
const reporting = { methods: ['keepAlive'] } as const
const checking = { methods: ['check'] } as const
const eventsOf = (tab: Tab): string[] => tab.takeEvents().flatMap(({ type }) => (type === 'refreshed' ? [] : [type]))

/** A user who is active every few seconds, in any of the tabs. */
const work = async (world: World, tabs: readonly Tab[], ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 5 * SECOND) {
    tabs[(passed / (5 * SECOND)) % tabs.length]!.input()
    await world.advance(5 * SECOND)
  }
}

describe('keepAlive', () => {
  it('a keepAlive that failed with a retryAt that is no time is repeated', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt: NaN }) })
    tab.input()
    await world.advance(5 * MINUTE)
    expect(world.server.count('keepAlive')).toBe(1)
    world.server.reply = () => ({})
    await world.advance(SECOND)
    expect(world.server.count('keepAlive')).toBe(2)
  })

  it('keepAlive reports activity to the server, at most once per keepAliveEvery for all tabs', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn({}, reporting), world.tab({}, reporting), world.tab({}, reporting)]
    await work(world, tabs, 31 * MINUTE)
    const times = world.server.calls.map(({ at }) => at)
    expect(times.slice(1).map((at, i) => at - times[i]!)).toEqual(Array(5).fill(5 * MINUTE))
  })

  it('I16: keepAlive is not called while the user does nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    world.tab({}, methods)
    await world.advance(12 * MINUTE)
    tab.hint('focus')
    expect(world.server.count('keepAlive')).toBe(0)
  })

  it('I16: keepAlive is not repeated by a tab whose call failed, once another has reported', async () => {
    const world = createWorld()
    const often = { keepAliveEvery: '30s' } as const
    const one = await world.signedIn(often, reporting)
    const two = world.tab(often, reporting)
    const fail = async (tab: Tab, other: Tab): Promise<void> => {
      other.frozen = true
      tab.input()
      await world.advance(MINUTE)
      other.frozen = false
    }
    world.server.reply = () => ({ fails: new SessionError('server') })
    await fail(one, two)
    await fail(two, one)
    world.server.reply = () => ({})
    const failed = world.server.calls.length
    expect(new Set(world.server.calls.map(({ from }) => from))).toEqual(new Set(['tab 1', 'tab 2']))
    await world.advance(2 * MINUTE)
    expect(world.server.calls.length - failed).toBe(1)
  })

  it('keepAlive is sent though the tab that had the lock when it fell due is gone', async () => {
    const world = createWorld()
    const both = { methods: ['keepAlive', 'check'] } as const
    const [one, two] = [await world.signedIn({}, both), world.tab({}, both)]
    await world.advance(6 * MINUTE)
    world.server.reply = (method) => ({ hangs: method === 'check' })
    void one.session.verify()
    await world.advance(SECOND)
    two.input()
    await world.advance(5 * SECOND)
    one.crash()
    await world.advance(20 * SECOND)
    expect(world.server.calls.map(({ method, from }) => `${method} of ${from}`)).toEqual([
      'check of tab 1',
      'keepAlive of tab 2',
    ])
  })

  it('keepAlive reports activity that has stopped since, when it is due', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    await world.advance(MINUTE)
    tab.input()
    await world.advance(3.9 * MINUTE)
    expect(world.server.calls).toEqual([])
    await world.advance(0.2 * MINUTE)
    expect(world.server.calls).toHaveLength(1)
    await world.advance(8 * MINUTE)
    expect(world.server.calls).toHaveLength(1)
  })

  it('keepAlive is called as often as keepAliveEvery says', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ keepAliveEvery: '30s' }, reporting)
    await work(world, [tab], 5 * MINUTE)
    expect(world.server.calls).toHaveLength(10)
  })

  it('keepAlive asks for its lock in the task in which it is due', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    await world.advance(SECOND)
    tab.input()
    tab.timersEvery = Infinity
    await world.advance(6 * MINUTE)
    expect(world.locks.isUsedBy(tab)).toBe(false)
    tab.hint('online')
    expect(world.locks.isUsedBy(tab)).toBe(true)
  })

  it('keepAlive is claimed before it is called, so that no tab calls while another waits', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn({}, reporting), world.tab({}, reporting)]
    world.server.reply = () => ({ after: 8 * SECOND })
    world.locks.isAvailable = false
    await work(world, tabs, 6 * MINUTE)
    expect(world.server.calls).toHaveLength(1)
  })

  it('keepAlive is repeated after a failure by the tab that owes it, with back-off', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    const broken = wall(world) + 5 * MINUTE + 20 * SECOND
    world.server.reply = (_method, { at }) => (at < broken ? { fails: new SessionError('server') } : {})
    await work(world, [tab], 7 * MINUTE)
    const times = world.server.calls.map(({ at }) => at)
    expect(times.map((at) => at - broken)).toEqual([-20_014, -19_294, -17_874, -15_054, -9434, 1786])
    expect(tab.phase()).toBe('active')
    expect(eventsOf(tab)).toEqual([])
  })

  it('keepAlive is not called offline, and is called when the browser is online again', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    tab.online = false
    await work(world, [tab], 6 * MINUTE)
    expect(world.server.calls).toEqual([])
    tab.online = true
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.calls).toHaveLength(1)
  })

  it('I7: keepAlive that is refused ends the session everywhere', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, reporting)
    const two = world.tab({}, reporting)
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    await work(world, [one], 6 * MINUTE)
    for (const tab of [one, two]) expect(tab.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
    expect(world.server.calls).toHaveLength(1)
  })

  it('keepAlive that fails five times in a row causes one warning, with its code alone', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    world.server.reply = () => ({ fails: new SessionError('server', { message: 'a secret' }) })
    await work(world, [tab], 14 * MINUTE)
    expect(world.server.calls).toHaveLength(16)
    expect(tab.warnings).toEqual([
      'sojourn: keepAlive has failed five times (server). The server may end a session that is in use.',
    ])
  })

  it('I8: keepAlive without a response is given up after 10 s', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    world.server.reply = () => ({ hangs: true })
    await work(world, [tab], 5 * MINUTE + 5 * SECOND)
    expect(world.locks.isHeld(`${KEY}:server`)).toBe(true)
    await world.advance(5.2 * SECOND)
    expect(world.locks.isHeld(`${KEY}:server`)).toBe(false)
    expect(tab.phase()).toBe('active')
  })
})

describe('check', () => {
  it('check is called shortly before the warning and shortly before the end, in one tab only', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.tab({}, checking)
    world.tab({}, checking)
    const { warnAt, endAt } = tab.session.deadlines()!
    await world.advance(15 * MINUTE + SECOND)
    expect(world.server.calls.map(({ at }) => at)).toEqual([warnAt - 10 * SECOND, endAt - 10 * SECOND])
    expect(tab.phase()).toBe('signedOut')
  })

  it('check is called at most a quarter of a short window before', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '40s', warnBefore: '20s' }, checking)
    const { warnAt, endAt } = tab.session.deadlines()!
    await world.advance(41 * SECOND)
    expect(world.server.calls.map(({ at }) => at)).toEqual([warnAt - 5 * SECOND, endAt - 5 * SECOND])
  })

  it.each([Math.ceil, Math.floor, Math.round])(
    'check is called once before warning and end, although the server sends whole seconds (%s)',
    async (whole) => {
      const world = createWorld()
      const tab = await world.signedIn({}, checking)
      const endsAt = wall(world) + 10 * MINUTE + 333
      const ways = [1800, 20, 1200, 20, 600, 20]
      world.server.reply = () => {
        // Each response is rounded at another moment.
        const after = ways[world.server.calls.length - 1] ?? 20
        world.server.times = { idleExpiresIn: whole((endsAt - wall(world) - after / 2) / SECOND) }
        return { after }
      }
      await world.advance(MINUTE)
      tab.hint('focus')
      await world.advance(11 * MINUTE)
      // One call at the return, one before the warning and one before the end.
      expect(world.server.count('check')).toBe(3)
      expect(tab.phase()).toBe('signedOut')
    },
  )

  it('check is called again if the end has moved by more than a few seconds', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 130 + 8 }
    await world.advance(13 * MINUTE)
    world.server.times = {}
    await world.advance(2.2 * MINUTE)
    expect(world.server.count('check')).toBe(3)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('check warns the developer once if each call extends the session at the server', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 15 * 60 }
    await world.advance(2 * HOUR)
    // Such a server keeps every user signed in.
    expect(tab.phase()).toBe('active')
    expect(tab.warnings).toEqual([
      'sojourn: three times check was answered 900 s, though nobody did anything. Does it extend the session at the server? It may only ask.',
    ])
  })

  it('check causes no warning if there was activity, or less time each time', async () => {
    const world = createWorld()
    const active = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 15 * 60 }
    for (let i = 0; i < 6; i++) {
      active.input()
      await world.advance(13 * MINUTE)
    }
    expect(world.server.count('check')).toBe(6)
    expect(active.warnings).toEqual([])
    const idle = await world.signedIn({}, checking)
    for (const idleExpiresIn of [800, 700, 600, 500]) {
      world.server.times = { idleExpiresIn }
      await world.advance(15 * SECOND)
      idle.hint('focus')
      await world.advance(SECOND)
    }
    expect(idle.warnings).toEqual([])
  })

  it('I3: check finds activity elsewhere, so that a user of another application is not warned', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 12 * 60 }
    await world.advance(14 * MINUTE)
    expect(tab.phase()).toBe('active')
    expect(eventsOf(tab)).toEqual([])
    expect(tab.session.deadlines()!.endAt - world.server.calls[0]!.at).toBe(12 * MINUTE)
  })

  it('I16: check does not take a slow reply, on a patient server, for activity now', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['keepAlive', 'check'] })
    await world.advance(6 * MINUTE)
    const arrivesAt = wall(world) + 4 * SECOND
    world.server.reply = (method) => {
      world.server.times = { idleExpiresIn: 30 * 60 - Math.max(0, wall(world) - arrivesAt) / 1e3 }
      return { after: method === 'keepAlive' ? 8 * SECOND : 20 }
    }
    tab.input()
    const { endAt } = tab.session.deadlines()!
    await world.advance(13 * MINUTE)
    expect([world.server.count('keepAlive'), world.server.count('check')]).toEqual([1, 1])
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
  })

  it('check closes a warning if the server has a later end, and reports that', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    await world.advance(14 * MINUTE)
    expect(eventsOf(tab)).toEqual(['warning'])
    world.server.times = { idleExpiresIn: 14 * 60 }
    await world.advance(50 * SECOND + SECOND)
    expect(tab.takeEvents()).toEqual([{ type: 'extended', by: 'server', where: 'here' }])
    expect(tab.phase()).toBe('active')
  })

  it('check never raises activity past the moment of the request, whatever the server says', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 20 * 60 }
    await world.advance(13 * MINUTE)
    world.server.times = { idleExpiresIn: 1e9 }
    await world.advance(2 * MINUTE)
    const askedAt = world.server.calls[1]!.at
    expect(tab.session.deadlines()!.endAt).toBe(askedAt - 1 + 15 * MINUTE)
  })

  it('check brings the server’s earlier ends forward, with a warning that cannot be extended', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 90, absoluteExpiresIn: 60 }
    await world.advance(13 * MINUTE)
    world.server.times = {}
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'server', canExtend: false })
    expect(await world.until(tab.session.extend())).toBe(false)
    await world.advance(MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('check that returns no time left ends the session', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, checking)
    world.server.times = { idleExpiresIn: 0 }
    await world.advance(13 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it.each([NaN, -1, Infinity, 'soon', null, 1e300, Number.MAX_SAFE_INTEGER, {}, [5]])(
    'I12: check with times of %s counts as a reply without times',
    async (given) => {
      const world = createWorld()
      const tab = await world.signedIn({}, checking)
      world.server.times = { idleExpiresIn: given, absoluteExpiresIn: given } as never
      const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
      await world.advance(13 * MINUTE)
      const reloaded = world.tab({}, checking)
      expect(reloaded.session.getSnapshot()).toEqual(tab.session.getSnapshot())
      expect(tab.session.deadlines()!.endAt).toBe(startedAt + 15 * MINUTE)
    },
  )

  it.each([undefined, null, 7, 'text', []])('I12: check that returns %j changes nothing', async (replies) => {
    const world = createWorld()
    const tab = await world.signedIn({ server: { check: async () => Promise.resolve(replies as never) } })
    const { endAt } = tab.session.deadlines()!
    await world.advance(13 * MINUTE)
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
    expect(tab.phase()).toBe('warning')
  })

  it('check that throws synchronously is a failed call and no more', async () => {
    const world = createWorld()
    const check = (): never => {
      throw new Error('written in a hurry')
    }
    const tab = await world.signedIn({ server: { check, keepAlive: check } })
    await work(world, [tab], 6 * MINUTE)
    await world.advance(16 * MINUTE)
    expect(tab.reports).toEqual([])
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'idle' })
  })

  it('I16: check that fails is called again, and never reports activity to the server', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    world.server.reply = (method) => (method === 'check' ? { fails: new SessionError('server') } : {})
    await world.advance(14 * MINUTE)
    expect(world.server.count('check')).toBe(7)
    expect(world.server.count('keepAlive')).toBe(0)
    expect(tab.phase()).toBe('warning')
  })

  it('check that fails for an hour does not delay keepAlive', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(MINUTE)
    world.server.reply = (method, { at }) =>
      method === 'check' ? { fails: new SessionError('rate_limited', { retryAt: at + HOUR }) } : {}
    tab.hint('focus')
    await work(world, [tab], 10 * MINUTE)
    expect([world.server.count('check'), world.server.count('keepAlive')]).toEqual([1, 2])
  })

  it('I1: check is never called past the deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    tab.input()
    world.sleep(HOUR)
    tab.hint('focus')
    await world.advance(SECOND)
    expect(world.server.calls.map(({ method }) => method)).toEqual(['signOut'])
  })

  it('I1: check is not called if the deadline passes while it waits for the lock', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    await world.advance(6 * MINUTE)
    tab.input()
    world.sleep(HOUR)
    await world.advance(SECOND)
    expect(world.server.calls).toEqual([])
  })
})

describe('a page that comes back', () => {
  it.each(['pageshow', 'visibilitychange', 'focus', 'resume', 'online'])(
    'a page that comes back calls check, because the session may have ended meanwhile (%s)',
    async (cause) => {
      const world = createWorld()
      const one = await world.signedIn({}, methods)
      const two = world.tab({}, methods)
      await world.advance(MINUTE)
      world.server.reply = () => ({ fails: new SessionError('rejected') })
      one.hint(cause)
      await world.advance(SECOND)
      expect(world.server.calls.map(({ method }) => method)).toEqual(['check'])
      for (const tab of [one, two]) expect(tab.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
    },
  )

  it('a page that comes back after a call of its own failed asks for another that was lost with its tab', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, checking)
    await world.advance(MINUTE)
    world.server.reply = () => ({ fails: new SessionError('server') })
    one.hint('focus')
    await world.advance(100)
    one.frozen = true
    world.server.reply = () => ({ hangs: true })
    const two = world.tab({}, checking)
    await world.advance(MINUTE)
    two.hint('focus')
    await world.advance(100)
    two.crash()
    world.server.reply = () => ({})
    one.frozen = false
    one.hint('resume')
    await world.advance(9 * SECOND)
    expect(world.server.calls.map(({ from }) => from)).toEqual(['tab 1', 'tab 2'])
    await world.advance(SECOND)
    expect(world.server.calls.map(({ from }) => from)).toEqual(['tab 1', 'tab 2', 'tab 1'])
  })

  it.each(['hidden', 'blur', 'pagehide'])('a page that goes away calls no check (%s)', async (cause) => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(MINUTE)
    tab.hint(cause)
    await world.advance(SECOND)
    expect(world.server.calls).toEqual([])
  })

  it('a page that comes back calls check once for all tabs and hints, and not after a sign-in', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn({}, methods), world.tab({}, methods), world.tab({}, methods)]
    const back = async (): Promise<void> => {
      for (const tab of tabs) for (const cause of ['visibilitychange', 'focus']) tab.hint(cause)
      await world.advance(SECOND)
    }
    await back()
    expect(world.server.calls).toEqual([])
    await world.advance(10 * SECOND)
    await back()
    await back()
    expect(world.server.count('check')).toBe(1)
    await world.advance(10 * SECOND)
    await back()
    expect(world.server.count('check')).toBe(2)
  })

  it.each(['pageshow first', 'signIn first'])(
    'a page that comes back calls no check right after a sign-in: %s',
    async (order) => {
      const world = createWorld()
      const tab = world.tab({}, methods)
      const signIn = (): Promise<void> => world.until(tab.session.signIn(world.grant()))
      if (order === 'signIn first') await signIn()
      tab.hint('pageshow')
      if (order === 'pageshow first') await signIn()
      await world.advance(5 * MINUTE)
      expect(world.server.calls).toEqual([])
    },
  )

  it('a page that comes back calls check a moment later if a crashed page has lost its call', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, methods)
    const two = world.tab({}, methods)
    await world.advance(MINUTE)
    world.server.reply = () => ({ hangs: true })
    one.hint('focus')
    await world.advance(SECOND)
    one.crash()
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    two.hint('focus')
    await world.advance(8 * SECOND)
    expect(two.phase()).toBe('active')
    await world.advance(2 * SECOND)
    expect(world.server.count('check')).toBe(2)
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
  })

  it('a page that comes back calls no check if another tab has a reply, or for a new session', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn({}, methods), world.tab({}, methods), world.tab({}, methods)]
    await world.advance(MINUTE)
    for (const tab of tabs) tab.hint('online')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
    for (const tab of tabs) tab.hint('focus')
    await world.until(tabs[0]!.session.signIn(world.grant()))
    const { length } = world.server.calls
    await world.advance(MINUTE)
    expect(world.server.calls.slice(length)).toEqual([])
  })

  it('a page that comes back learns of less time than it shows', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(MINUTE)
    world.server.times = { idleExpiresIn: 60 }
    tab.hint('focus')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('warning')
  })

  it('a page that comes back calls no check if the server has none, or if nobody is signed in', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    await world.advance(MINUTE)
    tab.hint('focus')
    const empty = createWorld()
    empty.tab({}, methods).hint('focus')
    for (const each of [world, empty]) await each.advance(SECOND)
    expect([...world.server.calls, ...empty.server.calls]).toEqual([])
  })
})

describe('a server that sends a Retry-After', () => {
  it.each([
    ['as the server says', 30 * SECOND, 30 * SECOND],
    ['at the earliest when back-off allows it', -HOUR, 720],
    ['but after an hour at the latest', 5 * HOUR, HOUR + 20],
  ])('a server with a Retry-After gets no call until then, %s', async (_what, wanted, pause) => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '6h', keepAliveEvery: '1m' }, reporting)
    tab.input()
    world.server.reply = (_method, { at }) =>
      world.server.calls.length === 1 ? { fails: new SessionError('rate_limited', { retryAt: at + wanted }) } : {}
    await world.advance(2 * HOUR)
    const [first, second] = world.server.calls.map(({ at }) => at)
    expect(second! - first!).toBe(pause)
    expect(tab.phase()).toBe('active')
  })
})

describe('extend() with a keepAlive', () => {
  it('extend() is true only after the server has agreed', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(14 * MINUTE)
    tab.takeEvents()
    const extended = tab.session.extend()
    await world.advance(5)
    expect(tab.phase()).toBe('warning')
    expect(await world.until(extended)).toBe(true)
    expect(tab.phase()).toBe('active')
    expect(eventsOf(tab)).toEqual(['extended'])
    expect(world.server.count('keepAlive')).toBe(1)
  })

  it('I16: extend() counts from the call, however late the machine wakes to the reply', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    await world.advance(4 * MINUTE)
    const calledAt = wall(world)
    const extended = tab.session.extend()
    await world.advance(5)
    world.sleep(10 * MINUTE)
    expect(await world.until(extended)).toBe(true)
    expect(tab.session.deadlines()!.endAt).toBe(calledAt + 15 * MINUTE)
    // The server gets no second call for it either.
    await world.advance(6 * MINUTE)
    expect(world.server.count('keepAlive')).toBe(1)
  })

  it('extend() is reported as the user’s doing, in every tab', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, methods)
    const two = world.tab({}, methods)
    await world.advance(14 * MINUTE)
    two.takeEvents()
    one.takeEvents()
    expect(await world.until(one.session.extend())).toBe(true)
    await world.advance(SECOND)
    const extended = ({ type }: HeardEvent): boolean => type === 'extended'
    expect(one.takeEvents().filter(extended)).toEqual([{ type: 'extended', by: 'user', where: 'here' }])
    expect(two.takeEvents().filter(extended)).toEqual([{ type: 'extended', by: 'user', where: 'elsewhere' }])
  })

  it.each([new SessionError('server'), new TypeError('Failed to fetch'), new Error('anything')])(
    'extend() is false if the call failed, and the warning stays: %s',
    async (fault) => {
      const world = createWorld()
      const tab = await world.signedIn({}, methods)
      await world.advance(14 * MINUTE)
      world.server.reply = (method) => (method === 'keepAlive' ? { fails: fault } : {})
      expect(await world.until(tab.session.extend())).toBe(false)
      expect(tab.phase()).toBe('warning')
      world.server.reply = () => ({})
      expect(await world.until(tab.session.extend())).toBe(true)
      expect(tab.phase()).toBe('active')
    },
  )

  it('extend() is false, and the session ends, if the server refuses', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(14 * MINUTE)
    world.server.reply = () => ({ fails: new SessionError('rejected') })
    expect(await world.until(tab.session.extend())).toBe(false)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  it('extend() is false if the end came before the reply', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(14 * MINUTE)
    world.server.reply = () => ({ after: 5 * SECOND })
    const extended = tab.session.extend()
    await world.advance(SECOND)
    world.sleep(HOUR)
    expect(await world.until(extended)).toBe(false)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('extend() is false if the reply has no time left, or comes after the time that it gave', async () => {
    for (const [idleExpiresIn, asleep] of [
      [0, 0],
      [60, 2 * MINUTE],
    ] as const) {
      const world = createWorld()
      const tab = await world.signedIn({}, methods)
      world.server.times = { idleExpiresIn }
      world.server.reply = () => ({ after: 5 * SECOND })
      const extended = tab.session.extend()
      await world.advance(SECOND)
      world.sleep(asleep)
      expect(await world.until(extended)).toBe(false)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    }
  })

  it('extend() sends nothing where a listener of the claim has signed out', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    await world.advance(14 * MINUTE)
    const before = world.server.count('keepAlive')
    const stop = tab.session.inspect(({ cause }) => {
      if (cause !== 'claimed') return
      stop()
      void tab.session.signOut()
    })
    expect(await world.until(tab.session.extend())).toBe(false)
    expect(world.server.count('keepAlive') - before).toBe(0)
  })

  it.each(['this tab, whose timers are late,', 'another tab'])(
    'extend() is not undone by a check of %s that the server gets before the keepAlive',
    async (who) => {
      const asked = { methods: ['keepAlive', 'check'] } as const
      const world = createWorld()
      const one = await world.signedIn({}, asked)
      const isOther = who === 'another tab'
      if (isOther) world.tab({}, asked)
      one.timersEvery = Infinity
      // The check is due 10 s before the end.
      await world.advance(14 * MINUTE + 50 * SECOND - 20)
      if (!isOther) await world.advance(2 * SECOND)
      world.server.reply = (method) =>
        method === 'check' ? { replies: { idleExpiresIn: 10 } } : { after: 3 * SECOND, replies: { idleExpiresIn: 900 } }
      const before = world.server.count('check')
      expect(await world.until(one.session.extend())).toBe(true)
      await world.advance(20 * SECOND)
      expect(one.session.check()).toMatchObject({ phase: 'active' })
      expect(world.server.count('check') - before).toBe(0)
    },
  )

  it.each(['this tab', 'another tab'])(
    'extend() is not undone by verify() of %s while it is on its way',
    async (who) => {
      const asked = { methods: ['keepAlive', 'check'] } as const
      const world = createWorld()
      const one = await world.signedIn({}, asked)
      const asks = who === 'another tab' ? world.tab({}, asked) : one
      await world.advance(14 * MINUTE + 40 * SECOND)
      world.server.reply = (method) =>
        method === 'check' ? { replies: { idleExpiresIn: 20 } } : { after: 3 * SECOND, replies: { idleExpiresIn: 900 } }
      const answer = one.session.extend()
      await world.advance(SECOND)
      expect(await world.until(asks.session.verify())).toBe(true)
      expect(await world.until(answer)).toBe(true)
      await world.advance(20 * SECOND)
      expect([one.phase(), asks.phase()]).toEqual(['active', 'active'])
    },
  )

  it('extend() adopts the server’s own idle end, which can then be extended', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    world.server.times = { idleExpiresIn: 60 }
    await world.advance(13 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'idle', canExtend: true })
    world.server.times = { idleExpiresIn: 600 }
    expect(await world.until(tab.session.extend())).toBe(true)
    expect(tab.session.deadlines()!.endAt - world.server.calls.at(-1)!.at).toBe(10 * MINUTE)
  })
})

describe('I5: a late reply of the server', () => {
  it('a late reply about a session that ended meanwhile changes nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    world.server.reply = (method) => ({ after: method === 'keepAlive' ? 3 * SECOND : 20 })
    await work(world, [tab], 5 * MINUTE)
    await world.until(tab.session.signOut())
    const ended = tab.session.getSnapshot()
    await world.advance(10 * SECOND)
    expect(tab.session.getSnapshot()).toEqual(ended)
  })

  it('a late refusal of a session that was replaced meanwhile does not end the new one', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, reporting)
    const two = world.tab({}, { methods: [] })
    world.server.reply = () => ({ after: 6 * SECOND, fails: new SessionError('rejected') })
    await work(world, [one], 5 * MINUTE + 5 * SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'keepAlive', from: 'tab 1' }])
    world.deafen()
    await world.until(two.session.signIn(world.grant()))
    await world.advance(10 * SECOND)
    for (const tab of [one, two]) expect(tab.session.check()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })

  it('a late call that was owed to an ended session is not made for the next one', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, reporting)
    world.server.reply = () => ({ fails: new SessionError('server') })
    await work(world, [tab], 5 * MINUTE + 5 * SECOND)
    await world.until(tab.session.signOut())
    world.server.reply = () => ({})
    await world.until(tab.session.signIn(world.grant()))
    const { length } = world.server.calls
    await world.advance(4 * MINUTE)
    tab.hint('focus')
    await world.advance(SECOND)
    expect(world.server.calls).toHaveLength(length)
  })
})

describe('input in a tab whose clock is 1.5 s ahead, which one machine allows', () => {
  /** A tab that can call the server, and one that cannot and whose clock is ahead. */
  const twoTabs = async (options: SessionOptions, methods: readonly ServerMethod[]): Promise<[World, Tab, Tab]> => {
    const ahead = (clock: Clock): Clock => ({ ...clock, wall: clock.wall + 1500 })
    const world = createWorld({
      ports: (own, { name }) =>
        name === 'tab 2' ? { ...own, clock: () => ahead(own.clock()), wallNow: () => own.wallNow() + 1500 } : own,
    })
    const behind = await world.signedIn(options, { methods })
    return [world, behind, world.tab(options, { methods: [] })]
  }

  it('I16: input in a tab whose clock is 1.5 s ahead is reported to the server once', async () => {
    const [world, , ahead] = await twoTabs({ keepAliveEvery: '1m' }, ['keepAlive'])
    await world.advance(2 * MINUTE)
    ahead.input()
    await world.advance(SECOND)
    expect(world.server.calls).toHaveLength(1)
    await world.advance(10 * MINUTE)
    expect(world.server.calls).toHaveLength(1)
  })

  it('I16: input in a tab whose clock is 1.5 s ahead closes no server warning by a second call', async () => {
    const [world, behind, ahead] = await twoTabs({ keepAliveEvery: '5m', warnBefore: '2m' }, ['keepAlive'])
    world.server.times = { idleExpiresIn: 6 * 60 }
    await world.advance(5 * MINUTE)
    ahead.input()
    await world.advance(SECOND)
    behind.takeEvents()
    await world.advance(7 * MINUTE)
    expect(behind.takeEvents().map(({ type }) => type)).toEqual(['warning', 'signedOut'])
  })

  it('input in a tab whose clock is 1.5 s ahead is reported again once if the first call failed', async () => {
    const [world, , ahead] = await twoTabs({ keepAliveEvery: '1m' }, ['keepAlive'])
    let fails = true
    world.server.reply = () => (fails ? { fails: new SessionError('server') } : {})
    await world.advance(2 * MINUTE)
    ahead.input()
    await world.advance(100)
    fails = false
    await world.advance(10 * MINUTE)
    expect(world.server.calls.map(({ at }) => at - world.server.calls[0]!.at)).toEqual([0, 720])
  })

  it('I16: input in a tab whose clock is 1.5 s ahead causes no background refresh of newer tokens', async () => {
    const [world, behind, ahead] = await twoTabs({ idleTimeout: '1h' }, ['refresh'])
    await world.advance(2 * MINUTE)
    ahead.input()
    await world.until(behind.session.getAccessToken({ forceRefresh: true }))
    await world.advance(30 * MINUTE)
    expect(world.server.calls).toHaveLength(1)
  })
})
