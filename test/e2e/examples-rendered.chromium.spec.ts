/** What the examples that render on a server show, from their first frame on. All of them render the same texts at the same paths. */
import type { Page } from '@playwright/test'
import { startExample } from './examples.js'
import { expect, test as base } from './fixtures.js'
import { goBack } from './tab.js'

declare global {
  interface Window {
    /** Each state of the page that was in the document: who is signed in, and the heading. Without repetitions. */
    shown: string[]
  }
}

/** An observer is called before anything is painted, so it misses no frame. */
function recordShown(): void {
  window.shown = []
  const look = (): void => {
    const who = document.querySelector('#who')?.textContent.trim()
    const heading = document.querySelector('main h1, main p')?.textContent
    // The parser adds one element after the other: first the user, then the heading.
    if (who === undefined || !heading) return
    const state = `${heading}: ${who}`
    if (window.shown.at(-1) !== state) window.shown.push(state)
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
}

/** The routers of Next.js and SvelteKit add an element for screen readers when the page is hydrated, Vue marks its own. */
const isHydrated = (): boolean =>
  document.querySelector('next-route-announcer, #svelte-announcer') !== null ||
  '__vue_app__' in (document.querySelector('#__nuxt') ?? {})

/** All that the document has shown until it was hydrated and painted. */
async function shownBy(page: Page): Promise<string[]> {
  await page.waitForFunction(isHydrated)
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            resolve(window.shown)
          }),
        )
      }),
  )
}

async function signIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(isHydrated)
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: `Account of ${name}` })).toBeVisible()
}

const test = base.extend<{ open: () => Promise<Page> }>({
  /** Opens tabs of one browser. Fails where one has complained: of a mismatch, for example. */
  open: async ({ context }, use) => {
    const complaints: string[] = []
    await context.addInitScript(recordShown)
    await use(async () => {
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        const { url } = message.location()
        // The examples have no icon.
        if (['warning', 'error'].includes(message.type()) && !url.endsWith('/favicon.ico'))
          complaints.push(`${message.text()} (${url})`)
      })
      return page
    })
    expect(complaints).toEqual([])
  },
})

/** The cookie stays, and the server does not know its session any more. */
async function forget(page: Page): Promise<void> {
  const context = page.context()
  const cookies = (await context.cookies()).filter(({ name }) => name.endsWith('session'))
  expect(cookies).toHaveLength(1)
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, value: 'forgotten' })))
}

/** One server for all tests of an example: each test has a browser profile of its own, and users of its own where that matters. */
function serve(name: string, script: 'start' | 'dev', tests: (urlOf: (path?: string) => string) => void): void {
  test.describe(
    `example ${name} by npm run ${script}`,
    { tag: name === 'next-cookie' && script === 'start' ? [] : '@long' },
    () => {
      // Not on several workers, of which each would start a server.
      test.describe.configure({ mode: 'default' })
      let served: Awaited<ReturnType<typeof startExample>> | undefined
      test.beforeAll(async () => {
        served = await startExample(name, script)
      })
      test.afterAll(() => served?.stop())
      tests((path = '/') => `${served!.url}${path}`)
    },
  )
}

function testStates(urlOf: (path?: string) => string): void {
  test('S134 signed out: the page shows nobody from its first frame on', async ({ open }) => {
    const page = await open()
    await page.goto(urlOf())
    expect(await shownBy(page)).toEqual(['Home: Sign in'])
    await page.goto(urlOf('/account'))
    expect(await shownBy(page)).toEqual(['Sign in: Sign in'])
  })

  test('S134 signed in: the page shows the user from its first frame on', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    await page.goto(urlOf())
    expect(await shownBy(page)).toEqual(['Home: Signed in as Ada'])
    await page.close()
    // A device that knows of no session, with a cookie that the server knows. A page with a session would take this for its end.
    const again = await open()
    await again.goto(urlOf('/api/session'))
    await again.evaluate(() => {
      localStorage.clear()
    })
    await again.goto(urlOf('/account'))
    expect(await shownBy(again)).toEqual(['Account of Ada: Signed in as Ada'])
  })

  test('S134 dead session: no frame shows the user whom the server has forgotten', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    const other = await open()
    await other.goto(urlOf())
    expect(await shownBy(other)).toEqual(['Home: Signed in as Ada'])
    await forget(page)
    await page.goto(urlOf())
    expect(await shownBy(page)).toEqual(['Home: Sign in'])
    await expect(other.locator('#who')).toHaveText('Sign in')
    expect(await shownBy(other)).toEqual(['Home: Signed in as Ada', 'Home: Sign in'])
    await page.goto(urlOf('/account'))
    expect(await shownBy(page)).toEqual(['Sign in: Sign in'])
  })
}

