import { isDeepStrictEqual } from 'node:util'
import { expect, noTimeouts, pause, test, type PageConfig, type Tab, type TestServer } from './fixtures.js'
import { createGate, type TokenServer } from './server/token-server.js'
import { goBack } from './tab.js'

const afterExpiry = 11 * 60_000

async function askAtOnce(all: Tab[], options = {}): Promise<(string | null)[]> {
  return (await Promise.all(all.map((tab) => tab.token(options)))).map(({ token }) => token)
}

/** Each tab wants a newer token than it has, before there is one: the server keeps its reply until all have asked. */
async function forceAtOnce(all: Tab[], tokens: TokenServer): Promise<(string | null)[]> {
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts: 'before' })
  const given = askAtOnce(all, { forceRefresh: true })
  await gate.reached
  // What a page is asked later it answers later.
  await Promise.all(all.map((tab) => tab.phase()))
  gate.open()
  return given
}

async function sleepAll(all: Tab[], ms: number): Promise<void> {
  await Promise.all(all.map((tab) => tab.shiftClock(ms)))
}

/** Signs in where the first tab is and waits until the others know. */
async function signInAll(all: Tab[], tokens: TokenServer, life?: number): Promise<string> {
  const issued = tokens.issue(life === undefined ? {} : { accessLife: life })
  await all[0]?.signIn(issued)
  await Promise.all(all.map((tab) => tab.next('signedIn')))
  return issued.access_token
}

test('S10 five tabs that need a token at once cause one refresh, and the next refresh works', async ({
  tabs,
  tokens,
}) => {
  const all = await tabs.openMany(5, noTimeouts)
  const old = await signInAll(all, tokens)
  await sleepAll(all, afterExpiry)
  tokens.failNext({ kind: 'delay', ms: 200 })
  const given = new Set(await askAtOnce(all))
  expect(given.size).toBe(1)
  expect(given).not.toContain(old)
  expect(tokens.tokenCalls()).toHaveLength(1)
  const next = await all[3]?.token({ forceRefresh: true })
  expect(tokens.isLive(next?.token ?? '')).toBe(true)
  expect(tokens.counts).toEqual({ refreshes: 2, reuse: 0, graceUses: 0 })
})

test('S10 five tabs that force a refresh at once cause one', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const all = await tabs.openMany(5, noTimeouts)
  await signInAll(all, tokens)
  expect(new Set(await forceAtOnce(all, tokens)).size).toBe(1)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test(
  'S10 each tab without tokens in memory says so, and no refresh token is used twice',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(3, { ...noTimeouts, store: 'memory' })
    await signInAll(all, tokens)
    const [holder, ...others] = await Promise.all(all.map((tab) => tab.token({ forceRefresh: true })))
    expect(tokens.isLive(holder?.token ?? '')).toBe(true)
    expect(others.map(({ code }) => code)).toEqual(['no_tokens', 'no_tokens'])
    expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active', 'active'])
    expect(tokens.counts.reuse).toBe(0)
  },
)

test(
  'S10 no refresh token is used twice with tokens in localStorage, which each process has a copy of',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    tabs.allowTokensInWebStorage()
    const all = await tabs.openMany(5, { ...noTimeouts, store: 'local' })
    await signInAll(all, tokens)
    for (let refreshes = 1; refreshes <= 10; refreshes++) {
      expect(new Set(await forceAtOnce(all, tokens)).size).toBe(1)
      expect(tokens.counts).toEqual({ refreshes, reuse: 0, graceUses: 0 })
    }
  },
)

test(
  'S11 five tabs that drift into the refresh window cause one refresh',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(5, { options: { ...noTimeouts.options, refreshBefore: '2s' } })
    const old = await signInAll(all, tokens, 5)
    // Before the click: on a busy machine the call may end before the driver reports the click.
    const called = tokens.nextCall('/token')
    await all[1]?.click()
    await called
    await expect.poll(() => askAtOnce(all)).not.toContain(old)
    expect(new Set(await askAtOnce(all)).size).toBe(1)
    expect(tokens.tokenCalls()).toHaveLength(1)
    expect(tokens.counts.reuse).toBe(0)
  },
)

