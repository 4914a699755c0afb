import { afterEach, describe, expect, it, vi } from 'vitest'
import { remainingSeconds, watchRemaining } from '../../src/countdown.js'
import { countInTitle } from '../../src/ui/dialog/title-countdown.js'
import { createWorld, type World, type Tab } from '../unit/session/world.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A tab that has been warned for ten seconds of two minutes, and what its countdown shows. */
async function warned(): Promise<{ world: World; tab: Tab; shown: (number | null)[] }> {
  const world = createWorld()
  const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
  const shown: (number | null)[] = []
  watchRemaining(tab.session, () => shown.push(remainingSeconds(tab.session)))
  await world.advance('13m')
  await world.advance('10s')
  expect(tab.visible()).toBe('warning')
  return { world, tab, shown }
}

describe('the clocks while the user is warned', () => {
  // There, a countdown that had slept with the machine knew nothing of the time that had passed. Here the countdown's timer rings soon
  // after the machine wakes, and the session's own only after what was left of the warning: the page went on without dialog and end.
  it('jamf/JAWA#67: a page whose countdown rings past the end shows the session no longer', async () => {
    const { world, tab, shown } = await warned()
    world.sleep('8h')
    await world.advance('2s')
    expect(shown.at(-1)).toBeNull()
    expect(tab.takeEvents().at(-1)).toMatchObject({ type: 'signedOut', reason: 'idle' })
  })

  // There, a timer jumped by as much as the clock was set. Here the countdown said "62 minutes" to somebody who had less than two.
  it('Max-Herbold/AllCallTimersDiscordPlugin#59, albert-gonzalez/easytimer.js#101: a countdown goes on after the clock was set back', async () => {
    const { world, tab, shown } = await warned()
    expect(shown.at(-1)).toBe(110)
    world.setClock(-36e5)
    await world.advance('5s')
    expect(shown.at(-1)).toBe(105)
    await world.advance('105s')
    expect(tab.visible()).toBe('signedOut')
  })

  it('the same in the title of a page in the background', async () => {
    const { world, tab } = await warned()
    const page = { hidden: true, title: 'Orders' }
    vi.stubGlobal('document', page)
    const undo = countInTitle(tab.session, 'still there?')
    expect(page.title).toBe('1:50 · still there?')
    world.setClock(-36e5)
    await world.advance('5s')
    expect(page.title).toBe('1:46 · still there?')
    world.sleep('8h')
    await world.advance('2s')
    expect([page.title, tab.session.getSnapshot().phase]).toEqual(['Orders', 'signedOut'])
    undo()
  })
})