function testChanges(urlOf: (path?: string) => string): void {
  test('S134 dead session: the next page of the router shows nobody', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    await forget(page)
    await page.getByRole('link', { name: 'Home' }).click()
    await expect(page.locator('#who')).toHaveText('Sign in')
    expect((await shownBy(page)).filter((state) => state.startsWith('Home'))).toEqual(['Home: Sign in'])
  })

  test('S134 two tabs: after a sign-out in one, neither shows the user', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    const other = await open()
    await other.goto(urlOf('/account'))
    expect(await shownBy(other)).toEqual(['Account of Ada: Signed in as Ada'])
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible()
    expect(await shownBy(page)).toEqual(['Home: Sign in'])
    await expect(other.locator('#who')).toHaveText('Sign in')
    await expect(other.getByText('Ada')).toHaveCount(0)
    expect(await shownBy(other)).toEqual(['Account of Ada: Signed in as Ada', 'You are signed out.: Sign in'])
    await goBack(page)
    // Out of the back/forward cache, or anew from the server, which sends nobody to the login.
    await expect(page).toHaveURL(/account|login/)
    await expect(page.locator('#who')).toHaveText('Sign in')
    await expect(page.getByText('Ada')).toHaveCount(0)
  })

  test('S134 two tabs: when another user signs in after a sign-out, no frame shows the last user', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    const other = await open()
    await other.goto(urlOf('/account'))
    expect(await shownBy(other)).toEqual(['Account of Ada: Signed in as Ada'])
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await expect(other.locator('#who')).toHaveText('Sign in')
    // The other tab may know it before this one has left for the home page, and that would stop the next navigation.
    await expect(page.getByRole('heading', { name: 'Home' })).toBeVisible()
    await signIn(page, urlOf('/login'), 'Bob')
    await expect(other.getByRole('heading', { name: 'Account of Bob' })).toBeVisible()
    expect(await shownBy(other)).toEqual([
      'Account of Ada: Signed in as Ada',
      'You are signed out.: Sign in',
      'Account of Bob: Signed in as Bob',
    ])
  })

  test('S134 two tabs: when another user signs in in one, the other shows that user', async ({ open }) => {
    const page = await open()
    await page.goto(urlOf())
    expect(await shownBy(page)).toEqual(['Home: Sign in'])
    const other = await open()
    await signIn(other, urlOf('/login'), 'Ada')
    await expect(page.locator('#who')).toHaveText('Signed in as Ada')
    await page.getByRole('link', { name: 'Account' }).click()
    await expect(page.getByRole('heading', { name: 'Account of Ada' })).toBeVisible()
    expect(await shownBy(page)).not.toContain('You are signed out.: Signed in as Ada')
    await signIn(other, urlOf('/login'), 'Bob')
    await expect(page.locator('#who')).toHaveText('Signed in as Bob')
    expect(await shownBy(page)).toEqual(['Account of Bob: Signed in as Bob'])
  })

  test('no cache may keep a page, and a form of another site signs nobody out', async ({ open }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Ada')
    const response = await page.goto(urlOf('/account'))
    expect(response?.headers()['cache-control']).toContain('no-store')
    const forged = await page.request.post(urlOf('/api/session/logout'), {
      headers: { Origin: 'https://elsewhere.example' },
      form: {},
    })
    expect(forged.status()).toBe(403)
    await page.goto(urlOf())
    await expect(page.locator('#who')).toHaveText('Signed in as Ada')
  })

  test('a sign-out on all devices ends the session of another device with its next page', async ({ open, browser }) => {
    const page = await open()
    await signIn(page, urlOf('/login'), 'Eve')
    const elsewhere = await browser.newContext()
    const device = await elsewhere.newPage()
    await signIn(device, urlOf('/login'), 'Eve')
    await page.getByRole('button', { name: 'Sign out on all devices' }).click()
    await expect(page.locator('#who')).toHaveText('Sign in')
    await device.goto(urlOf('/account'))
    await expect(device.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    await elsewhere.close()
  })
}

for (const name of ['next-cookie', 'nuxt-cookie', 'sveltekit-cookie']) {
  // Production is what users get; the development build of each framework reports a mismatch, which some hide in production.
  for (const script of ['start', 'dev'] as const) {
    serve(name, script, (urlOf) => {
      testStates(urlOf)
      testChanges(urlOf)
    })
  }
}
