/** One user's day in two tabs of an application of demo/frameworks, on a real OpenID provider. */
import type { Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'

export { expect }

interface Fixtures {
  demo: Demo
  /** Opens tabs of the application, one after the other; fails where one complains. */
  open: (...names: string[]) => Promise<Page[]>
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
  // Real lengths of time, without the waiting. Only by `fastForward`, as in demo.spec.ts.
  context: async ({ context }, use) => {
    await context.clock.install()
    await use(context)
  },
  open: async ({ context, demo }, use) => {
    const complaints: string[] = []
    await use(async (...names) => {
      const pages: Page[] = []
      for (const name of names) {
        const page = await context.newPage()
        page.on('pageerror', (error) => complaints.push(String(error)))
        page.on('console', (message) => {
          // Chromium's remark where the test was quicker than the login page to move the focus.
          if (!message.text().startsWith('Autofocus processing was blocked')) complaints.push(message.text())
        })
        await page.goto(`${demo.url}/frameworks/${name}/`)
        pages.push(page)
      }
      return pages
    })
    expect(complaints).toEqual([])
  },
})

export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const stay = (page: Page): ReturnType<Page['locator']> => page.getByRole('button', { name: 'Stay signed in' })

export async function expectAll(pages: Page[], phase: 'signed in' | 'warned' | 'signed out'): Promise<void> {
  for (const page of pages) {
    await expect(page.getByText(phase === 'signed out' ? 'You are signed out.' : 'You are signed in.')).toBeVisible()
    await expect(stay(page)).toBeVisible({ visible: phase === 'warned' })
  }
}

/** The seconds that a tab shows. */
const seconds = async (page: Page): Promise<number> => Number.parseInt(await page.locator('.seconds').innerText(), 10)

/** Signs in, calls the server from both tabs, warns, extends, and signs out: each in one tab, and checked in both. */
export async function liveThroughADay([one, two]: Page[], demo: Demo): Promise<void> {
  if (!one || !two) throw new Error('no tabs')
  const pages = [one, two]
  await expectAll(pages, 'signed out')
  await signIn(one, 'Ada')
  await expectAll(pages, 'signed in')

  // After the token's expiry it is refreshed once for both tabs.
  await one.context().clock.fastForward(31_000)
  await Promise.all(pages.map((page) => page.getByRole('button', { name: 'Who am I?' }).click()))
  for (const page of pages) await expect(page.getByText('Ada', { exact: true })).toBeVisible()
  expect(demo.counters().total).toMatchObject({ signIns: 1, refreshes: 1, reuse: 0, refused: 0 })

  await one.context().clock.fastForward(41_000)
  await expectAll(pages, 'warned')
  const before = await seconds(one)
  expect(before).toBeGreaterThan(5)
  // What was typed or clicked within two seconds counts as of their end, so the warning has just begun.
  expect(before).toBeLessThanOrEqual(20)
  await one.context().clock.fastForward(4_000)
  await expect.poll(() => seconds(one)).toBeLessThanOrEqual(before - 4)

  await stay(two).click()
  await expectAll(pages, 'signed in')

  await one.getByRole('button', { name: 'Sign out' }).click()
  await expectAll(pages, 'signed out')
  await expect.poll(() => demo.counters().total.revocations).toBe(1)
  expect(demo.counters().total).toMatchObject({ reuse: 0, refused: 0 })
}
