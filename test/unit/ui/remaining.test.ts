// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createSession } from '../../../src/index.js'
import { createSessionWith } from '../../../src/testing.js'
import type { Session, Snapshot } from '../../../src/types.js'
import { remainingSeconds, watchRemaining } from '../../../src/countdown.js'
import { createWorld, START, type World } from '../session/world.js'
import { hide, MINUTE, pass, settle, untilWarned, usePage } from './page.js'

const page = usePage()
const warned = (): Promise<void> => untilWarned(page.session)

describe('the seconds that remain', () => {
  it('are null while nobody is warned, and whole seconds while one is, the begun one included', async () => {
    expect(remainingSeconds(page.session)).toBeNull()
    await warned()
    expect(remainingSeconds(page.session)).toBe(120)
    await pass(1)
    expect(remainingSeconds(page.session)).toBe(120)
    await pass(999)
    expect(remainingSeconds(page.session)).toBe(119)
    await page.session.signOut()
    expect(remainingSeconds(page.session)).toBeNull()
  })

  it('are never less than none, where the page wakes past the end and nobody has looked yet', async () => {
    await warned()
    vi.setSystemTime(Date.now() + MINUTE * 60)
    expect(remainingSeconds(page.session)).toBe(0)
  })

  it('are null on a server, where nothing of a page is touched', () => {
    vi.stubGlobal('document', undefined)
    const onServer = createSession()
    const listener = vi.fn()
    const undo = watchRemaining(onServer, listener)
    expect(remainingSeconds(onServer)).toBeNull()
    undo()
    vi.unstubAllGlobals()
    expect(vi.getTimerCount()).toBe(1)
  })
})

describe('who watches', () => {
  it('is told once a second, at the turn of the second, until the end', async () => {
    const told: (number | null)[] = []
    watchRemaining(page.session, () => told.push(remainingSeconds(page.session)))
    await warned()
    expect(told).toEqual([120])
    await pass(999)
    expect(told).toEqual([120])
    await pass(1)
    expect(told).toEqual([120, 119])
    await pass(2 * MINUTE)
    expect(told).toHaveLength(121)
    expect(told.slice(-3)).toEqual([2, 1, null])
  })

  it('is told at the turn of the second also if it begins in the middle of one', async () => {
    await warned()
    await pass(300)
    const listener = vi.fn()
    watchRemaining(page.session, listener)
    await settle()
    listener.mockClear()
    await pass(699)
    expect(listener).not.toHaveBeenCalled()
    await pass(1)
    expect(listener).toHaveBeenCalledOnce()
  })

  it('shares one timer with all others, and there is none before a warning and after it', async () => {
    const undos = [1, 2, 3].map(() => watchRemaining(page.session, () => undefined))
    const ofSession = vi.getTimerCount()
    expect(ofSession).toBe(1)
    await warned()
    expect(vi.getTimerCount()).toBe(2)
    await page.session.extend()
    expect(vi.getTimerCount()).toBe(1)
    await warned()
    expect(vi.getTimerCount()).toBe(2)
    for (const undo of undos) undo()
    expect(vi.getTimerCount()).toBe(1)
  })

  it('is not told any more after its undo, which may be called twice and takes nobody else along', async () => {
    const [one, two] = [vi.fn(), vi.fn()]
    const undo = watchRemaining(page.session, one)
    watchRemaining(page.session, two)
    watchRemaining(page.session, one)
    undo()
    undo()
    await warned()
    expect(one).toHaveBeenCalledOnce()
    expect(two).toHaveBeenCalledOnce()
  })

  it('is not told when its undo comes between the turn of the second and the telling', async () => {
    await warned()
    const listener = vi.fn()
    const undo = watchRemaining(page.session, listener)
    undo()
    await settle()
    expect(listener).not.toHaveBeenCalled()
  })

  it('may begin again after the last one has gone', async () => {
    watchRemaining(page.session, () => undefined)()
    const listener = vi.fn()
    watchRemaining(page.session, listener)
    await warned()
    expect(listener).toHaveBeenCalledOnce()
  })

  it('rests while the page is hidden, and is told the truth when it is shown', async () => {
    const told: (number | null)[] = []
    watchRemaining(page.session, () => told.push(remainingSeconds(page.session)))
    await warned()
    hide(true)
    expect(vi.getTimerCount()).toBe(1)
    await pass(5500)
    expect(told).toEqual([120])
    hide(false)
    await settle()
    expect(told).toEqual([120, 115])
    await pass(500)
    expect(told).toEqual([120, 115, 114])
  })

  it('hears of an answer in another tab, and of a new warning', async () => {
    const told: (number | null)[] = []
    watchRemaining(page.session, () => told.push(remainingSeconds(page.session)))
    await warned()
    await page.session.extend()
    await settle()
    await pass(5000)
    expect(told).toEqual([120, null])
    await pass(13 * MINUTE - 5000)
    expect(told).toEqual([120, null, 120])
  })

  it('waits for the rest of the second where the timer rings too early', async () => {
    await warned()
    const listener = vi.fn()
    watchRemaining(page.session, listener)
    await settle()
    listener.mockClear()
    // The clock is set back by half a second behind the timer's back.
    vi.setSystemTime(Date.now() - 500)
    await pass(1000)
    expect(listener).not.toHaveBeenCalled()
    await pass(500)
    expect(listener).toHaveBeenCalledOnce()
  })

  it('is told even if one before it throws', async () => {
    const thrown = vi.fn()
    process.once('uncaughtException', thrown)
    const listener = vi.fn()
    watchRemaining(page.session, () => {
      throw new Error('of the application')
    })
    watchRemaining(page.session, listener)
    await warned()
    expect(listener).toHaveBeenCalledOnce()
    expect(thrown).toHaveBeenCalledOnce()
  })
})

