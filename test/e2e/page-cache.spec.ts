import type { Page } from '@playwright/test'
import { expect, noTimeouts, test, type PageConfig } from './fixtures.js'
import { TOKEN_MARK } from './server/token-server.js'
import type { Return } from './pages/harness.js'

/**
 * Back, as a user goes. Playwright's own `goBack()` waits for a load that a page out of the cache never has, so the page is asked,
 * and what it says afterwards tells when it is there.
 */
async function goBack(page: Page): Promise<void> {
  await page.evaluate(() => {
    history.back()
  })
  await expect.poll(() => page.evaluate(() => location.pathname).catch(() => ''), { timeout: 5000 }).toBe('/app')
  await expect.poll(() => page.evaluate(() => 'harness' in window).catch(() => false), { timeout: 5000 }).toBe(true)
}

/** What the page says of itself, where it can be seen. A locator would wait for the navigation that never ends, as above. */
const shownText = (page: Page): Promise<string | null> =>
  page
    .evaluate(() => {
      const app = document.querySelector('#app')
      return app && getComputedStyle(app).visibility === 'visible' ? app.textContent : null
    })
    .catch(() => null)

const returns = (page: Page): Promise<Return[]> => page.evaluate(() => window.harness.returns())

/** The last return shows nothing of the session: neither the page that came back nor what it became. */
async function expectNothingShown(page: Page): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => window.harness.session.getSnapshot().phase).catch(() => ''), { timeout: 5000 })
    .toBe('signedOut')
  await expect.poll(() => shownText(page)).toBe('Signed out')
  const all = await returns(page)
  for (const { persisted, frames } of all.filter((each) => each.persisted)) {
    const shown = frames.filter(({ visible }) => visible)
    expect({ persisted, shown }).toEqual({ persisted, shown: [] })
  }
}

for (const store of ['idb', 'idb-encrypted', 'memory'] as const) {
  test(`S75 a signed-in page comes back alive from the back/forward cache (${store})`, async ({ tabs, tokens }) => {
    const tab = await tabs.open({ ...noTimeouts, store })
    await tab.signIn(tokens.issue())
    const { token } = await tab.token({ forceRefresh: true })
    await tab.click()
    await tab.page.goto(`${new URL(tab.page.url()).origin}/away`)
    await goBack(tab.page)
    expect((await returns(tab.page)).at(-1)?.persisted).toBe(true)
    expect(await tab.phase()).toBe('active')
    expect((await tab.token()).token).toBe(token)
    // It still hears and it still acts.
    const other = await tabs.open({ ...noTimeouts, store })
    await other.signOut()
    await expect.poll(() => tab.phase()).toBe('signedOut')
  })
}

test('S75 activity and refreshes in other tabs do not evict a page from the back/forward cache', async ({
  tabs,
  tokens,
}) => {
  const tab = await tabs.open(noTimeouts)
  const other = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  await tab.page.goto(`${new URL(tab.page.url()).origin}/away`)
  const { token } = await other.token({ forceRefresh: true })
  await other.click()
  await goBack(tab.page)
  expect((await returns(tab.page)).at(-1)?.persisted).toBe(true)
  expect((await tab.token()).token).toBe(token)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

const cases: { what: string; config: PageConfig }[] = [
  { what: 'with its channel', config: noTimeouts },
  // Nothing evicts this one: it really comes back, and has heard nothing.
  { what: 'without a channel', config: { ...noTimeouts, without: ['channel'] } },
]
for (const { what, config } of cases) {
  test(`S45 a page in the back/forward cache while another tab signs out shows nothing of the session (${what})`, async ({
    tabs,
    tokens,
  }) => {
    const [one, two] = await tabs.openMany(2, config)
    if (!one || !two) throw new Error('no tabs')
    await one.signIn(tokens.issue())
    await two.next('signedIn')
    await two.page.goto(`${new URL(two.page.url()).origin}/away`)
    await one.signOut()
    await goBack(two.page)
    await expectNothingShown(two.page)
    if (config.without) expect((await returns(two.page)).some(({ persisted }) => persisted)).toBe(true)
    expect(await two.stores()).not.toContain(TOKEN_MARK)
  })

  test(`S46 the back button after a sign-out shows nothing of the session (${what})`, async ({ tabs, tokens }) => {
    const tab = await tabs.open(config)
    await tab.signIn(tokens.issue())
    const { origin, search } = new URL(tab.page.url())
    // The next page of the same application, where the user signs out.
    await tab.page.goto(`${origin}/framed${search}`)
    await tab.signOut()
    await goBack(tab.page)
    await expectNothingShown(tab.page)
  })
}

test('S46 nor does the back button to the page on which the user signed out', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.signOut()
  await tab.page.goto(`${new URL(tab.page.url()).origin}/away`)
  await goBack(tab.page)
  await expect.poll(() => shownText(tab.page)).toBe('Signed out')
  expect(await tab.phase()).toBe('signedOut')
})

test('S45 a page that comes back to the session of somebody else shows nothing of the first', async ({
  tabs,
  tokens,
}) => {
  const config: PageConfig = { ...noTimeouts, without: ['channel'] }
  const [one, two] = await tabs.openMany(2, config)
  if (!one || !two) throw new Error('no tabs')
  await one.signIn(tokens.issue())
  await two.next('signedIn')
  const first = await two.snapshot()
  await two.page.goto(`${new URL(two.page.url()).origin}/away`)
  const issued = tokens.issue()
  await one.signIn(issued)
  await goBack(two.page)
  await expect
    .poll(async () => two.snapshot().catch(() => first), { timeout: 5000 })
    .not.toMatchObject({ id: 'id' in first ? first.id : '' })
  await expect.poll(async () => (await two.token().catch(() => null))?.token).toBe(issued.access_token)
  for (const { frames } of (await returns(two.page)).filter(({ persisted }) => persisted)) {
    expect(frames.filter(({ visible }) => visible)).toEqual([])
  }
})

test('S45 an application that wants no reload is told, before anything else runs', async ({ tabs, tokens }) => {
  const config: PageConfig = { options: { ...noTimeouts.options, stalePage: 'event' }, without: ['channel'] }
  const [one, two] = await tabs.openMany(2, config)
  if (!one || !two) throw new Error('no tabs')
  await one.signIn(tokens.issue())
  await two.next('signedIn')
  await two.page.goto(`${new URL(two.page.url()).origin}/away`)
  await one.signOut()
  await goBack(two.page)
  const back = (await returns(two.page)).at(-1)
  expect(back?.persisted).toBe(true)
  expect(new Set(back?.frames.map(({ phase }) => phase))).toEqual(new Set(['signedOut']))
  expect((await two.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
})

test('a page that was in the back/forward cache past the deadline comes back signed out', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { idleTimeout: 2000, warnBefore: 500, absoluteTimeout: false } })
  await tab.signIn(tokens.issue())
  const due = (await tab.deadlines())?.endAt ?? 0
  await tab.page.goto(`${new URL(tab.page.url()).origin}/away`)
  await expect.poll(() => Date.now(), { timeout: 4000 }).toBeGreaterThan(due + 200)
  await goBack(tab.page)
  await expectNothingShown(tab.page)
})
