// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Session, SessionStep, Snapshot } from '../../../src/types.js'
import { remainingOf, watchRemaining } from '../../../src/ui/remaining.js'
import { createWorld, MINUTE } from '../session/world.js'
import { createSession } from '../../../src/index.js'

const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0)
}
const hide = (hidden: boolean): void => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden)
  document.dispatchEvent(new Event('visibilitychange'))
}

let session: Session
beforeEach(async () => {
  vi.useFakeTimers()
  localStorage.clear()
  session = createSession({ idleTimeout: '15m', warnBefore: '2m' })
  // Without Web Locks the lease takes a moment.
  const signedIn = session.signIn()
  await vi.advanceTimersByTimeAsync(MINUTE)
  await signedIn
})
afterEach(() => {
  session.destroy()
  vi.restoreAllMocks()
  vi.useRealTimers()
})
/** Lets time pass until a warning has just begun, with two minutes left. */
const warned = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(session.deadlines()!.warnAt - Date.now())
  expect(session.getSnapshot().phase).toBe('warning')
}

describe('the seconds that remain', () => {
  it('are null while nobody is warned, and whole seconds while one is, the begun one included', async () => {
    expect(remainingOf(session)).toBeNull()
    await warned()
    expect(remainingOf(session)).toBe(120)
    await vi.advanceTimersByTimeAsync(1)
    expect(remainingOf(session)).toBe(120)
    await vi.advanceTimersByTimeAsync(999)
    expect(remainingOf(session)).toBe(119)
    await session.signOut()
    expect(remainingOf(session)).toBeNull()
  })

  it('are never less than none, where the page wakes past the end and nobody has looked yet', async () => {
    await warned()
    vi.setSystemTime(Date.now() + MINUTE * 60)
    expect(remainingOf(session)).toBe(0)
  })

  it('are null on a server, where nothing of a page is touched', () => {
    vi.stubGlobal('document', undefined)
    const onServer = createSession()
    const listener = vi.fn()
    const undo = watchRemaining(onServer, listener)
    expect(remainingOf(onServer)).toBeNull()
    undo()
    vi.unstubAllGlobals()
    expect(vi.getTimerCount()).toBe(1)
  })
})

describe('who watches', () => {
  it('is told once a second, at the turn of the second, until the end', async () => {
    const told: (number | null)[] = []
    watchRemaining(session, () => told.push(remainingOf(session)))
    await warned()
    expect(told).toEqual([120])
    await vi.advanceTimersByTimeAsync(999)
    expect(told).toEqual([120])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual([120, 119])
    await vi.advanceTimersByTimeAsync(2 * MINUTE)
    expect(told).toHaveLength(121)
    expect(told.slice(-3)).toEqual([2, 1, null])
  })

  it('is told at the turn of the second also if it begins in the middle of one', async () => {
    await warned()
    await vi.advanceTimersByTimeAsync(300)
    const listener = vi.fn()
    watchRemaining(session, listener)
    await settle()
    listener.mockClear()
    await vi.advanceTimersByTimeAsync(699)
    expect(listener).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(listener).toHaveBeenCalledOnce()
  })

  it('shares one timer with all others, and there is none before a warning and after it', async () => {
    const undos = [1, 2, 3].map(() => watchRemaining(session, () => undefined))
    const ofSession = vi.getTimerCount()
    expect(ofSession).toBe(1)
    await warned()
    expect(vi.getTimerCount()).toBe(2)
    await session.extend()
    expect(vi.getTimerCount()).toBe(1)
    await warned()
    expect(vi.getTimerCount()).toBe(2)
    for (const undo of undos) undo()
    expect(vi.getTimerCount()).toBe(1)
  })

  it('is not told any more after its undo, which may be called twice and takes nobody else along', async () => {
    const [one, two] = [vi.fn(), vi.fn()]
    const undo = watchRemaining(session, one)
    watchRemaining(session, two)
    watchRemaining(session, one)
    undo()
    undo()
    await warned()
    expect(one).toHaveBeenCalledOnce()
    expect(two).toHaveBeenCalledOnce()
  })

  it('is not told when its undo comes between the turn of the second and the telling', async () => {
    await warned()
    const listener = vi.fn()
    const undo = watchRemaining(session, listener)
    undo()
    await settle()
    expect(listener).not.toHaveBeenCalled()
  })

  it('may begin again after the last one has gone', async () => {
    watchRemaining(session, () => undefined)()
    const listener = vi.fn()
    watchRemaining(session, listener)
    await warned()
    expect(listener).toHaveBeenCalledOnce()
  })

  it('rests while the page is hidden, and is told the truth when it is shown', async () => {
    const told: (number | null)[] = []
    watchRemaining(session, () => told.push(remainingOf(session)))
    await warned()
    hide(true)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(5500)
    expect(told).toEqual([120])
    hide(false)
    await settle()
    expect(told).toEqual([120, 115])
    await vi.advanceTimersByTimeAsync(500)
    expect(told).toEqual([120, 115, 114])
  })

  it('hears of an answer in another tab, and of a new warning', async () => {
    const told: (number | null)[] = []
    watchRemaining(session, () => told.push(remainingOf(session)))
    await warned()
    await session.extend()
    await settle()
    await vi.advanceTimersByTimeAsync(5000)
    expect(told).toEqual([120, null])
    await vi.advanceTimersByTimeAsync(13 * MINUTE - 5000)
    expect(told).toEqual([120, null, 120])
  })

  it('waits for the rest of the second where the timer rings too early', async () => {
    await warned()
    const listener = vi.fn()
    watchRemaining(session, listener)
    await settle()
    listener.mockClear()
    // The clock is set back by half a second behind the timer's back.
    vi.setSystemTime(Date.now() - 500)
    await vi.advanceTimersByTimeAsync(1000)
    expect(listener).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(500)
    expect(listener).toHaveBeenCalledOnce()
  })

  it('is told even if one before it throws', async () => {
    const thrown = vi.fn()
    process.once('uncaughtException', thrown)
    const listener = vi.fn()
    watchRemaining(session, () => {
      throw new Error('of the application')
    })
    watchRemaining(session, listener)
    await warned()
    expect(listener).toHaveBeenCalledOnce()
    expect(thrown).toHaveBeenCalledOnce()
  })
})

describe('a session in a world of its own', () => {
  it('counts by the clock of that world', async () => {
    vi.useRealTimers()
    const world = createWorld()
    const tab = await world.signedIn()
    watchRemaining(tab.session, () => undefined)
    await world.advance(13 * MINUTE)
    expect(remainingOf(tab.session)).toBe(120)
    await world.advance(MINUTE)
    tab.session.check()
    expect(remainingOf(tab.session)).toBe(60)
  })

  it('does not take a step that is told late for another clock', () => {
    const now = Date.now()
    let step: (step: SessionStep) => void = () => undefined
    const snapshot = { phase: 'warning', endAt: now + 50e3 } as Snapshot
    const slow = {
      getSnapshot: () => snapshot,
      inspect: (listener: typeof step) => {
        step = listener
        return () => undefined
      },
    } as unknown as Session
    const undo = watchRemaining(slow, () => undefined)
    step({ cause: 'refreshed', at: now - 25e3, before: snapshot, after: snapshot, record: null })
    expect(remainingOf(slow)).toBe(50)
    undo()
  })
})
