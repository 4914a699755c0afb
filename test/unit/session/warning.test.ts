import { describe, expect, it, vi } from 'vitest'
import { createWorld, HOUR, MINUTE, SECOND, type Tab, type World } from './world.js'

const wall = (world: World): number => world.time.clock().wall
const kinds = (tab: Tab): string[] => tab.takeEvents().flatMap(({ type }) => (type === 'refreshed' ? [] : [type]))

describe('without activity', () => {
  it('I17: a session without activity warns in all tabs at warnBefore, and ends in all, once each', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const { warnAt, endAt } = one.session.deadlines()!
    expect(endAt - warnAt).toBe(2 * MINUTE)
    await world.advance(warnAt - wall(world) - 1)
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    await world.advance(1)
    for (const tab of [one, two]) {
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endAt, endsBy: 'idle', canExtend: true })
      expect(tab.takeEvents().filter(({ type }) => type !== 'refreshed')).toEqual([
        { type: 'warning', endAt, canExtend: true },
      ])
    }
    await world.advance(2 * MINUTE - 1)
    expect([one.phase(), two.phase()]).toEqual(['warning', 'warning'])
    await world.advance(1)
    for (const tab of [one, two]) {
      expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
      expect(kinds(tab)).toEqual(['signedOut'])
      expect(tab.session.deadlines()).toBeNull()
    }
  })

  it('I17: a session warns of the absolute end, which neither extend() nor activity moves', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: '1h' })
    for (let i = 0; i < 58; i++) {
      tab.input()
      await world.advance(MINUTE)
    }
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'absolute', canExtend: false })
    expect(tab.takeEvents().at(-1)).toMatchObject({ type: 'warning', canExtend: false })
    expect(await world.until(tab.session.extend())).toBe(false)
    tab.input()
    await world.advance(2 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('I3: an active user is not signed out as idle during the warning of the absolute end', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '5m', absoluteTimeout: '1h', warnBefore: '5m' })
    for (let i = 0; i < 60; i++) {
      tab.input()
      await world.advance(MINUTE)
    }
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('a session warns once more when its warning becomes one that cannot be extended', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '10m', warnBefore: '4m', absoluteTimeout: '12m' })
    await world.advance(6 * MINUTE)
    expect(tab.takeEvents()).toMatchObject([{ type: 'warning', canExtend: true }])
    await world.advance(2.5 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ endsBy: 'idle' })
    expect(await world.until(tab.session.extend())).toBe(true)
    expect(tab.session.getSnapshot()).toMatchObject({ endsBy: 'absolute', canExtend: false })
    expect(kinds(tab)).toEqual(['warning'])
  })

  it('a session does not warn again when its warning becomes one that can be extended', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ warnBefore: '4m' }, { methods: ['check'] })
    world.server.times = { absoluteExpiresIn: 200 }
    await world.advance(11 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'server' })
    expect(kinds(tab)).toEqual(['warning'])
    world.server.times = { absoluteExpiresIn: 3600 }
    await world.advance(200 * SECOND)
    expect(kinds(tab)).not.toContain('warning')
  })

  it('a session never warns before halfway', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '4m', warnBefore: '4m' })
    const { warnAt, endAt } = tab.session.deadlines()!
    expect(endAt - warnAt).toBe(2 * MINUTE)
  })

  it('a session warns a third of a short timeout before its end by default', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '3m' })
    const { warnAt, endAt } = tab.session.deadlines()!
    expect(endAt - warnAt).toBe(MINUTE)
  })

  it('a session ends without a warning if warnBefore is zero', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ warnBefore: 0 })
    await world.advance(15 * MINUTE)
    expect(kinds(tab)).toEqual(['signedOut'])
  })
})

