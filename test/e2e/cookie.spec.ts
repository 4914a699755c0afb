/** A session by cookie on a real backend for frontend: Express with express-session, which keeps both limits. */
import type { BrowserContext, Page } from '@playwright/test'
import { startDemo, type Demo, type DemoOptions } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'
import { goBack } from './tab.js'

interface Backend {
  start(options?: DemoOptions): Promise<Demo>
}

const test = base.extend<{ backend: Backend; context: BrowserContext }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  backend: async ({}, use) => {
    const started: Demo[] = []
    await use({
      async start(options) {
        const demo = await startDemo(options)
        started.push(demo)
        return demo
      },
    })
    for (const demo of started) await demo.close()
  },
  // Time that the page sees pass. The server's goes on as it does.
  context: async ({ context }, use) => {
    await context.clock.install()
    await use(context)
  },
})

/** Signed in, warned 20 s before 60 s without activity are over. */
async function openTabs(
  context: BrowserContext,
  demo: Demo,
  count: number,
): Promise<{ pages: Page[]; asked: string[] }> {
  const asked: string[] = []
  const pages: Page[] = []
  for (let number = 0; number < count; number++) {
    const page = await context.newPage()
    page.on('request', (request) => {
      const { pathname } = new URL(request.url())
      if (/^\/cookie\/(alive|session|logout)$/.test(pathname)) asked.push(`${request.method()} ${pathname.slice(8)}`)
    })
    await page.goto(`${demo.url}/tab.html?server=cookie&timeouts=short`)
    pages.push(page)
  }
  const [first] = pages
  await first?.locator('#sign-in').press('Enter')
  await first?.locator('#name').fill('Ada')
  // By keyboard: a resting mouse gets events when an element appears under it.
  await first?.locator('#name').press('Enter')
  await phases(pages, 'Active')
  return { pages, asked }
}

/** The record of the session, as this tab reads it. */
const recordIn = (page: Page): Promise<Record<string, number>> =>
  page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => /^sojourn:.*:1$/.test(name))
    return JSON.parse(localStorage.getItem(key ?? '') ?? '{}') as Record<string, number>
  })

async function phases(pages: readonly Page[], phase: string): Promise<void> {
  for (const page of pages) await expect(page.locator('#phase')).toHaveText(phase)
}

test(
  'the server gets activity once for all tabs, and none while there is none',
  { tag: '@chromium' },
  async ({ context, backend }) => {
    const { pages, asked } = await openTabs(context, await backend.start(), 2)
    await context.clock.fastForward(16_000)
    expect(asked.filter((call) => call === 'POST alive')).toEqual([])
    const told = pages[0]!.context().waitForEvent('response', (response) => response.url().endsWith('/cookie/alive'))
    await pages[0]!.locator('#headline').click()
    await told
    // Until the other tabs have read that this one calls the server, they may call it too.
    const hasRead = ({ toldAt, startedAt }: Record<string, number>): boolean => toldAt! > startedAt!
    await expect.poll(async () => hasRead(await recordIn(pages[1]!))).toBe(true)
    for (const page of pages) {
      await page.bringToFront()
      await page.locator('#headline').click()
    }
    expect(asked.filter((call) => call === 'POST alive')).toHaveLength(1)
  },
)

test(
  'a session that the server ended ends in all tabs when a page comes back from the page cache',
  { tag: '@chromium' },
  async ({ context, backend }) => {
    const demo = await backend.start()
    const { pages } = await openTabs(context, demo, 2)
    const [one, two] = pages as [Page, Page]
    await context.clock.fastForward(11_000)
    await one.goto(`${demo.url}/login/none`)
    await demo.endCookieSessions()
    await phases([two], 'Active')
    await goBack(one)
    // Not by a locator: Playwright waits for a load that a page out of Firefox's back/forward cache never has.
    const shown = (page: Page): Promise<string> =>
      page.evaluate(() => document.querySelector('#phase')?.textContent ?? '').catch(() => '')
    await expect.poll(() => shown(one)).toMatch(/Active|Signed out/)
    for (const page of pages) await expect.poll(() => shown(page)).toBe('Signed out')
    await expect(two.locator('.sojourn-inspector li').filter({ hasText: 'rejected' }).first()).toBeVisible()
  },
)

test(
  '`extend()` is true only if the server agreed, and the dialog is right if it did not',
  { tag: '@chromium' },
  async ({ context, backend }) => {
    const demo = await backend.start()
    const { pages, asked } = await openTabs(context, demo, 2)
    const [one] = pages as [Page, Page]
    await context.clock.fastForward(41_000)
    await phases(pages, 'About to end')
    // The first moment, in which nothing is an answer.
    await context.clock.runFor(1000)
    for (const fault of ['unavailable', 'limited'] as const) {
      demo.setFault(fault)
      const count = asked.length
      await one.bringToFront()
      await one.locator('.sojourn-dialog #stay').click()
      await expect.poll(() => asked.slice(count)).toContain('POST alive')
      await expect(one.locator('.sojourn-dialog #problem')).toContainText('could not be reached')
      await phases(pages, 'About to end')
      for (const page of pages) await expect(page.getByRole('alertdialog')).toBeVisible()
    }
    demo.setFault('none')
    await one.locator('.sojourn-dialog #stay').click()
    await phases(pages, 'Active')
    for (const page of pages) await expect(page.getByRole('alertdialog')).toBeHidden()
  },
)

test(
  'the server’s own end comes before the page’s, with a warning that cannot be answered',
  { tag: '@chromium' },
  async ({ context, backend }) => {
    const { pages } = await openTabs(context, await backend.start({ absoluteTimeout: 20 }), 2)
    await context.clock.fastForward(31_000)
    await phases(pages, 'About to end')
    for (const page of pages) await expect(page.getByRole('alertdialog')).toContainText('cannot stay any longer')
    await context.clock.fastForward(21_000)
    await phases(pages, 'Signed out')
  },
)

test(
  'a session that ended here is ended at the server, and does not come back after a reload',
  { tag: '@chromium' },
  async ({ context, backend }) => {
    const demo = await backend.start()
    const { pages, asked } = await openTabs(context, demo, 2)
    const [one] = pages as [Page, Page]
    await context.clock.fastForward(61_000)
    await phases(pages, 'Signed out')
    await expect.poll(() => asked).toContain('POST logout')
    await expect.poll(async () => (await one.request.get(`${demo.url}/cookie/me`)).status()).toBe(401)
    await one.reload()
    await phases(pages, 'Signed out')
  },
)
