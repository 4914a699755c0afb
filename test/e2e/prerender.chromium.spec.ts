/** Pages that Chromium renders by speculation rules before anybody has opened them. */
import { test as base } from '@playwright/test'
import { lookAtPrerendered, seenOfPrerendered } from '../contract/prerendered.js'
import { expect, noTimeouts, pause, type PageConfig, type TestServer } from './fixtures.js'
import { expectNoHarm } from './harm.js'
import { withPrerendering, type Place, type PrerenderingChromium, type RawTab } from './prerendering-chromium.js'
import { startServer } from './server/serve.js'
import { actionsBy, pageUrl, type Actions, type Run } from './tab.js'

type Tab = RawTab & Actions
type Ahead = Place & Actions

interface Tabs {
  open(config?: PageConfig): Promise<Tab>
  /** A tab that prerenders another page: the page is opened by a click on `#ahead`. */
  openAhead(config?: PageConfig): Promise<readonly [from: Tab, ahead: Ahead]>
}

const test = base.extend<{ server: TestServer; chromium: PrerenderingChromium; tabs: Tabs }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  server: async ({}, use) => {
    const server = await startServer()
    await use(server)
    await server.close()
  },
  // eslint-disable-next-line no-empty-pattern -- the same
  chromium: async ({}, use) => {
    await withPrerendering(use)
  },
  tabs: async ({ chromium, server }, use, info) => {
    const pages: Run[] = []
    const add = <P extends Place>(place: P): P & Actions => {
      pages.push(place.run)
      return { ...place, ...actionsBy(place.run) }
    }
    const open = async (config: PageConfig = noTimeouts, search = {}): Promise<Tab> => {
      const tab = add(await chromium.newTab())
      await tab.goTo(pageUrl(server.origin, '/app', config, search))
      await tab.run(() => window.harness.session.ready)
      return tab
    }
    await use({
      open: (config) => open(config),
      async openAhead(config = noTimeouts) {
        const from = await open(config, { ahead: pageUrl(server.origin, '/app', config, { is: 'ahead' }) })
        const ahead = add(await from.prerendered())
        expect(
          await ahead.run(() => [Reflect.get(document, 'prerendering') as boolean, document.visibilityState]),
        ).toEqual([true, 'hidden'])
        return [from, ahead]
      },
    })
    if (info.errors.length > 0) return
    await expectNoHarm({ pages, lines: chromium.lines, inWebStorage: false, tokens: server.tokens })
  },
})

/** How the page came to be what it is: `navigate` where it is the one that was prerendered, `reload` where it was loaded again. */
const cameBy = ({ run }: Place): Promise<unknown> =>
  run(() => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).type).catch(() => null)

/** Films what is drawn since the page is opened: first what its own listener sees, then each frame. */
const film = ({ run }: Place): Promise<void> =>
  run(() => {
    const frames: { phase: string; visible: boolean }[] = []
    const look = (): void => {
      const { visibility } = getComputedStyle(document.documentElement)
      frames.push({ phase: window.harness.session.getSnapshot().phase, visible: visibility !== 'hidden' })
      localStorage.setItem('harness.film', JSON.stringify(frames))
      if (frames.length < 10) requestAnimationFrame(look)
    }
    document.addEventListener('prerenderingchange', look)
  })
const filmed = ({ run }: Place): Promise<{ phase: string; visible: boolean }[]> =>
  run(() => JSON.parse(localStorage.getItem('harness.film') ?? '[]') as { phase: string; visible: boolean }[])

test('S96 a prerendered page gets a valid token at once, and a refreshed one when it is opened', async ({
  tabs,
  server,
}) => {
  const { tokens } = server
  const issued = tokens.issue()
  const user = await tabs.open()
  expect(await user.signIn(issued)).toBeNull()
  const [from, ahead] = await tabs.openAhead()
  expect((await ahead.token()).token).toBe(issued.access_token)
  const asked = ahead.token({ forceRefresh: true })
  // Longer than anybody waits for the lock, from when it can be had.
  await pause(16_000)
  expect(tokens.tokenCalls()).toEqual([])
  await from.click('#ahead')
  const { token, code } = await asked
  expect([code, tokens.isLive(token ?? '')]).toEqual([null, true])
  expect(tokens.tokenCalls().length).toBe(1)
  expect(await cameBy(ahead)).toBe('navigate')
  // The other process may hear of it a moment later, and its own token is valid until then.
  await expect.poll(async () => (await user.token()).token).toBe(token)
})

