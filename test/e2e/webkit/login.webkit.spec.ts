/** A login in WebKit: `login.spec.ts` has the rest, in the two other engines. */
import type { Driven } from '../engine.js'
import { expect, test as base } from '../every.js'
import { startSite, type Site } from '../login-site.js'

const test = base.extend<{ site: Site }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  site: async ({}, use) => {
    const site = await startSite({}, {})
    await use(site)
    await site.close()
  },
})

/** Until the page of the application is there, and has finished what it came back from. */
const ready = ({ run }: Driven): Promise<void> => expect.poll(() => run(() => 'app' in window)).toBe(true)

/** Presses "Sign in", types a name at the provider, and comes back. */
async function signIn(tab: Driven, name: string): Promise<void> {
  await tab.run(() => {
    setTimeout(() => void window.app.auth.start())
  })
  await expect.poll(() => tab.run(() => !!document.querySelector('#name'))).toBe(true)
  await tab.run((name) => {
    const field = document.querySelector<HTMLInputElement>('#name')
    if (field) field.value = name
  }, name)
  await tab.click('button')
  await ready(tab)
}

test('S128 S131: a login exchanges one code for two callers and all tabs, and a logout ends it everywhere', async ({
  profile,
  site,
}) => {
  const [one, two] = [await profile.newTab(), await profile.newTab()]
  await one.goTo(`${site.origin}/app?page=2#top`)
  await ready(one)
  await two.goTo(`${site.origin}/app`)
  await ready(two)
  await signIn(one, 'Ada')
  expect(await one.run(() => [location.href, ...window.app.done])).toEqual([
    `${site.origin}/app`,
    '/app?page=2#top',
    '/app?page=2#top',
  ])
  await expect.poll(() => two.run(() => window.app.session.check().phase)).toBe('active')
  for (const tab of [one, two]) expect(await tab.run(() => window.app.name())).toBe('Ada')
  const refreshed = await two.run(() => window.app.session.getAccessToken({ forceRefresh: true }))
  await expect.poll(() => one.run(() => window.app.session.getAccessToken())).toBe(refreshed)
  expect(site.demo.counters().total).toMatchObject({ signIns: 1, refreshes: 1, refused: 0, reuse: 0 })

  await one.run(() => {
    setTimeout(() => void window.app.auth.end(window.app.session, { returnTo: '/app' }))
  })
  await expect.poll(() => two.run(() => window.app.session.check().phase)).toBe('signedOut')
  await expect.poll(() => one.run(() => location.pathname)).toBe('/oidc/session/end')
  expect(site.demo.counters().total.revocations).toBe(1)
})
