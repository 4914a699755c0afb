import { expect, noTimeouts, pause, test, within, type Tab } from './fixtures.js'
import { createGate, type Fault } from './server/token-server.js'

const afterExpiry = 11 * 60_000

/** An application that requests a token again and again; returns the results. */
async function keepAsking(tab: Tab, forMs: number): Promise<{ codes: string[]; given: number }> {
  return tab.page.evaluate(async (ms) => {
    const codes = new Set<string>()
    let given = 0
    for (const until = performance.now() + ms; performance.now() < until;) {
      const { token, code } = await window.harness.token()
      if (token !== null) given++
      if (code !== null) codes.add(code)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return { codes: [...codes], given }
  }, forMs)
}

/** What one tab wrote down of a failure has reached the others. */
async function sameRecord(all: Tab[]): Promise<void> {
  const different = async (): Promise<number> =>
    new Set(await Promise.all(all.map(({ page }) => page.evaluate(() => localStorage.getItem('sojourn:session:1')))))
      .size
  await expect.poll(different).toBe(1)
}

test(
  'S24 nine seconds of 503 with an expired token cost at most five calls, and end in recovery',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(2, noTimeouts)
    await all[0]?.signIn(tokens.issue())
    await all[1]?.next('signedIn')
    await Promise.all(all.map((tab) => tab.shiftClock(afterExpiry)))
    tokens.failAlways({ kind: 'status', status: 503 })
    const codes = new Set<string | null>()
    for (const until = Date.now() + 9000; Date.now() < until;) {
      for (const tab of all) {
        codes.add((await tab.token()).code)
        await sameRecord(all)
      }
      await pause(200)
    }
    tokens.failAlways(null)
    expect([...codes]).toEqual(['server'])
    expect(tokens.tokenCalls().length).toBeLessThanOrEqual(5)
    expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active'])
    // Past the back-off.
    await Promise.all(all.map((tab) => tab.shiftClock(60_000)))
    for (const tab of all) await expect.poll(async () => tokens.isLive((await tab.token()).token ?? '')).toBe(true)
    expect(tokens.counts.reuse).toBe(0)
  },
)

test('S25 a 503 while the token is still valid reaches no caller', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { ...noTimeouts.options, refreshBefore: '35s' } })
  const issued = tokens.issue({ accessLife: 30 })
  await tab.signIn(issued)
  await tab.click()
  tokens.failAlways({ kind: 'status', status: 503 })
  // But a caller who forces a refresh gets the error.
  const forced = await tab.tokens(3, { forceRefresh: true })
  expect(forced.map(({ code }) => code)).toEqual(['server', 'server', 'server'])
  expect((await tab.token()).token).toBe(issued.access_token)
  const { codes } = await keepAsking(tab, 4500)
  expect(codes).toEqual([])
  expect(tokens.tokenCalls().length).toBeGreaterThan(0)
})

const retryAfter: { how: string; value: () => string; path: string }[] = [
  { how: 'in seconds', value: () => '5', path: '/app' },
  { how: 'as a date, from another origin', value: () => new Date(Date.now() + 6000).toUTCString(), path: '/far' },
]
for (const { how, value, path } of retryAfter) {
  test(
    `S26 a 429 with Retry-After ${how} stops requests of all tabs for that long`,
    { tag: '@chromium' },
    async ({ tabs, tokens, server }) => {
      const config = { ...noTimeouts, ...(path === '/far' ? { tokenOrigin: server.otherOrigin } : {}) }
      const all = await tabs.openMany(3, config, { path })
      await all[0]?.signIn(tokens.issue())
      await Promise.all(all.map((tab) => tab.next('signedIn')))
      // The date is an instant of the real clock, so this test may not move the pages' clocks: its token is a short one.
      tokens.failAlways({ kind: 'status', status: 429, headers: () => ({ 'retry-after': value() }) })
      await all[0]?.token({ forceRefresh: true })
      await sameRecord(all)
      const first = tokens.tokenCalls()[0]?.at ?? 0
      tokens.failAlways(null)
      const askAll = async (): Promise<number> => {
        await Promise.all(all.map((tab) => tab.token({ forceRefresh: true })))
        return tokens.tokenCalls().length
      }
      await expect.poll(askAll, { intervals: [200], timeout: 20_000 }).toBeGreaterThanOrEqual(2)
      expect(tokens.tokenCalls()[1]?.at).toBeGreaterThanOrEqual(first + 5000)
    },
  )
}

