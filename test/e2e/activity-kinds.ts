/** How the tests see that an input counted: the end of the session moves by all the time that had passed before it. */
import { expect, type Tab } from './fixtures.js'

const passed = 60_000

/** Lets a minute pass for this tab, then expects that `input` counts. */
export async function expectActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  const before = (await tab.deadlines())?.endAt ?? NaN
  await tab.shiftClock(passed)
  await input()
  await expect
    .poll(async () => (await tab.deadlines())?.endAt, { timeout: 6000 })
    .toBeGreaterThanOrEqual(before + passed)
}

/** The same, and expects that it does not: neither now nor when the tab next writes what it has seen. */
export async function expectNoActivity(tab: Tab, input: () => Promise<unknown>): Promise<void> {
  const before = (await tab.deadlines())?.endAt ?? NaN
  await tab.shiftClock(passed)
  await input()
  await tab.page.evaluate(() => window.harness.session.check())
  expect((await tab.deadlines())?.endAt).toBe(before)
}

/** Idle after an hour, so that the minutes of these tests end nothing. */
export const anHour = { options: { idleTimeout: '60m', absoluteTimeout: false }, server: 'none' } as const
