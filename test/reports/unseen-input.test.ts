import { describe, expect, it } from 'vitest'
import { createWorld } from '../unit/session/world.js'

describe('input that a page gets without events', () => {
  // There a person with a game controller was idle, for its buttons cause no event. A page asks it for its state in each frame. Right:
  // what the page finds out it can tell, as often as it likes, and it costs nothing.
  it('xanderfrangos/twinkle-tray#974: input without events is activity if the page calls touch()', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
    for (let second = 0; second < 1200; second++) {
      // Each frame that shows a pressed button.
      for (let frame = 0; frame < 60; frame++) tab.session.touch()
      await world.advance('1s')
    }
    expect(tab.phase()).toBe('active')
    expect(tab.timers()).toBe(1)
    await world.advance('13m')
    expect(tab.phase()).toBe('warning')
  })
})
