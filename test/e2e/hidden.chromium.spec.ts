/**
 * A tab that is hidden for long, whose timers Chromium lets ring once a minute: after five minutes in the field, after ten
 * seconds here. `npm run soak` hides it for ten minutes (SOAK_SECONDS), `npm run test:all` for a minute and a half.
 */
import { expect, pause, test as base, type PageConfig } from './fixtures.js'
import { withRealChromium } from './real-chromium.js'

const SECOND = 1000
const hiddenFor = Number(process.env['SOAK_SECONDS'] ?? 90) * SECOND
/** The user works in another tab for a third of the time; two thirds later, when the tab is still hidden, the session ends. */
const worksFor = hiddenFor / 3
const idleTimeout = hiddenFor / 2
const warnBefore = 10 * SECOND
/** How late a page on a busy machine may be. */
const LATE = 15 * SECOND

const test = base.extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  context: async ({}, use) => {
    await withRealChromium(use, ['--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10'])
  },
})

type Ringing = Window & { longestGap: number }

const title = `a tab that is hidden for ${String(hiddenFor / SECOND)} s follows the others, ends in time and is right when it is shown`

test(title, { tag: '@long' }, async ({ tabs, tokens }) => {
  test.setTimeout(hiddenFor + 120 * SECOND)
  const config: PageConfig = { options: { idleTimeout, warnBefore, refreshBefore: 5 * SECOND } }
  const hidden = await tabs.open(config)
  const shown = await tabs.open(config)
  await shown.page.bringToFront()
  await expect.poll(() => hidden.page.evaluate(() => document.visibilityState), { timeout: LATE }).toBe('hidden')
  await hidden.signIn(tokens.issue({ accessLife: 20 }))
  tokens.accessLife = 20
  await shown.next('signedIn')

  await hidden.page.evaluate(() => {
    const ringing = window as unknown as Ringing
    ringing.longestGap = 0
    let before = performance.now()
    setInterval(() => {
      const now = performance.now()
      ringing.longestGap = Math.max(ringing.longestGap, now - before)
      before = now
    }, 1000)
  })

  // The user works elsewhere, and both tabs need tokens: the session goes on here as well, beyond what it had at first.
  const from = Date.now()
  let workedAt = from
  while (Date.now() - from < worksFor) {
    await shown.click()
    workedAt = Date.now()
    for (const tab of [shown, hidden]) expect((await tab.token()).code).toBeNull()
    expect((await hidden.events('warning')).length).toBe(0)
    await pause(5 * SECOND)
  }
  await shown.next('warning', 1, idleTimeout + LATE)
  await shown.next('signedOut', 1, warnBefore + LATE)
  // When it ended, not when a busy machine came to say so.
  const { endedAt } = (await shown.snapshot()) as { endedAt: number }
  expect(Math.abs(endedAt - workedAt - idleTimeout)).toBeLessThan(2 * SECOND)

  // Whatever has rung here by now, nothing that acts passes the deadline.
  expect((await hidden.token()).code).toBe('signed_out')
  await pause(Math.max(0, hiddenFor - (Date.now() - from)))
  // Throttled it was, or this has shown nothing: a hidden tab's timers ring each second otherwise.
  const gap = await hidden.page.evaluate(() => (window as unknown as Ringing).longestGap)
  expect(gap).toBeGreaterThan(20 * SECOND)

  await hidden.page.bringToFront()
  await expect.poll(() => hidden.page.evaluate(() => document.visibilityState), { timeout: LATE }).toBe('visible')
  await hidden.next('signedOut', 1, LATE)
  expect(await hidden.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  expect(await hidden.snapshot()).toEqual(await shown.snapshot())
  expect((await hidden.events('signedOut')).length).toBe(1)
  expect(tokens.counts.reuse).toBe(0)
})
