/** How the tests see that an input counted: the end of the session moves by all the time that had passed before it. */
import { expect, type Tab } from './fixtures.js'

const passed = 60_000
/** Longer than a tab keeps to itself what it has seen. */
const settling = 3000

/** Idle after an hour, so that the minutes of these tests end nothing. */
export const anHour = { options: { idleTimeout: '60m', absoluteTimeout: false }, server: 'none' } as const

/** How far the end moves by `input`, after a quiet minute. Needs a clock that was installed before the tab opened. */
async function movesBy(tab: Tab, input: () => Promise<unknown>): Promise<number> {
  const { clock } = tab.page.context()
  const endAt = async (): Promise<number> => (await tab.deadlines())?.endAt ?? NaN
  await clock.runFor(settling)
  const before = await endAt()
  await clock.fastForward(passed)
  await input()
  await clock.runFor(settling)
  return (await endAt()) - before
}

export async function expectActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  expect(await movesBy(tab, input)).toBeGreaterThanOrEqual(passed)
}

export async function expectNoActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  expect(await movesBy(tab, input)).toBe(0)
}
