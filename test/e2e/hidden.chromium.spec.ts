/**
 * A tab that is hidden for long, whose timers Chromium lets ring once a minute: after five minutes in the field, after ten
 * seconds here. `npm run soak` hides it for ten minutes (SOAK_SECONDS), `npm test` for a minute and a half.
 */
import { expect, pause, test as base, type PageConfig } from './fixtures.js'
import { withRealChromium } from './real-chromium.js'

const SECOND = 1000
const hiddenFor = Number(process.env['SOAK_SECONDS'] ?? 90) * SECOND
/** The user works in another tab for a third of the time; two thirds later, when the tab is still hidden, the session ends. */
const worksFor = hiddenFor / 3
const idleTimeout = hiddenFor / 2
const warnBefore = 10 * SECOND

const test = base.extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  context: async ({}, use) => {
    await withRealChromium(use, ['--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10'])
  },
})

type Ringing = Window & { rings: number }

test(`a tab that is hidden for ${String(hiddenFor / SECOND)} s follows the others, ends in time and is right when it is shown`, async ({
  tabs,
  tokens,
}) => {
  test.setTimeout(hiddenFor + 60 * SECOND)
  const config: PageConfig = { options: { idleTimeout, warnBefore, refreshBefore: 5 * SECOND } }
  const hidden = await tabs.open(config)
  const shown = await tabs.open(config)
  await shown.page.bringToFront()
  await expect.poll(() => hidden.page.evaluate(() => document.visibilityState)).toBe('hidden')
  await hidden.signIn(tokens.issue({ accessLife: 20 }))
  tokens.accessLife = 20
  await shown.next('signedIn')

  await hidden.page.evaluate(() => {
    const ringing = window as unknown as Ringing
    ringing.rings = 0
    setInterval(() => ringing.rings++, 1000)
  })
  const rings = (): Promise<number> => hidden.page.evaluate(() => (window as unknown as Ringing).rings)

  // The user works elsewhere, and both tabs need tokens: the session goes on here as well, beyond what it had at first.
  const from = Date.now()
  let workedAt = from
  let ringsBefore = 0
  while (Date.now() - from < worksFor) {
    await shown.click()
    workedAt = Date.now()
    if (!ringsBefore && workedAt - from > 15 * SECOND) ringsBefore = await rings()
    for (const tab of [shown, hidden]) expect((await tab.token()).code).toBeNull()
    expect((await hidden.events('warning')).length).toBe(0)
    await pause(5 * SECOND)
  }
  const { count, from: since } = { count: await rings(), from: workedAt }
  await shown.next('warning', 1, idleTimeout + 5 * SECOND)
  await shown.next('signedOut', 1, warnBefore + 5 * SECOND)
  const endedAt = Date.now()
  expect(endedAt - workedAt).toBeGreaterThan(idleTimeout - SECOND)
  expect(endedAt - workedAt).toBeLessThan(idleTimeout + 3 * SECOND)

  // Whatever has rung here by now, nothing that acts passes the deadline.
  expect((await hidden.token()).code).toBe('signed_out')
  await pause(Math.max(0, hiddenFor - (Date.now() - from)))
  // Throttled it was, or this has shown nothing: with a ring each second there would be many more.
  const perMinute = ((await rings()) - count) / ((Date.now() - since) / 60_000)
  expect(perMinute).toBeLessThan(5)

  await hidden.page.bringToFront()
  await expect.poll(() => hidden.page.evaluate(() => document.visibilityState)).toBe('visible')
  expect(await hidden.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  expect(await hidden.snapshot()).toEqual(await shown.snapshot())
  expect((await hidden.events('signedOut')).length).toBe(1)
  expect(tokens.counts.reuse).toBe(0)
})
