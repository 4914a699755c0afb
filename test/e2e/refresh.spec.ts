import { expect, noTimeouts, test, type PageConfig } from './fixtures.js'
import { createGate, TOKEN_MARK } from './server/token-server.js'

/** Past the life of the test server's ordinary access tokens. */
const afterExpiry = 11 * 60_000

test('S1 ten callers with a valid access token cause no call', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  const issued = tokens.issue()
  await tab.signIn(issued)
  const answers = await tab.tokens(10)
  expect(answers.map(({ token }) => token)).toEqual(Array.from({ length: 10 }, () => issued.access_token))
  expect(tokens.tokenCalls()).toHaveLength(0)
})

for (const [store, tag] of [
  ['idb', '@chromium'],
  ['idb-encrypted', []],
  ['memory', '@chromium'],
  ['local', []],
] as const) {
  test(
    `S2 ten callers at once with an expired access token share one refresh (${store})`,
    { tag: [tag].flat() },
    async ({ tabs, tokens }) => {
      if (store === 'local') tabs.allowTokensInWebStorage()
      const tab = await tabs.open({ ...noTimeouts, store })
      const issued = tokens.issue()
      await tab.signIn(issued)
      await tab.shiftClock(afterExpiry)
      tokens.failNext({ kind: 'delay', ms: 200 })
      const answers = await tab.tokens(10)
      const given = new Set(answers.map(({ token }) => token))
      expect(given.size).toBe(1)
      expect(given).not.toContain(issued.access_token)
      expect(tokens.isLive(answers[0]?.token ?? '')).toBe(true)
      expect(tokens.tokenCalls()).toHaveLength(1)
    },
  )
}

test('S3 a token near its end is refreshed once, before it expires, and no caller waits for it', async ({
  tabs,
  tokens,
  context,
}) => {
  await context.clock.install()
  const tab = await tabs.open({ options: { ...noTimeouts.options, refreshBefore: '5m' } })
  const issued = tokens.issue({ accessLife: 600 })
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts: 'after' })
  await tab.signIn(issued)
  await context.clock.fastForward('05:10')
  await tab.click()
  await gate.reached
  // There is no reply yet.
  const answers = await tab.tokens(10)
  expect(answers.map(({ token }) => token)).toEqual(answers.map(() => issued.access_token))
  gate.open()
  await expect.poll(async () => (await tab.token()).token).not.toBe(issued.access_token)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('S4 a forced refresh joins the one that is in flight', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts: 'after' })
  const first = tab.token({ forceRefresh: true })
  await gate.reached
  const others = tab.tokens(3, { forceRefresh: true })
  // What a page is asked later it answers later.
  const [answers] = await Promise.all([others, first, tab.phase().then(gate.open)])
  expect(new Set([(await first).token, ...answers.map(({ token }) => token)]).size).toBe(1)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test(
  'a destroyed session object in the middle of a refresh leaves the reply to the next of the page',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [tab, other] = await tabs.openMany(2, noTimeouts)
    if (!tab || !other) throw new Error('no tabs')
    await tab.signIn(tokens.issue())
    await other.next('signedIn')
    const gate = createGate()
    // The server has rotated when the page destroys the object that asked, as after a hot reload.
    tokens.failNext({ kind: 'gate', gate, acts: 'before' })
    const asked = tab.token({ forceRefresh: true })
    await gate.reached
    await tab.page.evaluate(() => {
      window.harness.session.destroy()
    })
    expect((await asked).code).toBe('signed_out')
    await tab.page.evaluate(() => window.harness.start())
    const next = tab.token({ forceRefresh: true })
    await tab.phase().then(gate.open)
    expect(tokens.isLive((await next).token ?? '')).toBe(true)
    expect(tokens.isLive((await other.token({ forceRefresh: true })).token ?? '')).toBe(true)
    expect(tokens.counts.reuse).toBe(0)
    expect(await Promise.all([tab.phase(), other.phase()])).toEqual(['active', 'active'])
  },
)

test(
  'S6 tokens of 30 and 60 days cause no call in ten seconds, nor do the ones after a refresh',
  { tag: '@chromium' },
  async ({ tabs, tokens, context }) => {
    await context.clock.install()
    const day = 86_400
    const monthly: PageConfig = { options: { ...noTimeouts.options, name: 'monthly' } }
    const bimonthly: PageConfig = { options: { ...noTimeouts.options, name: 'bimonthly' }, store: 'memory' }
    const [first, second] = await Promise.all([tabs.open(monthly), tabs.open(bimonthly)])
    await first.signIn(tokens.issue({ accessLife: 30 * day }))
    await second.signIn(tokens.issue({ accessLife: 60 * day }))
    tokens.accessLife = 60 * day
    await context.clock.runFor(10_000)
    expect(tokens.tokenCalls()).toHaveLength(0)
    await first.token({ forceRefresh: true })
    await first.click()
    await second.click()
    await context.clock.runFor(10_000)
    expect(tokens.tokenCalls()).toHaveLength(1)
  },
)

test('S7 a reply without a refresh token keeps the old one', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  tokens.failNext({ kind: 'without', members: ['refresh_token'] })
  const once = await tab.token({ forceRefresh: true })
  const twice = await tab.token({ forceRefresh: true })
  expect(tokens.isLive(once.token ?? '')).toBe(true)
  expect(tokens.isLive(twice.token ?? '')).toBe(true)
  const [first, second] = tokens.tokenCalls()
  expect(second?.form['refresh_token']).toBe(first?.form['refresh_token'])
})

test('a reply without expires_in is a token that can be used', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  tokens.failNext({ kind: 'without', members: ['expires_in'] })
  const refreshed = await tab.token({ forceRefresh: true })
  expect(tokens.isLive(refreshed.token ?? '')).toBe(true)
  expect((await tab.token()).token).toBe(refreshed.token)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

/** V8 quotes ten characters on either side of what it does not understand. */
const malformed = {
  HTML: { body: '<!doctype html><title>Sign in</title>', contentType: 'text/html' },
  'broken JSON': { body: `{"access_token":${TOKEN_MARK}.cut}`, contentType: 'application/json' },
  'JSON that is no token response': { body: `{"token":"at.${TOKEN_MARK}.odd"}`, contentType: 'application/json' },
}
for (const [what, reply] of Object.entries(malformed)) {
  test(`S84 a reply that is ${what} is a typed error, overwrites nothing and leaks nothing`, async ({
    tabs,
    tokens,
  }) => {
    const tab = await tabs.open(noTimeouts)
    await tab.signIn(tokens.issue())
    await tab.shiftClock(afterExpiry)
    tokens.failAlways({ kind: 'body', ...reply })
    expect((await tab.token()).code).toBe('invalid_response')
    expect(await tab.phase()).toBe('active')
    tokens.failAlways(null)
    // Past any back-off; what was stored before the bad reply is still good.
    await tab.shiftClock(afterExpiry)
    expect(tokens.isLive((await tab.token()).token ?? '')).toBe(true)
    expect(tokens.counts.reuse).toBe(0)
  })
}
