/** The main path in WebKit, which the tests that Playwright drives go in the two other engines. */
import { expect, noTimeouts, pause, test, type AnyTab } from '../every.js'
import { TOKEN_MARK } from '../server/token-server.js'

test('S48 S10 a sign-in reaches the other window, and both share one refresh', async ({ tabs, tokens }) => {
  const [one, two] = await tabs.openTwo(noTimeouts)
  const issued = tokens.issue()
  expect(await one.signIn(issued)).toBeNull()
  expect((await two.next('signedIn')).detail['where']).toBe('elsewhere')
  expect(await two.cause('active')).toMatch(/^(channel|storage)$/)
  expect((await two.token()).token).toBe(issued.access_token)
  expect(tokens.tokenCalls()).toHaveLength(0)
  for (const tab of [one, two]) await tab.shiftClock(11 * 60_000)
  tokens.failNext({ kind: 'delay', ms: 500 })
  const answers = await Promise.all([one.token(), two.token()])
  expect(answers[0].token).toBe(answers[1].token)
  expect(tokens.isLive(answers[0].token ?? '')).toBe(true)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('S51 S52 S55 activity, warning and "stay" in one window act in both', async ({ tabs }) => {
  // In real time, with room for a driver that takes its own.
  const options = { idleTimeout: 6000, warnBefore: 3000, absoluteTimeout: false } as const
  const [one, two] = await tabs.openTwo({ options, server: 'none' })
  await one.signIn()
  await two.next('signedIn')
  await one.show()
  const until = Date.now() + 4000
  while (Date.now() < until) {
    await one.press('a')
    await pause(300)
  }
  expect(await two.phase()).toBe('active')
  expect(await two.events('warning')).toEqual([])
  await one.next('warning')
  await two.next('warning')
  expect(await two.extend()).toBe(true)
  expect((await one.next('extended')).detail).toEqual({ by: 'user', where: 'elsewhere' })
  expect([await one.phase(), await two.phase()]).toEqual(['active', 'active'])
  await one.next('signedOut')
  expect((await two.next('signedOut')).detail['reason']).toBe('idle')
})

test('S38 S42 a sign-out in one window ends both at once and revokes once', async ({ tabs, tokens }) => {
  const [one, two] = await tabs.openTwo(noTimeouts)
  await one.signIn(tokens.issue())
  await two.next('signedIn')
  await one.run(() => {
    void window.harness.session.signOut()
  })
  const end = await two.next('signedOut')
  expect(end.detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
  expect(await two.cause('signedOut')).toMatch(/^(channel|storage)$/)
  expect((await two.token()).code).toBe('signed_out')
  await expect.poll(() => tokens.revocations().length).toBe(1)
  expect(await two.stores()).not.toContain(TOKEN_MARK)
})

test('S54 the click that wakes a machine after the deadline does not revive the session', async ({ tabs }) => {
  const tab = await tabs.open({ options: { idleTimeout: '15m' }, server: 'none' })
  await tab.signIn()
  await tab.shiftClock(3_600_000)
  await tab.click('#press')
  expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
})

for (const [what, input] of [
  ['a key', (tab: AnyTab) => tab.press('a')],
  ['a click', (tab: AnyTab) => tab.click('#press')],
] as const) {
  test(`S60 ${what} counts as activity`, async ({ tabs }) => {
    const tab = await tabs.open({ options: { idleTimeout: '60m' }, server: 'none' })
    await tab.signIn()
    const before = (await tab.deadlines())?.endAt ?? 0
    await tab.shiftClock(60_000)
    await input(tab)
    await expect.poll(async () => (await tab.deadlines())?.endAt).toBeGreaterThanOrEqual(before + 60_000)
  })
}

test('S60 a click inside a cross-origin iframe counts', async ({ tabs }) => {
  const tab = await tabs.open({ options: { idleTimeout: '60m' }, server: 'none' }, { path: '/cross-framed' })
  await tab.signIn()
  const before = (await tab.deadlines())?.endAt ?? 0
  await tab.shiftClock(60_000)
  const clicked = async (): Promise<number> => {
    await tab.clickInFrame('#frame', '#inner-press')
    return (await tab.deadlines())?.endAt ?? 0
  }
  // A frame is looked at every 4 s.
  await expect.poll(clicked, { intervals: [500] }).toBeGreaterThanOrEqual(before + 60_000)
})

test('S76 the script build runs a whole session under a strict policy', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { idleTimeout: '15m', warnBefore: '2m' } }, { path: '/script' })
  await tab.signIn(tokens.issue())
  expect((await tab.token({ forceRefresh: true })).code).toBeNull()
  await tab.shiftClock(13.5 * 60_000)
  await tab.run(() => {
    window.harness.session.check()
  })
  await tab.next('warning')
  expect(await tab.extend()).toBe(true)
  await tab.signOut()
})
