/** What belongs to a session, as the demo shows it: in two tabs, on two devices, and with an end that happens elsewhere. */
import type { Page } from '@playwright/test'
import { expectFeed, expectPhase, expectRefused, openTab, press, signIn, test } from './demo-tabs.js'
import { expect, stopClocks } from './fixtures.js'

const add = async (page: Page, item: string): Promise<void> => {
  await page.getByLabel('Item').fill(item)
  await press(page, 'Add')
}
const cartOf = (page: Page): ReturnType<Page['locator']> => page.locator('#cart-items li')
/** The end of the token that the server was given for the feed of this tab. */
const feedToken = async (page: Page): Promise<string> =>
  /…(\S+)$/.exec((await page.locator('#feed-state').textContent()) ?? '')?.[1] ?? ''

test(
  'a cart is in both tabs, and is gone with the session, here and at the server',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    const [one, two] = [await openTab(context, demo, 'cookie'), await openTab(context, demo, 'cookie')]
    await signIn(one, 'Ada')
    for (const page of [one, two]) await expectFeed(page)
    await add(one, 'tea')
    await add(two, 'milk')
    for (const page of [one, two]) await expect(cartOf(page)).toHaveText(['tea', 'milk'])

    const sid = (await context.cookies(`${demo.url}/cookie/`)).find(({ name }) => name === 'sid')
    const elsewhere = {
      cookie: `sid=${sid?.value ?? ''}`,
      'X-Requested-With': 'test',
      'Content-Type': 'application/json',
    }
    const cartAtServer = (init: RequestInit = {}): Promise<number> =>
      fetch(`${demo.url}/cookie/cart`, { headers: elsewhere, ...init }).then(({ status }) => status)
    // What is added past the pages reaches them by push.
    expect(await cartAtServer({ method: 'POST', body: '{"item":"salt"}' })).toBe(200)
    for (const page of [one, two]) await expect(cartOf(page)).toHaveText(['tea', 'milk', 'salt'])
    const signedOut = two.waitForResponse((response) => response.url().endsWith('/cookie/logout'))
    await press(two, 'Sign out')
    await expectPhase('Signed out', one, two)
    for (const page of [one, two]) await expect(cartOf(page)).toHaveCount(0)
    expect(await one.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('sojourn-data')))).toEqual(
      [],
    )
    await signedOut
    expect(await cartAtServer()).toBe(401)

    // The next user finds nothing of it.
    await signIn(one, 'Bob')
    await add(one, 'ink')
    await expect(cartOf(one)).toHaveText(['ink'])
  },
)

test(
  'the feed of each tab is given the newer token on the same connection, whichever tab refreshed',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    const [one, two] = [await openTab(context, demo, 'tokens'), await openTab(context, demo, 'tokens')]
    await signIn(one, 'Ada')
    for (const page of [one, two]) await expect(page.locator('#feed-state')).toHaveText(/^Connected, token …/)
    const before = await feedToken(one)
    expect(await feedToken(two)).toBe(before)
    await press(two, 'Force a refresh')
    for (const page of [one, two])
      await expect(page.locator('#feed-lines li').first()).toContainText('Renewed on the same connection (no. 2)')
    const after = await feedToken(one)
    expect([await feedToken(two), after.length]).toEqual([after, 4])
    expect(after).not.toBe(before)
    await press(one, 'Sign out')
    for (const page of [one, two]) await expect(page.locator('#feed-state')).toHaveText('Closed')
  },
)

test(
  'a call in one tab keeps both from warning, and the warning comes when the call is over',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    await context.clock.install()
    const [one, two] = [await openTab(context, demo, 'cookie'), await openTab(context, demo, 'cookie')]
    await signIn(one, 'Ada')
    await expectPhase('Active', two)
    await press(one, 'Start a call')
    await expect(one.locator('#call-status')).toHaveText('The call is up, and holds the session.')
    // Without it the session would warn after 40 s, and end after 60 s. A machine that sleeps for so long ends it with a call as well.
    for (let seconds = 0; seconds < 75; seconds += 25) {
      await context.clock.fastForward(25_000)
      await expect(one.locator('#call-hint')).toHaveText(/^The session would end in (1:00|0:5\d)/)
      await expectPhase('Active', one, two)
    }
    await press(one, 'End the call')
    await context.clock.fastForward(41_000)
    await expectPhase('About to end', one, two)
  },
)

test(
  'a sign-out on all devices reaches a second profile at once, and says so where it fails',
  { tag: '@chromium' },
  async ({ browser, context, demo }) => {
    const here = await openTab(context, demo, 'tokens')
    const other = await browser.newContext()
    const there = await openTab(other, demo, 'tokens')
    for (const page of [here, there]) {
      await signIn(page, 'Ada')
      await expectFeed(page)
    }
    await here.route('**/api/logout-everywhere', (route) => route.fulfill({ status: 503 }))
    await press(here, 'Sign out on all devices')
    await expect(here.locator('#devices-result')).toHaveText('Nobody was signed out: the server answered 503.')
    await expectPhase('Active', here, there)
    await here.unroute('**/api/logout-everywhere')
    await press(here, 'Sign out on all devices')
    await expect(here.locator('#devices-result')).toHaveText('All devices are signed out.')
    await expectRefused(there)
    await expectPhase('Signed out', here)
    await other.close()
  },
)

test('the journal is shown and copied', { tag: '@chromium' }, async ({ context, demo }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await openTab(context, demo, 'tokens')
  await signIn(page, 'Ada')
  await press(page, 'Sign out')
  await expectPhase('Signed out', page)
  await expect(page.locator('#journal-rows tr').first()).toContainText(/end\s*signOut/)
  await press(page, 'Copy the journal')
  await expect(page.locator('#journal-status')).toHaveText(/^\d entries copied, as JSON\.$/)
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as { what: string }[]
  expect([copied[0], copied.at(-1)]).toMatchObject([{ what: 'start' }, { what: 'end', why: 'signOut' }])
})

test(
  'S124 a back-channel logout at the provider ends the session of each page at once, by push',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    await context.clock.install()
    const [one, two] = [await openTab(context, demo, 'cookie'), await openTab(context, demo, 'cookie')]
    await signIn(one, 'Ada')
    for (const page of [one, two]) await expectFeed(page)
    // No timer rings: neither a new connection nor a question of the session's own can find it out.
    await stopClocks(context)
    expect(await demo.signOutAtProvider('Ada')).toBe(1)
    await expectRefused(one, two)
  },
)

test(
  'S124 without a push a back-channel logout reaches the page by the companion cookie',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    const page = await openTab(context, demo, 'cookie', '&timeouts=medium')
    await page.route('**/cookie/events', (route) => route.abort())
    await signIn(page, 'Ada')
    await expect(page.locator('#feed-state')).toHaveText(/^Disconnected/)
    expect(await demo.signOutAtProvider('Ada')).toBe(1)
    // Another page of the domain is refused, and the response removes the cookie.
    const other = await context.newPage()
    await other.goto(`${demo.url}/cookie/me`)
    await expect(other.locator('body')).toContainText('session_over')
    await expectRefused(page)
  },
)
