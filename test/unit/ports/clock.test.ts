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
  it('a timer fires once, never early', () => {
    const fired = vi.fn()
    after(1000.2, fired)
    vi.advanceTimersByTime(1000)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(fired).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(DAY)
    expect(fired).toHaveBeenCalledTimes(1)
  })

  it('I1: a timer of thirty days fires within 25 days, and not at once as in browsers', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const fired = vi.fn()
    after(30 * DAY, fired)
    expect(set.mock.lastCall![1]).toBe(2 ** 31 - 1)
    vi.advanceTimersByTime(24 * DAY)
    expect(fired).not.toHaveBeenCalled()
  })

  it.each([0, -5])('a timer of %i ms fires in a later task', (ms) => {
    const fired = vi.fn()
    after(ms, fired)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(fired).toHaveBeenCalledTimes(1)
  })

  it('a timer does not fire after its undo, which may be called twice', () => {
    const fired = vi.fn()
    const undo = after(10, fired)
    undo()
    undo()
    vi.advanceTimersByTime(DAY)
    expect(fired).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('the clock reads the wall clock and a monotonic clock that nobody can set', () => {
  const before = readClock()
  vi.setSystemTime(0)
  const after = readClock()
  expect(before.wall).toBe(1_800_000_000_000)
  expect(after.wall).toBe(0)
  expect(after.mono).toBe(before.mono)
})
