/** Crashes and frozen tabs, which only the DevTools protocol can make. */
import type { CDPSession } from '@playwright/test'
import { expect, noTimeouts, pause, shortIdle, test as base, type Tab } from './fixtures.js'
import { withRealChromium } from './real-chromium.js'
import { createGate, TOKEN_MARK, type TokenServer } from './server/token-server.js'

const afterExpiry = 11 * 60_000

const test = base.extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  context: async ({}, use) => {
    await withRealChromium(use)
  },
})

async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent('crash')
  // The reply never comes, because the tab is frozen.
  void page.goto('chrome://crash').catch(() => null)
  await crashed
}

/** Freezes a tab; as in the field, only one in the background. Returns the thaw. */
async function freeze({ page }: Tab, other: Tab): Promise<() => Promise<unknown>> {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await other.page.bringToFront()
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('hidden')
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  return () => cdp.send('Page.setWebLifecycleState', { state: 'active' })
}

async function signInAll(all: Tab[], tokens: TokenServer): Promise<string> {
  const issued = tokens.issue()
  await all[0]?.signIn(issued)
  await Promise.all(all.map((tab) => tab.next('signedIn')))
  return issued.access_token
}

test('S13 a frozen tab that holds the lock recovers at the thaw, and others get a valid token or `timeout`', async ({
  tabs,
  tokens,
}) => {
  test.setTimeout(60_000)
  const [frozen, living, expired] = await tabs.openMany(3, noTimeouts)
  if (!frozen || !living || !expired) throw new Error('no tabs')
  const old = await signInAll([frozen, living, expired], tokens)
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts: 'after' })
  const held = frozen.token({ forceRefresh: true })
  await gate.reached
  const thaw = await freeze(frozen, living)
  expect((await living.token()).token).toBe(old)
  await expired.shiftClock(afterExpiry)
  const [forced, late] = await Promise.all([living.token({ forceRefresh: true }), expired.token()])
  expect(forced.code).toBe('timeout')
  expect((await living.token()).token).toBe(old)
  expect(late.code).toBe('timeout')
  expect(late.took).toBeLessThan(25_000)
  expect(tokens.tokenCalls()).toHaveLength(1)
  await thaw()
  gate.open()
  expect(tokens.isLive((await held).token ?? '')).toBe(true)
  await expect.poll(async () => tokens.isLive((await expired.token()).token ?? ''), { timeout: 8000 }).toBe(true)
  expect(await Promise.all([frozen, living, expired].map((tab) => tab.phase()))).toEqual(['active', 'active', 'active'])
  expect(tokens.counts.reuse).toBe(0)
})

test('S45 a tab that was frozen while another signed out shows nothing of the session when it thaws', async ({
  tabs,
  tokens,
}) => {
  const [one, two] = await tabs.openMany(2, noTimeouts)
  if (!one || !two) throw new Error('no tabs')
  await signInAll([one, two], tokens)
  const thaw = await freeze(two, one)
  await one.signOut()
  await thaw()
  await two.next('signedOut')
  expect((await two.token()).code).toBe('signed_out')
  expect(await two.stores()).not.toContain(TOKEN_MARK)
})

test('a tab that was frozen past the deadline is signed out at the thaw', async ({ tabs }) => {
  const tab = await tabs.open({
    options: { idleTimeout: 2000, warnBefore: 500, absoluteTimeout: false },
    server: 'none',
  })
  const bystander = await tabs.open({ manual: true })
  await tab.signIn()
  const thaw = await freeze(tab, bystander)
  await pause(2500)
  await thaw()
  await tab.next('signedOut')
})

const sleepers: { how: string; stop: (tab: Tab, other: Tab) => Promise<unknown> }[] = [
  { how: 'crashed', stop: crash },
  { how: 'frozen', stop: freeze },
]
for (const { how, stop } of sleepers) {
  test(`a ${how} tab does not keep the session alive, whatever it held`, async ({ tabs }) => {
    const [busy, other] = await tabs.openMany(2, { ...shortIdle, server: 'none' })
    if (!busy || !other) throw new Error('no tabs')
    await busy.signIn()
    await other.next('signedIn')
    await busy.page.evaluate(() => {
      window.harness.session.hold()
    })
    await pause(1500)
    await stop(busy, other)
    const from = Date.now()
    await other.next('signedOut')
    const { endedAt } = (await other.snapshot()) as { endedAt: number }
    expect(endedAt - from).toBeLessThanOrEqual(4000)
  })
}
