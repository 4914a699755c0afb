/** The login at a real OpenID provider, in a page of another origin. */
import type { BrowserContext, Page } from '@playwright/test'
import type { DemoOptions } from '../../demo/server/start.mjs'
import { expect, test as base } from './fixtures.js'
import { startSite, type Api, type Site } from './login-site.js'

const ORDERS = 'https://orders.example'
const BILLING = 'https://billing.example'

const test = base.extend<{ setup: DemoOptions; api: Api; site: Site }>({
  setup: [{}, { option: true }],
  api: [{}, { option: true }],
  site: async ({ setup, api }, use) => {
    const site = await startSite(setup, api)
    await use(site)
    await site.close()
  },
})

async function open(context: BrowserContext, { origin }: Site, path = '/app'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin + path)
  await ready(page)
  return page
}

const ready = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => 'app' in window)
}

/** Presses "Sign in": the page is left. */
async function start(page: Page): Promise<void> {
  const left = page.waitForURL(/\/(login\/|app\?code=)/)
  await page.evaluate(() => {
    setTimeout(() => void window.app.auth.start())
  })
  await left
}

/** Types a name at the provider, and comes back. */
async function answer(page: Page, name: string): Promise<void> {
  await page.locator('#name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await ready(page)
}

const phase = (page: Page): Promise<string> => page.evaluate(() => window.app.session.check().phase)
const nameOf = (page: Page): Promise<unknown> => page.evaluate(() => window.app.name())
const done = (page: Page): Promise<readonly (string | null)[]> => page.evaluate(() => window.app.done)

for (const isBound of [false, true])
  test(
    `S128: a login with ${isBound ? 'bound' : 'bearer'} tokens exchanges one code for two callers and all tabs`,
    { tag: isBound ? ['@chromium'] : [] },
    async ({ context, site }) => {
      await context.addInitScript((bound) => {
        window.config = { isBound: bound }
      }, isBound)
      const page = await open(context, site, '/app?page=2#top')
      const other = await open(context, site)
      await start(page)
      await answer(page, 'Ada')
      expect(page.url()).toBe(`${site.origin}/app`)
      expect(await done(page)).toEqual(['/app?page=2#top', '/app?page=2#top'])
      await expect.poll(() => phase(other)).toBe('active')
      for (const each of [page, other]) expect(await nameOf(each)).toBe('Ada')
      const refreshed = await other.evaluate(() => window.app.session.getAccessToken({ forceRefresh: true }))
      await expect.poll(() => page.evaluate(() => window.app.session.getAccessToken())).toBe(refreshed)
      // The first proof of each tab has no nonce of the provider's, which asks for one.
      const refused = isBound ? 2 : 0
      expect(site.demo.counters().total).toMatchObject({ signIns: 1, refreshes: 1, refused, reuse: 0 })
      expect(await page.evaluate(() => JSON.stringify([localStorage, history.state]))).not.toContain('secrets')
    },
  )

test(
  'S128: an address that was used, and one of another browser, are answered without the code',
  { tag: '@chromium' },
  async ({ browser, context, site }) => {
    const page = await open(context, site)
    let address = ''
    page.on('framenavigated', (frame) => {
      if (frame.url().includes('code=')) address = frame.url()
    })
    await start(page)
    await answer(page, 'Ada')
    await page.goto(address)
    await ready(page)
    expect([await done(page), await phase(page)]).toEqual([['/app', '/app'], 'active'])
    expect(page.url()).toBe(`${site.origin}/app`)
    await page.evaluate(() => window.app.session.signOut())
    await page.goto(address)
    await ready(page)
    expect([await done(page), await phase(page)]).toEqual([[null, null], 'signedOut'])

    const elsewhere = await browser.newContext()
    const there = await elsewhere.newPage()
    await there.goto(address)
    await answer(there, 'Ada')
    expect([await done(there), await phase(there)]).toEqual([['/', '/'], 'active'])
    expect(site.demo.counters().total).toMatchObject({ signIns: 2, refused: 0 })
    await elsewhere.close()
  },
)

test(
  'S128: two tabs that log in at once go on with one session of the same user',
  { tag: '@chromium' },
  async ({ context, site }) => {
    const one = await open(context, site, '/app?one')
    const two = await open(context, site, '/app?two')
    for (const page of [one, two]) await start(page)
    for (const page of [one, two]) await answer(page, 'Ada')
    expect([await done(one), await done(two)]).toEqual([
      ['/app?one', '/app?one'],
      ['/app?two', '/app?two'],
    ])
    for (const page of [one, two]) expect(await page.evaluate(() => window.app.events)).not.toContain('switched')
    expect(await phase(one)).toBe('active')
  },
)

test(
  'S129: a login after an idle end asks for the password, though the provider knows the user',
  { tag: '@chromium' },
  async ({ context, site }) => {
    await context.addInitScript(() => {
      window.config = { idleTimeout: 3000 }
    })
    const page = await open(context, site)
    await start(page)
    await answer(page, 'Ada')
    await page.evaluate(() => window.app.session.signOut())
    // After a sign-out the provider decides, and asks nobody.
    await start(page)
    await ready(page)
    expect(await nameOf(page)).toBe('Ada')
    await expect(page).toHaveTitle('signedOut')
    await start(page)
    await answer(page, 'Bob')
    expect(await nameOf(page)).toBe('Bob')
  },
)

test('S131: a logout ends the session here and at the provider', async ({ context, site }) => {
  const page = await open(context, site)
  await start(page)
  await answer(page, 'Ada')
  const asked = page.waitForRequest(/\/oidc\/session\/end/)
  await page.evaluate(() => {
    setTimeout(() => void window.app.auth.end(window.app.session, { returnTo: '/app' }))
  })
  const { searchParams } = new URL((await asked).url())
  expect(searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
  await page.getByRole('button', { name: 'Yes' }).click()
  await ready(page)
  expect([page.url(), await phase(page)]).toEqual([`${site.origin}/app`, 'signedOut'])
  expect(site.demo.counters().total.revocations).toBe(1)
  await start(page)
  await answer(page, 'Bob')
  expect(await nameOf(page)).toBe('Bob')
})

test.describe('a provider with several APIs', () => {
  test.use({ setup: { resources: [ORDERS, BILLING] } })

  test(
    'S132: five tabs have a token for each of two resources out of one refresh token',
    { tag: '@chromium' },
    async ({ context, site }) => {
      await context.addInitScript(
        (resources) => {
          window.config = { resources }
        },
        [ORDERS, BILLING],
      )
      const page = await open(context, site)
      await start(page)
      await answer(page, 'Ada')
      const pages = [page]
      for (let i = 0; i < 4; i++) pages.push(await open(context, site))
      const tokens = await Promise.all(
        pages.map((each) =>
          each.evaluate(
            (all) => Promise.all(all.map((resource) => window.app.session.getAccessToken({ resource }))),
            [ORDERS, BILLING],
          ),
        ),
      )
      expect(new Set(tokens.flat()).size).toBe(2)
      for (const each of tokens) expect(each).toEqual(tokens[0])
      expect(site.demo.counters().total).toMatchObject({ refreshes: 2, refused: 0, reuse: 0 })
      const unknown = page.evaluate(() =>
        window.app.session.getAccessToken({ resource: 'https://unknown.example' }).catch((error: unknown) => {
          const { code, cause } = error as { code: string; cause: unknown }
          return { code, cause }
        }),
      )
      expect(await unknown).toEqual({ code: 'invalid_options', cause: 'invalid_target' })
      expect(await phase(page)).toBe('active')
    },
  )
})

test.describe('an API that takes no token of the first login', () => {
  const used = new Set<string | undefined>()
  const challenge = 'Bearer error="insufficient_user_authentication", max_age="0"'
  test.use({
    api: {
      '/api/strong': (authorization) =>
        used.add(authorization).size > 1 ? { status: 200 } : { status: 401, challenge },
    },
  })

  test(
    'S133: an API that demands a fresh sign-in gets it, and the session goes on',
    { tag: '@chromium' },
    async ({ context, site }) => {
      const page = await open(context, site)
      await start(page)
      await answer(page, 'Ada')
      const before = await page.evaluate(() => window.app.session.check())
      const left = page.waitForURL(/\/login\//)
      await page.evaluate(() => {
        setTimeout(() => void window.app.api('/api/strong'))
      })
      await left
      await answer(page, 'Ada')
      expect(await done(page)).toEqual(['/app?again', '/app?again'])
      expect(await page.evaluate(() => window.app.session.check())).toEqual(before)
      expect(await page.evaluate(() => window.app.api('/api/strong').then(({ status }) => status))).toBe(200)
    },
  )
})
