/** A page that a server has rendered with what it knows (`adoptPage`), on the demo's backend for frontend. */
import type { BrowserContext, Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import type { PageState } from '../../src/servers/custom.js'
import { expect, test as base } from './fixtures.js'

const test = base.extend<{ demo: Demo }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
})

/** The phases that the page has shown, the first one from its first render. */
const SCRIPT = `
  import { createSession } from '/dist/index.js'
  import { cookieSession } from '/dist/servers/cookie.js'
  import { adoptPage } from '/dist/servers/custom.js'
  const server = cookieSession({ check: '/cookie/session', signOut: '/cookie/logout' })
  const session = createSession({ name: 'rendered', server })
  const isTrue = adoptPage(session, JSON.parse(document.documentElement.dataset.state))
  const phases = []
  const render = () => {
    const { phase, reason, id } = session.getSnapshot()
    phases.push(reason ? phase + ' ' + reason : phase)
    document.body.dataset.id = id ?? ''
    document.body.dataset.phases = phases.join()
  }
  session.subscribe(render)
  session.on('switched', () => (document.body.dataset.switched = 'yes'))
  render()
  document.body.dataset.isTrue = String(await isTrue)`

/** What the server knows now. */
async function stateOf(context: BrowserContext, demo: Demo): Promise<PageState> {
  const at = Date.now()
  const response = await context.request.get(`${demo.url}/cookie/me`)
  const { login = null } = (await response.json()) as { login?: string | null }
  return { login, at }
}

/** Opens a page that the server renders with this state. */
async function open(context: BrowserContext, demo: Demo, state: PageState): Promise<Page> {
  const page = await context.newPage()
  const html = `<!doctype html><html data-state='${JSON.stringify(state)}'><body><script type="module">${SCRIPT}</script>`
  await page.route('**/rendered', (route) => route.fulfill({ contentType: 'text/html', body: html }))
  await page.goto(`${demo.url}/rendered`)
  await expect(page.locator('body')).toHaveAttribute('data-is-true', /./)
  return page
}

/** Signs somebody in at the backend: the cookie is new, and no page has told Sojourn of it. */
async function signIn(context: BrowserContext, demo: Demo, name: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${demo.url}/cookie/login`)
  await page.locator('#name').fill(name)
  await page.locator('#name').press('Enter')
  await page.waitForURL('**/tab.html')
  await page.close()
}

const expectShown = async (page: Page, phases: string, isTrue: boolean): Promise<void> => {
  await expect(page.locator('body')).toHaveAttribute('data-phases', phases)
  await expect(page.locator('body')).toHaveAttribute('data-is-true', String(isTrue))
}
const idOf = (page: Page): Promise<string | null> => page.locator('body').getAttribute('data-id')

test(
  'a rendered page shows no phase but the right one: signed in, dead session, another user, an old page',
  { tag: '@chromium' },
  async ({ context, demo }) => {
    const nobody = await open(context, demo, await stateOf(context, demo))
    await expectShown(nobody, 'signedOut', true)
    await nobody.close()

    await signIn(context, demo, 'Ada')
    const adaState = await stateOf(context, demo)
    const ada = await open(context, demo, adaState)
    await expectShown(ada, 'active', true)
    const again = await open(context, demo, await stateOf(context, demo))
    await expectShown(again, 'active', true)
    expect(await idOf(again)).toBe(await idOf(ada))
    await again.close()

    await signIn(context, demo, 'Bob')
    const bob = await open(context, demo, await stateOf(context, demo))
    await expectShown(bob, 'active', true)
    await expect(ada.locator('body')).toHaveAttribute('data-switched', 'yes')
    const old = await open(context, demo, adaState)
    await expectShown(old, 'active', false)
    expect(await idOf(old)).toBe(await idOf(bob))

    await demo.endCookieSessions()
    const dead = await open(context, demo, await stateOf(context, demo))
    await expectShown(dead, 'signedOut rejected', true)
    for (const page of [bob, old])
      await expect(page.locator('body')).toHaveAttribute('data-phases', 'active,signedOut rejected')
    await expectShown(await open(context, demo, adaState), 'signedOut rejected', false)
  },
)
