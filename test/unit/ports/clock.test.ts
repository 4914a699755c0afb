import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { after, readClock } from '../../../src/ports/clock.js'

const DAY = 864e5

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the timer', () => {
  it('rings once, never early', () => {
    const rang = vi.fn()
    after(1000.2, rang)
    vi.advanceTimersByTime(1000)
    expect(rang).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(rang).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(DAY)
    expect(rang).toHaveBeenCalledTimes(1)
  })

  it('I1: of thirty days does not ring at once, as browsers would have it, but in less than twenty-five', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const rang = vi.fn()
    after(30 * DAY, rang)
    expect(set.mock.lastCall![1]).toBe(2 ** 31 - 1)
    vi.advanceTimersByTime(24 * DAY)
    expect(rang).not.toHaveBeenCalled()
  })

  it.each([0, -5])('of %i ms rings in a later turn', (ms) => {
    const rang = vi.fn()
    after(ms, rang)
    expect(rang).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(rang).toHaveBeenCalledTimes(1)
  })

  it('does not ring after its undo, which may be called twice', () => {
    const rang = vi.fn()
    const undo = after(10, rang)
    undo()
    undo()
    vi.advanceTimersByTime(DAY)
    expect(rang).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('the clock reads the wall and a clock that nobody can set', () => {
  const before = readClock()
  vi.setSystemTime(0)
  const after = readClock()
  expect(before.wall).toBe(1_800_000_000_000)
  expect(after.wall).toBe(0)
  expect(after.mono).toBe(before.mono)
})
