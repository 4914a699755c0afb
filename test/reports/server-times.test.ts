import { describe, expect, it } from 'vitest'
import { createWorld, MINUTE, SECOND, type Tab, type World } from '../unit/session/world.js'

/** A tab that has just called `check`, which returned `times`. */
async function checked(times: unknown): Promise<{ world: World; tab: Tab }> {
  const world = createWorld()
  world.server.times = times as object
  const tab = await world.signedIn({ idleTimeout: '15m' }, { methods: ['check'] })
  await world.advance('20s')
  tab.hint('focus')
  await world.advance('1s')
  expect(world.server.count('check')).toBe(1)
  return { world, tab }
}

describe('a server that writes the remaining time in another form', () => {
  // There, numbers came as strings, and calculations with them gave no number. Right: a numeric string counts as its number.
  it.each([
    [{ idleExpiresIn: '300' }, 300 * SECOND],
    [{ absoluteExpiresIn: '60.5' }, 60.5 * SECOND],
  ])('lidge-jun/opencodex#1417: a server’s remaining time is understood in the form %o', async (times, left) => {
    const { world, tab } = await checked(times)
    // The time counts from the call, which was a second ago.
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
    const { world, tab } = await checked(times)
    expect(tab.session.deadlines()!.endAt - world.time.clock().wall).toBe(15 * MINUTE - 21 * SECOND - 14)
  })
})
