/** What keeps a session alive, and what does not. */
import { agreed, expect, pause, test, type PageConfig, type Tab } from './fixtures.js'

/** Three times as long as until the next sample of a frame. */
const idle = 12_000
const framed: PageConfig = { options: { idleTimeout: idle, warnBefore: 1500, absoluteTimeout: false }, server: 'none' }
/** How long a user's activation lasts, in all engines. */
const activation = 5000

// In real time, for a user's activation knows no other.
// The tab with the frame is never asked for anything meanwhile: a driver's questions count as a user's activation.
for (const { what, selector, tag } of [
  { what: 'clicks', selector: '#inner-press', tag: [] },
  { what: 'keys', selector: '#inner-text', tag: '@chromium' },
]) {
  test(`S60 ${what} inside a cross-origin iframe count`, { tag }, async ({ tabs }) => {
    const watcher = await tabs.open(framed)
    const tab = await tabs.open(framed, { path: '/cross-framed' })
    const target = tab.page.frameLocator('#frame').locator(selector)
    await target.click()
    // Only what comes after the click that went into the field shall count.
    await pause(activation)
    await watcher.signIn()
    const endAt = async (): Promise<number> => (await watcher.deadlines())?.endAt ?? 0
    const first = await endAt()
    const worked = async (): Promise<number> => {
      if (what === 'clicks') await target.click()
      else await tab.page.keyboard.press('x')
      return endAt()
    }
    // A frame is sampled every 4 s: by then nothing is left of the activation before.
    await expect.poll(worked, { intervals: [500] }).toBeGreaterThan(first + 4000)
    expect((await watcher.events()).map(({ type }) => type)).toEqual(['signedIn'])
  })
}

test(
  'S60 a focused cross-origin iframe without input does not keep the session alive',
  { tag: '@chromium' },
  async ({ tabs }) => {
    const watcher = await tabs.open(framed)
    const tab = await tabs.open(framed, { path: '/cross-framed' })
    await tab.page.frameLocator('#frame').locator('#inner-text').click()
    await pause(activation)
    await watcher.signIn()
    expect((await watcher.next('signedOut')).detail['reason']).toBe('idle')
    const { endedAt } = (await watcher.snapshot()) as { endedAt: number }
    expect(endedAt - (await watcher.next('signedIn')).at).toBeLessThan(idle + 100)
  },
)

test('a closed tab does not keep the session alive, whatever it held', async ({ tabs, context }) => {
  await context.clock.install()
  const [busy, other] = await tabs.openMany(2, { server: 'none' })
  if (!busy || !other) throw new Error('no tabs')
  await busy.signIn()
  await other.next('signedIn')
  await busy.page.evaluate(() => {
    window.harness.session.hold()
  })
  // In small steps, for the clocks of the tabs run one after the other.
  for (let minutes = 0; minutes < 20; minutes += 2) {
    await context.clock.runFor(2 * 60_000)
    await agreed(busy, other)
  }
  expect(await other.phase()).toBe('active')
  await busy.page.close()
  await context.clock.runFor(15.1 * 60_000)
  expect((await other.next('signedOut')).detail['reason']).toBe('idle')
})

async function expectAlive(tab: Tab, other: Tab): Promise<void> {
  expect((await tab.next('warning')).detail['canExtend']).toBe(true)
  expect(await other.extend()).toBe(true)
  expect((await tab.next('extended')).detail['where']).toBe('elsewhere')
  await other.signOut()
  expect((await tab.next('signedOut')).detail['where']).toBe('elsewhere')
}

test('a download and a navigation that the user cancels end nothing', async ({ tabs, context }) => {
  await context.clock.install()
  const [tab, other] = await tabs.openMany(2, { server: 'none' })
  if (!tab || !other) throw new Error('no tabs')
  await tab.signIn()
  await other.next('signedIn')
  const download = tab.page.waitForEvent('download')
  await tab.page.locator('#download').click()
  await download
  await tab.page.evaluate(() => {
    addEventListener('beforeunload', (event) => {
      event.preventDefault()
    })
  })
  const asked = tab.page.waitForEvent('dialog')
  void tab.page.locator('#away').click({ noWaitAfter: true })
  await (await asked).dismiss()
  expect(await tab.phase()).toBe('active')
  await context.clock.fastForward('13:30')
  await expectAlive(tab, other)
})

test('a navigation without a result ends nothing', async ({ tabs }) => {
  const [tab, other] = await tabs.openMany(2, { server: 'none' })
  if (!tab || !other) throw new Error('no tabs')
  await tab.signIn()
  await other.next('signedIn')
  const answered = tab.page.waitForResponse('**/no-content')
  await tab.page.evaluate(() => {
    location.assign('/no-content')
  })
  await answered
  // Playwright's clock stands still in a page that is about to go.
  for (const { page } of [tab, other])
    await page.evaluate(() => {
      window.harness.shiftClock(13.5 * 60_000)
      window.harness.session.check()
    })
  await expectAlive(tab, other)
})
