/** The demo as a person meets it: pages, and who is signed in on them. */
import type { BrowserContext, Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'

export const test = base.extend<{ demo: Demo }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
})

/** The kind of server that the desk of the demo offers. */
export type Kind = 'tokens' | 'dpop' | 'mixed' | 'cookie'

export async function openTab(context: BrowserContext, demo: Demo, kind: Kind, search = ''): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${demo.url}/tab.html?server=${kind}${search}`)
  await expect(page.locator('#phase')).toHaveText(/^(Signed out|Active)$/)
  return page
}

/** A real click. Chromium draws a tab in the background seldom, and Playwright waits for two pictures before it clicks. */
export async function press(page: Page, name: string): Promise<void> {
  await page.bringToFront()
  const button = page.getByRole('button', { name, exact: true })
  // It may be in a part that is folded up.
  await page.evaluate(() => {
    for (const part of document.querySelectorAll<HTMLDetailsElement>('.parts details')) part.open = true
  })
  await button.click()
}

export async function signIn(page: Page, name: string): Promise<void> {
  await press(page, 'Sign in')
  await page.locator('#name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expectPhase('Active', page)
}

export async function expectPhase(phase: 'Active' | 'About to end' | 'Signed out', ...pages: Page[]): Promise<void> {
  for (const page of pages) await expect(page.locator('#phase')).toHaveText(phase)
}

/** Why it is over, as the page says it. */
export async function expectRefused(...pages: Page[]): Promise<void> {
  await expectPhase('Signed out', ...pages)
  for (const page of pages) await expect(page.locator('#explanation')).toContainText('The server refused to go on')
}

/** The feed is open, in this tab or in another. */
export const expectFeed = (page: Page): Promise<void> =>
  expect(page.locator('#feed-state')).toHaveText(/^(Connected|In another tab)/)