describe('a session in a world of its own', () => {
  // This computer's clock and timers stand still.
  beforeEach(() => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 })
  })
  async function warnedIn(world: World): Promise<Session> {
    const { session } = await world.signedIn({ idleTimeout: '100s', warnBefore: '50s', absoluteTimeout: false })
    await world.advance('50s')
    return session
  }

  it('has a countdown by the clock of that world, though nobody watches it', async () => {
    const world = createWorld()
    const session = await warnedIn(world)
    expect(remainingSeconds(session)).toBe(50)
    await world.advance('30s')
    expect(remainingSeconds(session)).toBe(20)
  })

  it('calls the listeners of its countdown by the timers of that world', async () => {
    const world = createWorld()
    const session = await warnedIn(world)
    const told: (number | null)[] = []
    watchRemaining(session, () => told.push(remainingSeconds(session)))
    const before = vi.getTimerCount()
    await world.advance('3s')
    expect(told).toEqual([50, 49, 48, 47])
    await world.advance('47s')
    expect(told.slice(-2)).toEqual([1, null])
    expect(vi.getTimerCount()).toBe(before)
  })

  it('has the same countdown where there is no document', async () => {
    const world = createWorld()
    const session = await warnedIn(world)
    vi.stubGlobal('document', undefined)
    const told: (number | null)[] = []
    watchRemaining(session, () => told.push(remainingSeconds(session)))
    await world.advance('2s')
    expect(told).toEqual([50, 49, 48])
    vi.unstubAllGlobals()
  })

  it('has a countdown by the clock of ports that an application put together', async () => {
    const page = createWorld().page()
    const wall = vi.fn(page.ports.wallNow)
    const session = createSessionWith({ ...page.ports, wallNow: wall }, { idleTimeout: '100s', warnBefore: '50s' })
    vi.spyOn(session, 'getSnapshot').mockReturnValue({ phase: 'warning', endAt: START + 9e3 } as Snapshot)
    wall.mockReturnValue(START)
    expect(remainingSeconds(session)).toBe(9)
  })

  it('has the same countdown in a copy and in a proxy, as frameworks make them', async () => {
    const world = createWorld()
    const session = await warnedIn(world)
    await world.advance('30s')
    expect(remainingSeconds({ ...session })).toBe(20)
    expect(remainingSeconds(new Proxy(session, {}))).toBe(20)
  })

  it('has a countdown that stands still while its page is frozen', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '100s', warnBefore: '50s', absoluteTimeout: false })
    await world.advance('50s')
    const listener = vi.fn()
    watchRemaining(tab.session, listener)
    await world.advance(0)
    listener.mockClear()
    tab.frozen = true
    await world.advance('10s')
    expect(listener).not.toHaveBeenCalled()
  })
})
