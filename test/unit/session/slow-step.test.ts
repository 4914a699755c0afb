import { describe, expect, it } from 'vitest'
import type { Tab } from '../../../src/testing.js'
import { createWorld, MINUTE, outcome, SECOND } from './world.js'

/** After the next reading of the clock `ms` pass, in the middle of a step of the tab. */
function slowDown(tab: Tab, ms: number): void {
  const { clock } = tab.ports
  let late = 0
  Object.assign(tab.ports, {
    clock: () => {
      const { wall, mono } = clock()
      const seen = { wall: wall + late, mono: mono + late }
      late = ms
      return seen
    },
  })
}

describe('a slow step', () => {
  it('I17: a warning that falls due in the middle of a slow step comes right after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: 10 * MINUTE, warnBefore: MINUTE, absoluteTimeout: false })
    await world.advance((tab.session.deadlines()?.warnAt ?? 0) - world.time.clock().wall - 5)
    slowDown(tab, 20)
    tab.session.check()
    expect(tab.phase()).toBe('active')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('warning')
  })

  it('I1: an end that falls due in the middle of a slow step comes right after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: 10 * MINUTE, warnBefore: MINUTE, absoluteTimeout: false })
    await world.advance((tab.session.deadlines()?.endAt ?? 0) - world.time.clock().wall - 5)
    slowDown(tab, 20)
    tab.session.check()
    expect(tab.phase()).toBe('warning')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('signedOut')
  })

  it('I8: a query that ends in the middle of a slow step is over right after it', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    await world.advance(295)
    slowDown(tab, 20)
    tab.session.check()
    expect(tab.phase()).toBe('loading')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('signedOut')
  })

  it('extend() is false where the end falls due between its two looks at the clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: false }, { methods: ['keepAlive'] })
    await world.advance((tab.session.deadlines()?.endAt ?? 0) - world.time.clock().wall - 5)
    slowDown(tab, 20)
    expect(await outcome(tab.session.extend())).toBe(false)
  })
})
