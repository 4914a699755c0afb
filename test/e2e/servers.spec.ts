/** The demo's four kinds of server, each through a person's day in two tabs. */
import type { BrowserContext, Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'

const test = base.extend<{ demo: Demo; context: BrowserContext }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
})

async function open(context: BrowserContext, demo: Demo, kind: string, uncaught: string[]): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => uncaught.push(String(error)))
  await page.goto(`${demo.url}/tab.html?server=${kind}`)
  return page
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.locator('#sign-in').click()
  await page.locator('#name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What the protected resource answers to the page's own `fetch`. */
async function call(page: Page): Promise<string> {
  await page.locator('#result').evaluate((element) => (element.textContent = ''))
  await page.locator('#call').click()
  await expect(page.locator('#result')).toContainText(/ms\)$/)
  return (await page.locator('#result').textContent()) ?? ''
}

const kept = (page: Page): Promise<string> =>
  page.evaluate(() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join('\n'))

const kinds = [
  { kind: 'tokens', tag: '@chromium' },
  { kind: 'dpop', tag: '@chromium' },
  { kind: 'mixed', tag: '@chromium' },
  { kind: 'cookie', tag: '@chromium' },
]
for (const { kind, tag } of kinds) {
  test(`a day in two tabs with a server of the kind "${kind}"`, { tag }, async ({ context, demo }) => {
    const uncaught: string[] = []
    const one = await open(context, demo, kind, uncaught)
    const two = await open(context, demo, kind, uncaught)
    const phase = (page: Page, text: string): Promise<void> => expect(page.locator('#phase')).toHaveText(text)
    await phase(one, 'Signed out')
    await signIn(one, 'Ada')
    for (const page of [one, two]) await phase(page, 'Active')
    for (const page of [one, two]) expect(await call(page)).toContain('200 Hello Ada')

    // A new token in each tab, one after the other or once for both; the resource takes it.
    if (kind !== 'cookie') {
      await Promise.all([one, two].map((page) => page.locator('#refresh').click()))
      for (const page of [one, two]) await expect(page.locator('#result')).toContainText('ms)')
      for (const page of [one, two]) expect(await call(page)).toContain('200 Hello Ada')
    }
    expect(demo.counters().total).toMatchObject({ reuse: 0 })

    // A reload finds the session.
    await two.reload()
    await phase(two, 'Active')
    expect(await call(two)).toContain('200 Hello Ada')
    expect(await kept(two)).not.toMatch(/eyJ|access_token|refresh_token/)

    // A sign-out in one ends it in both, and at the server.
    await two.locator('#leave').click()
    for (const page of [one, two]) await phase(page, 'Signed out')
    if (kind !== 'cookie') await expect.poll(() => demo.counters().total.revocations).toBeGreaterThan(0)
    else await expect.poll(async () => (await one.request.get(`${demo.url}/cookie/me`)).status()).toBe(401)
    await one.reload()
    await phase(one, 'Signed out')

    // And the next sign-in is a session of its own.
    await signIn(one, 'Grace')
    for (const page of [one, two]) await phase(page, 'Active')
    for (const page of [one, two]) expect(await call(page)).toContain('200 Hello Grace')
    expect(demo.counters().total).toMatchObject({ signIns: 2, reuse: 0 })
    expect(uncaught).toEqual([])
  })
}