describe('extend()', () => {
  it('extend() in one tab closes the warning in all, with a full idle timeout from now', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(14 * MINUTE)
    expect([kinds(one), kinds(two)]).toEqual([['warning'], ['warning']])
    expect(await world.until(two.session.extend())).toBe(true)
    await world.advance(10)
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(one.takeEvents()).toEqual([{ type: 'extended', by: 'user', where: 'elsewhere' }])
    expect(two.takeEvents()).toEqual([{ type: 'extended', by: 'user', where: 'here' }])
    expect(one.session.deadlines()!.endAt - wall(world)).toBe(15 * MINUTE - 15)
  })

  it('extend() takes effect in the task of the call', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(14 * MINUTE)
    const extended = tab.session.extend()
    expect(tab.phase()).toBe('active')
    expect(await extended).toBe(true)
  })

  it('extend() works eleven times in a row', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    for (let i = 0; i < 11; i++) {
      await world.advance(14 * MINUTE)
      expect(tab.phase()).toBe('warning')
      expect(await world.until(tab.session.extend())).toBe(true)
      expect(tab.phase()).toBe('active')
    }
    expect(kinds(tab)).toEqual(Array.from({ length: 11 }, () => ['warning', 'extended']).flat())
  })

  it('extend() also counts before the warning', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(5 * MINUTE)
    expect(await world.until(tab.session.extend())).toBe(true)
    expect(tab.session.deadlines()!.endAt - wall(world)).toBe(15 * MINUTE - 5)
  })

  it('I1: extend() is refused at and past the deadline, also in a dialog left open over a sleep', async () => {
    for (const late of [0, 1, HOUR]) {
      const world = createWorld()
      const tab = await world.signedIn()
      await world.advance(14 * MINUTE)
      world.sleep(tab.session.deadlines()!.endAt - wall(world) + late)
      expect(await world.until(tab.session.extend())).toBe(false)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    }
  })

  it('extend() is refused if nobody is signed in', async () => {
    const tab = createWorld().tab()
    expect(await tab.session.extend()).toBe(false)
  })

  it('I5: extend() never revives a session that another tab ended, with or without a message', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(14 * MINUTE)
    world.deafen()
    void one.session.signOut()
    expect(await world.until(two.session.extend())).toBe(false)
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })
})

describe('ordinary activity while warned', () => {
  it('activity during a warning is ignored by default: only an answer extends the session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(13 * MINUTE)
    const { endAt } = tab.session.deadlines()!
    for (let i = 0; i < 60; i++) {
      tab.input()
      tab.session.touch()
      await world.advance(SECOND)
    }
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endAt })
  })

  it('activity during a warning extends if the option says so, and is reported as activity', async () => {
    const world = createWorld()
    const one = await world.signedIn({ activityDuringWarning: 'extend' })
    const two = world.tab({ activityDuringWarning: 'extend' })
    await world.advance(14 * MINUTE)
    two.takeEvents()
    one.takeEvents()
    one.input()
    expect(one.phase()).toBe('active')
    await world.advance(10)
    expect(one.takeEvents()).toEqual([{ type: 'extended', by: 'activity', where: 'here' }])
    expect(two.takeEvents()).toEqual([{ type: 'extended', by: 'activity', where: 'elsewhere' }])
  })

  it('activity during a warning counts again as soon as the warning is answered', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(14 * MINUTE)
    tab.input()
    await world.until(tab.session.extend())
    await world.advance(5 * MINUTE)
    tab.input()
    expect(tab.session.deadlines()!.endAt).toBe(wall(world) + 15 * MINUTE)
  })
})

describe('subscribers', () => {
  it('subscribers are called after each change of the snapshot, in order, and not after their undo', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const order: string[] = []
    const undo = tab.session.subscribe(() => order.push(tab.phase()))
    const gone = vi.fn()
    const undoGone = tab.session.subscribe(gone)
    undoGone()
    undoGone()
    tab.session.on('warning', () => order.push('warned'))
    await world.advance(13 * MINUTE)
    expect(order).toEqual(['warning', 'warned'])
    undo()
    await world.advance(2 * MINUTE)
    expect(order).toEqual(['warning', 'warned'])
    expect(gone).not.toHaveBeenCalled()
  })

  it('subscribers get the events of a listener’s own calls after the event that it is handling', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const order: string[] = []
    tab.session.on('warning', () => {
      void tab.session.extend()
      order.push('first hears of the warning')
    })
    tab.session.on('warning', () => order.push('second hears of the warning'))
    tab.session.on('extended', () => order.push('both hear of the answer'))
    await world.advance(13 * MINUTE + SECOND)
    expect(order).toEqual(['first hears of the warning', 'second hears of the warning', 'both hear of the answer'])
  })

  it('subscribers that are removed by one called before them are not called', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const second = vi.fn()
    tab.session.on('warning', () => undo())
    const undo = tab.session.on('warning', second)
    await world.advance(13 * MINUTE)
    expect(second).not.toHaveBeenCalled()
  })

  it('subscribers may listen twice with one function, and undo each by itself', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const listener = vi.fn()
    const undo = tab.session.on('warning', listener)
    tab.session.on('warning', listener)
    undo()
    await world.advance(13 * MINUTE)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('subscribers of steps get each with its cause and the record, and no token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const causes: string[] = []
    const undo = tab.session.inspect(({ cause, at, before, after, record }) => {
      expect(at).toBe(wall(world))
      expect([before.phase, after.phase]).not.toContain('loading')
      expect(JSON.stringify(record)).not.toMatch(/access|refresh-/)
      causes.push(cause)
    })
    tab.input()
    tab.hint('focus')
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.until(tab.session.signOut())
    for (const cause of ['activity', 'focus', 'refreshed', 'signOut']) expect(causes).toContain(cause)
    undo()
    const { length } = causes
    tab.hint('focus')
    expect(causes).toHaveLength(length)
  })
})