const lockless: { number: string; what: string; config: PageConfig; plain: boolean }[] = [
  { number: 'S15', what: 'without Web Locks', config: { ...noTimeouts, without: ['locks'] }, plain: false },
  { number: 'S16', what: 'on a plain http origin', config: noTimeouts, plain: true },
]
for (const { number, what, config, plain } of lockless) {
  const where = (server: TestServer): { origin: string } => ({ origin: plain ? server.plainOrigin : server.origin })
  const hasLocks = ({ page }: Tab): Promise<boolean> =>
    page.evaluate(() => 'locks' in navigator && Boolean(navigator.locks as unknown))

  // Firefox has plain http in places.every.spec.ts.
  const tag = plain ? '@chromium' : []
  test(`${number} ${what} four tabs wait for the one that refreshes`, { tag }, async ({ tabs, tokens, server }) => {
    const all = await tabs.openMany(5, config, where(server))
    const [first, ...others] = all
    if (!first) throw new Error('no tabs')
    expect(await hasLocks(first)).toBe(false)
    await signInAll(all, tokens)
    await sleepAll(all, afterExpiry)
    const gate = createGate()
    tokens.failNext({ kind: 'gate', gate, acts: 'after' })
    const asked = first.token()
    await gate.reached
    // Each process has a copy of localStorage, which the write of the first tab reaches later.
    const isTold = ({ page }: Tab): Promise<boolean> =>
      page.evaluate(() => Object.keys(localStorage).some((key) => key.endsWith(':lease')))
    for (const tab of others) await expect.poll(() => isTold(tab)).toBe(true)
    const given = askAtOnce(others)
    await Promise.all(others.map((tab) => tab.phase()))
    gate.open()
    expect(new Set([...(await given), (await asked).token]).size).toBe(1)
    expect(tokens.tokenCalls()).toHaveLength(1)
  })

  test(
    `${what} five tabs that need a token at once sign nobody out`,
    { tag: '@chromium' },
    async ({ tabs, tokens, server }) => {
      tokens.grace = 10_000
      const all = await tabs.openMany(5, config, where(server))
      await signInAll(all, tokens)
      await sleepAll(all, afterExpiry)
      // Mostly one or two calls: a tab that writes within 50 ms, and is read later than that, may call as well.
      for (const given of [await askAtOnce(all), await forceAtOnce(all, tokens)])
        for (const token of given) expect(tokens.isLive(token ?? '')).toBe(true)
      expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(all.map(() => 'active'))
      expect(tokens.counts.reuse).toBe(0)
    },
  )
}

test('S18 twenty tabs that need a token at once cause one refresh and at most twenty messages', async ({
  tabs,
  tokens,
}) => {
  test.slow()
  const all = await tabs.openMany(20, noTimeouts)
  await signInAll(all, tokens)
  await sleepAll(all, afterExpiry)
  const told = async (): Promise<number> => {
    const each = await Promise.all(
      all.map((tab) => tab.page.evaluate(() => window.harness.messages.length + window.harness.writes.length)),
    )
    return each.reduce((sum, count) => sum + count, 0)
  }
  const before = await told()
  tokens.failNext({ kind: 'delay', ms: 200 })
  expect(new Set(await askAtOnce(all)).size).toBe(1)
  expect(tokens.tokenCalls()).toHaveLength(1)
  expect((await told()) - before).toBeLessThanOrEqual(20)
})

test(
  'S20 a reply lost after the rotation is recovered with the old token if the server has grace',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    tokens.grace = 20_000
    const all = await tabs.openMany(2, noTimeouts)
    await signInAll(all, tokens)
    await sleepAll(all, afterExpiry)
    tokens.failNext({ kind: 'drop', acts: true })
    const given = await askAtOnce(all)
    expect(new Set(given).size).toBe(1)
    expect(tokens.isLive(given[0] ?? '')).toBe(true)
    expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active'])
  },
)

