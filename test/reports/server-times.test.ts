import { describe, expect, it } from 'vitest'
import { createWorld, MINUTE, SECOND, type Tab, type World } from '../unit/session/world.js'

/** A tab that has just asked how long is left, and was answered `times`. */
async function asked(times: unknown): Promise<{ world: World; tab: Tab }> {
  const world = createWorld()
  world.server.times = times as object
  const tab = await world.signedIn({ idleTimeout: '15m' }, { methods: ['check'] })
  await world.advance('20s')
  tab.hint('focus')
  await world.advance('1s')
  expect(world.server.count('check')).toBe(1)
  return { world, tab }
}

describe('a server that says in other words how long is left', () => {
  // There numbers came as text, and what was reckoned with them was none. Right: text that is a number is that number.
  it.each([
    [{ idleExpiresIn: '300' }, 300 * SECOND],
    [{ absoluteExpiresIn: '60.5' }, 60.5 * SECOND],
  ])('lidge-jun/opencodex#1417: a server’s remaining time is understood in the form %o', async (times, left) => {
    const { world, tab } = await asked(times)
    // Said when it was asked, a second ago.
    expect(tab.session.deadlines()!.endAt - world.time.clock().wall).toBe(left - SECOND)
  })

  it.each([
    { idleExpiresIn: '' },
    { idleExpiresIn: 'soon' },
    { idleExpiresIn: null },
    { idleExpiresIn: [60] },
    { idleExpiresIn: -1 },
    { absoluteExpiresIn: '-1' },
    'text',
    5,
  ])('a server’s remaining time counts as absent in the form %o', async (times) => {
    const { world, tab } = await asked(times)
    expect(tab.session.deadlines()!.endAt - world.time.clock().wall).toBe(15 * MINUTE - 21 * SECOND - 14)
  })
})