test('S26 a caller without a valid token gets `rate_limited`', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.shiftClock(afterExpiry)
  tokens.failAlways({ kind: 'status', status: 429, headers: () => ({ 'retry-after': '60' }) })
  const from = Date.now()
  expect((await tab.token()).code).toBe('rate_limited')
  expect((await tab.token()).code).toBe('rate_limited')
  expect(tokens.tokenCalls()).toHaveLength(1)
  const { retryAt } = (await tab.next('refreshFailed')).detail
  expect(retryAt).toBeGreaterThanOrEqual(from + afterExpiry + 59_000)
})

test('S28 a start offline with an expired token rejects, keeps the session, and recovers with one call', async ({
  tabs,
  tokens,
  context,
}) => {
  const before = await tabs.open(noTimeouts)
  await before.signIn(tokens.issue())
  await before.page.close()
  const tab = await tabs.open({ ...noTimeouts, manual: true, clockOffset: afterExpiry })
  await context.setOffline(true)
  await tab.page.evaluate(() => window.harness.start())
  expect((await tab.token()).code).toBe('offline')
  expect(await tab.phase()).toBe('active')
  expect(tokens.tokenCalls()).toHaveLength(0)
  await context.setOffline(false)
  await expect.poll(async () => (await tab.token()).token).not.toBeNull()
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('S29 invalid_grant signs out once, in all tabs, and says why', async ({ tabs, tokens }) => {
  const all = await tabs.openMany(3, noTimeouts)
  await all[0]?.signIn(tokens.issue())
  await Promise.all(all.map((tab) => tab.next('signedIn')))
  tokens.failNext({ kind: 'error', error: 'invalid_grant' })
  expect((await all[1]?.token({ forceRefresh: true }))?.code).toBe('signed_out')
  for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('rejected')
  await Promise.all(all.map((tab) => tab.token()))
  await pause(300)
  for (const tab of all) expect(await tab.events('signedOut')).toHaveLength(1)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('S31 an endpoint that hangs ends in `timeout`, and the lock is free again', async ({ tabs, tokens, context }) => {
  await context.clock.install()
  const all = await tabs.openMany(2, noTimeouts)
  await all[0]?.signIn(tokens.issue())
  await all[1]?.next('signedIn')
  await Promise.all(all.map((tab) => tab.shiftClock(afterExpiry)))
  const asked = tokens.nextCall('/token')
  tokens.failAlways({ kind: 'hang' })
  const hanging = all[0]?.token() ?? Promise.reject(new Error('no tab'))
  await asked
  const done = hanging.then(() => true)
  // A request may take 10 s.
  for (let ended = false; !ended; ended = await Promise.race([done, pause(200).then(() => false)])) {
    await all[0]?.page.clock.runFor(1000)
  }
  expect((await hanging).code).toBe('timeout')
  tokens.failAlways(null)
  await Promise.all(all.map((tab) => tab.shiftClock(3_600_000)))
  const other = await within(10_000, 'the lock', all[1]?.token() ?? Promise.reject(new Error('no tab')))
  expect(tokens.isLive(other.token ?? '')).toBe(true)
  expect(await all[0]?.phase()).toBe('active')
})

test('S99 a browser that reports to be offline gets a token if the server answers', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.page.evaluate(() => {
    Object.defineProperty(navigator, 'onLine', { get: () => false })
  })
  await tab.signIn(tokens.issue())
  await tab.shiftClock(afterExpiry)
  expect(tokens.isLive((await tab.token()).token ?? '')).toBe(true)
  expect((await tab.token({ forceRefresh: true })).code).toBeNull()
  await tab.signOut()
  expect(tokens.revocations()).toHaveLength(1)
})

for (const { option, code, title } of [
  {
    option: '20s',
    code: null,
    title: 'S100 a token endpoint of 12 s costs one call where requestTimeout is 20 s',
  },
  {
    option: undefined,
    code: 'timeout',
    title: 'an answer after 12 s is kept by default, and the next call has it',
  },
] as const) {
  test(title, { tag: '@chromium' }, async ({ tabs, tokens, context }) => {
    await context.clock.install()
    const options = { ...noTimeouts.options, ...(option && { requestTimeout: option }) }
    const [tab, other] = await tabs.openMany(2, { ...noTimeouts, options })
    if (!tab || !other) throw new Error('no tabs')
    await tab.signIn(tokens.issue())
    await other.next('signedIn')
    for (const each of [tab, other]) await each.shiftClock(afterExpiry)
    const gate = createGate()
    tokens.failNext({ kind: 'gate', gate, acts: 'after' })
    const asked = tab.token()
    await gate.reached
    for (let passed = 0; passed < 12; passed++) await tab.page.clock.runFor(1000)
    gate.open()
    expect((await asked).code).toBe(code)
    const next = async (): Promise<boolean> => tokens.isLive((await tab.token()).token ?? '')
    await expect.poll(next).toBe(true)
    expect((await other.token()).token).toBe((await tab.token()).token)
    expect(tokens.tokenCalls()).toHaveLength(1)
    expect(tokens.counts.reuse).toBe(0)
  })
}

for (const [error, tag] of [
  ['interaction_required', []],
  ['login_required', []],
  ['consent_required', '@long'],
  ['mfa_required', '@long'],
] as const) {
  test(
    `S101 ${error} signs out once, in all tabs, with the reason rejected`,
    { tag: [tag].flat() },
    async ({ tabs, tokens }) => {
      const all = await tabs.openMany(2, noTimeouts)
      await all[0]?.signIn(tokens.issue())
      await Promise.all(all.map((tab) => tab.next('signedIn')))
      tokens.failAlways({ kind: 'error', error })
      expect((await all[1]?.token({ forceRefresh: true }))?.code).toBe('signed_out')
      for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('rejected')
      expect(tokens.tokenCalls()).toHaveLength(1)
    },
  )
}

test(
  'S102 a proxy’s page with 401 in place of the token endpoint signs nobody out',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(2, noTimeouts)
    await all[0]?.signIn(tokens.issue())
    await Promise.all(all.map((tab) => tab.next('signedIn')))
    await Promise.all(all.map((tab) => tab.shiftClock(afterExpiry)))
    tokens.failAlways({ kind: 'body', status: 401, body: '<h1>Sign in to the network</h1>', contentType: 'text/html' })
    expect((await all[0]?.token())?.code).toBe('server')
    expect(tabs.console.filter((line) => line.startsWith('sojourn: tokenEndpoint'))).toHaveLength(1)
    tokens.failAlways(null)
    // Past the back-off.
    await Promise.all(all.map((tab) => tab.shiftClock(60_000)))
    for (const tab of all) await expect.poll(async () => tokens.isLive((await tab.token()).token ?? '')).toBe(true)
  },
)

const failures: { what: string; fault: Fault; code: string }[] = [
  { what: '503', fault: { kind: 'status', status: 503 }, code: 'server' },
  { what: 'cut connection', fault: { kind: 'drop', acts: false }, code: 'offline' },
]
for (const { what, fault, code } of failures) {
  test(`ten callers share one failure (${what})`, { tag: '@chromium' }, async ({ tabs, tokens }) => {
    const tab = await tabs.open(noTimeouts)
    await tab.signIn(tokens.issue())
    await tab.shiftClock(afterExpiry)
    tokens.failAlways(fault)
    const answers = await tab.tokens(10)
    expect(new Set(answers.map((answer) => answer.code))).toEqual(new Set([code]))
    // A connection that was cut is tried once more at once; anything else waits.
    expect(tokens.tokenCalls()).toHaveLength(fault.kind === 'drop' ? 2 : 1)
    expect(await tab.events('refreshFailed')).toHaveLength(1)
  })
}