test('S97 signOut() in a prerendered page ends nothing before it is opened, and then once', async ({
  tabs,
  server,
}) => {
  const user = await tabs.open()
  expect(await user.signIn(server.tokens.issue())).toBeNull()
  const [discarding, discarded] = await tabs.openAhead()
  const [from, ahead] = await tabs.openAhead()
  for (const page of [discarded, ahead])
    await page.run(() => {
      void window.harness.session.signOut()
    })
  // The first is never opened: its tab goes elsewhere.
  await discarding.goTo(`${server.origin}/app?config=${encodeURIComponent(JSON.stringify(noTimeouts))}`)
  for (const tab of [user, discarding, ahead]) expect(await tab.phase()).toBe('active')
  expect(server.tokens.calls.filter(({ path }) => path === '/revoke')).toEqual([])

  await from.click('#ahead')
  expect((await user.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
  await expect.poll(() => ahead.phase()).toBe('signedOut')
  await expect.poll(() => server.tokens.calls.filter(({ path }) => path === '/revoke').length).toBe(1)
  expect(await user.events('signedOut')).toHaveLength(1)
})

test('S98 nothing in a prerendered page is activity, and the first input after it is opened is', async ({
  tabs,
  server,
}) => {
  const config: PageConfig = { options: { idleTimeout: '10m', absoluteTimeout: false } }
  const user = await tabs.open(config)
  expect(await user.signIn(server.tokens.issue())).toBeNull()
  const endAt = (await user.deadlines())?.endAt
  const [from, ahead] = await tabs.openAhead(config)
  await ahead.run(() => {
    const { session } = window.harness
    session.touch()
    session.hold()()
    document.body.click()
  })
  await pause(2500)
  expect((await user.deadlines())?.endAt).toBe(endAt)
  expect(await ahead.run(() => window.harness.writes)).toEqual([])
  // Not by a click, which would be activity in the page that it is in.
  await from.run(() => {
    location.assign(document.querySelector<HTMLAnchorElement>('#ahead')?.href ?? '')
  })
  await expect.poll(() => ahead.run(() => Reflect.get(document, 'prerendering') as boolean)).toBe(false)
  expect((await ahead.deadlines())?.endAt).toBe(endAt)
  await from.click('#press')
  await expect.poll(async () => (await user.deadlines())?.endAt).not.toBe(endAt)
  await expect.poll(async () => (await user.deadlines())?.endAt).toBe((await ahead.deadlines())?.endAt)
})

for (const [how, end] of [
  ['ended', (user: Tab) => user.signOut()],
  ['was replaced', (user: Tab, server: TestServer) => user.signIn(server.tokens.issue())],
] as const)
  test(`S98 a page whose session ${how} before it is opened is not shown, not for one frame`, async ({
    tabs,
    server,
  }) => {
    const user = await tabs.open()
    expect(await user.signIn(server.tokens.issue())).toBeNull()
    const [from, ahead] = await tabs.openAhead()
    await film(ahead)
    const before = await ahead.snapshot()
    await end(user, server)
    await expect.poll(() => ahead.snapshot()).not.toEqual(before)
    await from.click('#ahead')
    await expect.poll(() => cameBy(ahead)).toBe('reload')
    const frames = await filmed(ahead)
    expect(frames[0]).toMatchObject({ visible: false })
    expect(frames.filter(({ visible }) => visible)).toEqual([])
  })

test('S98 a page whose session is the same is shown as it was rendered', async ({ tabs, server }) => {
  const user = await tabs.open()
  expect(await user.signIn(server.tokens.issue())).toBeNull()
  const [from, ahead] = await tabs.openAhead()
  await film(ahead)
  await from.click('#ahead')
  await expect.poll(async () => (await filmed(ahead)).length).toBe(10)
  expect(await filmed(ahead)).toEqual(Array(10).fill({ phase: 'active', visible: true }))
  expect(await cameBy(ahead)).toBe('navigate')
})

test('storage and input of a prerendered page work, messages and locks wait, as in simulated worlds', async ({
  chromium,
  server,
}) => {
  const from = await chromium.newTab()
  const one = await chromium.newTab()
  await one.goTo(`${server.origin}/ports`)
  await from.goTo(pageUrl(server.origin, '/ports', {}, { ahead: `${server.origin}/ports?is=ahead` }))
  const ahead = await from.prerendered()
  const placeOf = ({ run }: Place) => ({
    post: (text: string) => run((given) => window.seat.post(given), text),
    write: (text: string) => run((given) => window.seat.write(given), text),
    read: () => run(() => window.seat.read()),
    received: () => run(() => window.seat.received),
    turns: () => run(() => window.seat.turns),
    requestLock: (wait: number) => run((given) => window.seat.requestLock(given), wait),
  })
  for (const { run } of [one, ahead]) await run(() => window.seat.enter('room'))
  const until = async (check: () => Promise<unknown>, wanted: unknown): Promise<void> => {
    await expect.poll(check).toEqual(wanted)
  }
  const open = (): Promise<void> => from.click('#ahead')
  expect(await lookAtPrerendered({ until }, placeOf(one), placeOf(ahead), open)).toEqual(seenOfPrerendered)
})