test(
  'S20 a reply lost at a strict server is one clean sign-out everywhere and no loop',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(3, noTimeouts)
    await signInAll(all, tokens)
    await sleepAll(all, afterExpiry)
    tokens.failNext({ kind: 'drop', acts: true })
    await askAtOnce(all)
    for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('rejected')
    await askAtOnce(all)
    await pause(1000)
    for (const tab of all) expect(await tab.events('signedOut')).toHaveLength(1)
    // The one whose reply was lost, and one more with the same refresh token, which the server refuses.
    expect(tokens.tokenCalls()).toHaveLength(2)
  },
)

test('two instances in one tab are one session and refresh once', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.shiftClock(afterExpiry)
  tokens.failNext({ kind: 'delay', ms: 200 })
  const same = await tab.page.evaluate(async () => {
    const first = window.harness.session
    await window.harness.start()
    const second = window.harness.session
    const [one, two] = await Promise.all([first.getAccessToken(), second.getAccessToken()])
    await first.signOut()
    return { tokens: one === two, phase: second.check().phase }
  })
  expect(same).toEqual({ tokens: true, phase: 'signedOut' })
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('a duplicated tab does no harm', { tag: '@chromium' }, async ({ tabs, tokens, context }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  // window.open copies sessionStorage, as "Duplicate tab" does.
  const [twin] = await Promise.all([
    context.waitForEvent('page'),
    tab.page.evaluate(() => {
      window.open(location.href)
    }),
  ])
  await expect.poll(() => twin.evaluate(() => 'harness' in window).catch(() => false)).toBe(true)
  await tab.shiftClock(afterExpiry)
  await twin.evaluate((ms) => {
    window.harness.shiftClock(ms)
  }, afterExpiry)
  const [one, two] = await Promise.all([tab.token(), twin.evaluate(() => window.harness.token())])
  expect(one.token).toBe(two.token)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test(
  'two tabs that sign in at once agree on one session and its tokens',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [one, two] = await tabs.openMany(2, noTimeouts)
    if (!one || !two) throw new Error('no tabs')
    const given = [tokens.issue(), tokens.issue()] as const
    await Promise.all([one.signIn(given[0]), two.signIn(given[1])])
    await expect.poll(async () => isDeepStrictEqual(await one.snapshot(), await two.snapshot())).toBe(true)
    const { token } = await one.token()
    expect((await two.token()).token).toBe(token)
    expect(given.map(({ access_token }) => access_token)).toContain(token)
    const next = await one.token({ forceRefresh: true })
    // Until the tab learns of the newer token, it uses the older one, which is still valid.
    await expect.poll(async () => (await two.token()).token).toBe(next.token)
    expect(tokens.isLive(next.token ?? '')).toBe(true)
    expect(tokens.counts.reuse).toBe(0)
  },
)

for (const how of ['reloads', 'goes into the back/forward cache'] as const) {
  test(
    `a tab that ${how} while it refreshes leaves the others their turn, and goes on afterwards`,
    { tag: '@chromium' },
    async ({ tabs, tokens }) => {
      tokens.grace = 20_000
      const [one, two] = await tabs.openMany(2, noTimeouts)
      if (!one || !two) throw new Error('no tabs')
      await signInAll([one, two], tokens)
      await sleepAll([one, two], afterExpiry)
      const gate = createGate()
      tokens.failNext({ kind: 'gate', gate, acts: 'before' })
      await one.page.evaluate(() => {
        void window.harness.token()
      })
      await gate.reached
      if (how === 'reloads') await one.page.reload()
      else await one.page.goto(`${new URL(one.page.url()).origin}/away`)
      expect(tokens.isLive((await two.token()).token ?? '')).toBe(true)
      gate.open()
      if (how !== 'reloads') {
        await goBack(one.page)
        await expect.poll(() => one.page.evaluate(() => 'harness' in window).catch(() => false)).toBe(true)
      }
      expect(tokens.isLive((await one.token()).token ?? '')).toBe(true)
      expect(tokens.isLive((await two.token({ forceRefresh: true })).token ?? '')).toBe(true)
      expect(await Promise.all([one.phase(), two.phase()])).toEqual(['active', 'active'])
      expect(tokens.counts.reuse).toBe(0)
    },
  )
}
