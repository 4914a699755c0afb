/** The main path on a real OpenID provider: code with PKCE, rotation with reuse detection, revocation. */
import type { Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'

const test = base.extend<{ demo: Demo }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
  // Real lengths of time, without the waiting. Only by `fastForward`: where timers run through a minute within a millisecond,
  // the limit of a request runs out while its reply is on the way.
  context: async ({ context }, use) => {
    await context.clock.install()
    await use(context)
  },
})

/** The two pages of the demo do the same, and say it in the same words. */
const demos = [
  { what: 'modules', path: '/tab.html', tag: [] as string[] },
  { what: 'script tag', path: '/script-tag.html', tag: ['@chromium', '@long'] as string[] },
] as const

const PHASES = { active: 'Active', warning: 'About to end', signedOut: 'Signed out' }

async function expectAll(pages: Page[], phase: keyof typeof PHASES): Promise<void> {
  for (const page of pages) await expect(page.locator('#phase')).toHaveText(PHASES[phase])
  for (const page of pages) await expect(page.getByRole('alertdialog')).toBeVisible({ visible: phase === 'warning' })
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.locator('#sign-in').click()
  await page.locator('#name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** All tabs request the protected resource at once, and all get a response. */
async function callAll(pages: Page[]): Promise<void> {
  await Promise.all(
    pages.map(async (page) => {
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/me'))
      await page.locator('#call').click()
      expect((await answered).status()).toBe(200)
    }),
  )
}

/** In a page: whether any tab refreshes, or waits for its turn. */
async function isAnyRefreshing(): Promise<boolean> {
  const { held = [], pending = [] } = await navigator.locks.query()
  return held.length + pending.length > 0
}

for (const { what, path, tag } of demos) {
  test(`a person's day in three tabs on a real OpenID provider (${what})`, { tag }, async ({ context, demo }) => {
    const uncaught: string[] = []
    const pages: Page[] = []
    for (let count = 0; count < 3; count++) {
      const page = await context.newPage()
      page.on('pageerror', (error) => uncaught.push(String(error)))
      await page.goto(demo.url + path)
      pages.push(page)
    }
    const [one, two, three] = pages
    if (!one || !two || !three) throw new Error('no pages')
    const total = (): ReturnType<Demo['counters']>['total'] => demo.counters().total
    await expectAll(pages, 'signedOut')

    // Sign-in by code with PKCE: all tabs are signed in, without another request.
    await signIn(one, 'Ada')
    await expectAll(pages, 'active')
    expect(total()).toMatchObject({ signIns: 1, tokenCalls: 1, refreshes: 0 })

    // Tokens of 30 s, used for over a minute in all tabs: each generation costs one refresh for all of them.
    for (let quarter = 0; quarter < 4; quarter++) {
      // A jump is no time for a reply that is on its way.
      await expect.poll(() => one.evaluate(isAnyRefreshing)).toBe(false)
      await context.clock.fastForward(16_000)
      await callAll(pages)
    }
    await expectAll(pages, 'active')
    expect(total()).toMatchObject({ refused: 0, reuse: 0, revocations: 0 })
    // At half of each token's life; three tabs on their own would need twelve and more.
    expect(total().refreshes).toBeGreaterThanOrEqual(2)
    expect(total().refreshes).toBeLessThanOrEqual(6)

    // The warning comes in all tabs, and "stay" in one closes it in all.
    await context.clock.fastForward(41_000)
    await expectAll(pages, 'warning')
    await two.bringToFront()
    // The first moment, in which nothing is an answer.
    await context.clock.runFor(1000)
    await two.keyboard.press('Enter')
    await expectAll(pages, 'active')

    // A sign-out in one ends it in all, and at the provider.
    await three.bringToFront()
    await three.locator('#leave').click()
    await expectAll(pages, 'signedOut')
    await expect.poll(() => total().revocations).toBe(1)
    expect(total()).toMatchObject({ reuse: 0, refused: 0 })
    expect(uncaught).toEqual([])
  })

  test(
    `a laptop that sleeps past the deadline wakes signed out (${what})`,
    { tag: '@chromium' },
    async ({ context, demo }) => {
      const pages = [await context.newPage(), await context.newPage()]
      for (const page of pages) await page.goto(demo.url + path)
      const [one, two] = pages
      if (!one || !two) throw new Error('no pages')
      await signIn(one, 'Grace')
      await expectAll(pages, 'active')
      const calls = demo.counters().total.tokenCalls
      await context.clock.fastForward('10:00')
      // Whatever wakes it does not save it.
      await two.locator('#call').click()
      await expectAll(pages, 'signedOut')
      expect(demo.counters().total).toMatchObject({ tokenCalls: calls, refreshes: 0, reuse: 0 })
      // And the next sign-in is a session of its own.
      await signIn(two, 'Grace')
      await expectAll(pages, 'active')
    },
  )
}

test('five tabs on a real OpenID provider share one refresh', { tag: '@chromium' }, async ({ context, demo }) => {
  const { path } = demos[0]
  const pages: Page[] = []
  for (let count = 0; count < 5; count++) {
    const page = await context.newPage()
    await page.goto(demo.url + path)
    pages.push(page)
  }
  if (!pages[0]) throw new Error('no pages')
  await signIn(pages[0], 'Alan')
  await expectAll(pages, 'active')
  await context.clock.fastForward(31_000)
  await callAll(pages)
  expect(demo.counters().total).toMatchObject({ tokenCalls: 2, refreshes: 1, reuse: 0, refused: 0 })
  for (const page of pages) await expect(page.locator('#generation')).toHaveText('2')
})
