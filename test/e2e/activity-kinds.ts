/** How the tests see that an input counted: the end of the session moves by all the time that had passed before it. */
import { expect, type Tab } from './fixtures.js'

const passed = 60_000
/** Longer than a tab keeps to itself what it has seen. */
const settling = 3000

/** Idle after an hour, so that the minutes of these tests end nothing. */
export const anHour = { options: { idleTimeout: '60m', absoluteTimeout: false }, server: 'none' } as const

/** Lets a quiet minute pass before `input`. Returns how far the end has moved since. Needs a clock installed before the tab opened. */
async function afterAMinute(tab: Tab, input: () => Promise<unknown>): Promise<() => Promise<number>> {
  const { clock } = tab.page.context()
  const endAt = async (): Promise<number> => {
    await clock.runFor(settling)
    return (await tab.deadlines())?.endAt ?? NaN
  }
  const before = await endAt()
  await clock.fastForward(passed)
  await input()
  return async () => (await endAt()) - before
}

export async function expectActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  // A driver is done before the page has seen the input, now and then.
  await expect.poll(await afterAMinute(tab, input)).toBeGreaterThanOrEqual(passed)
}

export async function expectNoActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  expect(await (await afterAMinute(tab, input))()).toBe(0)
}
