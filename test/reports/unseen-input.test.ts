import { describe, expect, it } from 'vitest'
import { createWorld } from '../unit/session/world.js'

describe('input that a page gets without events', () => {
  // There, a person with a game controller counted as idle, because its buttons cause no event: a page reads its state in each frame.
  // Right: the page calls `touch()`, any number of times, at no cost.
  it('xanderfrangos/twinkle-tray#974: input without events is activity if the page calls touch()', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
    for (let second = 0; second < 1200; second++) {
      // In each frame the page finds a pressed button.
      for (let frame = 0; frame < 60; frame++) tab.session.touch()
      await world.advance('1s')
    }
    expect(tab.phase()).toBe('active')
    expect(tab.timers()).toBe(1)
    await world.advance('13m')
    expect(tab.phase()).toBe('warning')
  })
})
