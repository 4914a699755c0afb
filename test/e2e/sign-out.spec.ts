import { expect, noTimeouts, pause, stopClocks, test, type PageConfig, type Tab } from './fixtures.js'
import { createGate, TOKEN_MARK, type TokenServer } from './server/token-server.js'

async function signInAll(all: Tab[], tokens: TokenServer): Promise<void> {
  await all[0]?.signIn(tokens.issue())
  await Promise.all(all.map((tab) => tab.next('signedIn')))
}

const channels: { number: string; what: string; config: PageConfig; by: RegExp }[] = [
  { number: 'S38', what: 'a sign-out', config: noTimeouts, by: /^(channel|storage)$/ },
  {
    number: 'S43',
    what: 'without BroadcastChannel a sign-out',
    config: { ...noTimeouts, without: ['channel'] },
    by: /^storage$/,
  },
]
for (const { number, what, config, by } of channels) {
  test(`${number} ${what} reaches the other tabs by an event, without a call of the token endpoint`, async ({
    tabs,
    tokens,
    context,
  }) => {
    await context.clock.install()
    const all = await tabs.openMany(3, config)
    const [one, ...others] = all
    if (!one) throw new Error('no tabs')
    await signInAll(all, tokens)
    await stopClocks(context)
    await one.page.evaluate(() => {
      void window.harness.session.signOut()
    })
    const { at, detail } = await one.next('signedOut')
    expect(detail).toEqual({ reason: 'signOut', where: 'here' })
    for (const tab of others) {
      expect(await tab.next('signedOut')).toEqual({
        type: 'signedOut',
        detail: { reason: 'signOut', where: 'elsewhere' },
        at,
      })
      expect(await tab.cause('signedOut')).toMatch(by)
    }
    const codes = await Promise.all(all.map(async (tab) => (await tab.token()).code))
    expect(codes).toEqual(['signed_out', 'signed_out', 'signed_out'])
    expect(tokens.tokenCalls()).toHaveLength(0)
    await expect.poll(() => all[1]?.stores()).not.toContain(TOKEN_MARK)
  })
}

for (const acts of ['before', 'after'] as const) {
  test(
    `S39 a sign-out during the refresh of another tab stays (the server acts ${acts} it)`,
    { tag: '@chromium' },
    async ({ tabs, tokens }) => {
      const [one, two] = await tabs.openMany(2, noTimeouts)
      if (!one || !two) throw new Error('no tabs')
      await signInAll([one, two], tokens)
      const gate = createGate()
      tokens.failNext({ kind: 'gate', gate, acts })
      const late = two.token({ forceRefresh: true })
      await gate.reached
      await one.signOut()
      await two.next('signedOut')
      gate.open()
      expect((await late).code).toBe('signed_out')
      await pause(500)
      expect(await Promise.all([one.phase(), two.phase()])).toEqual(['signedOut', 'signedOut'])
      expect(await two.stores()).not.toContain(TOKEN_MARK)
      expect((await two.token()).code).toBe('signed_out')
      expect(await two.events('signedOut')).toHaveLength(1)
      expect(tokens.tokenCalls()).toHaveLength(1)
    },
  )
}

test('S40 a sign-out while offline clears this device and reaches the other tabs by an event', async ({
  tabs,
  tokens,
  context,
}) => {
  await context.clock.install()
  const [one, two] = await tabs.openMany(2, noTimeouts)
  if (!one || !two) throw new Error('no tabs')
  await signInAll([one, two], tokens)
  await context.setOffline(true)
  await stopClocks(context)
  await one.signOut()
  expect(await one.phase()).toBe('signedOut')
  expect((await two.next('signedOut')).at).toBe((await one.next('signedOut')).at)
  expect(await two.cause('signedOut')).toMatch(/^(channel|storage)$/)
  expect(await two.stores()).not.toContain(TOKEN_MARK)
  expect(tokens.revocations()).toHaveLength(0)
})

test(
  'a sign-out is done in all tabs at once, while the server hangs for five seconds',
  { tag: '@chromium' },
  async ({ tabs, tokens, context }) => {
    await context.clock.install()
    const [one, two] = await tabs.openMany(2, noTimeouts)
    if (!one || !two) throw new Error('no tabs')
    await signInAll([one, two], tokens)
    const asked = new Promise<void>((resolve) => {
      void context.route('**/revoke', () => {
        resolve()
      })
    })
    await stopClocks(context)
    await one.page.evaluate(() => {
      void window.harness.session.signOut().then(() => (document.title = 'done'))
    })
    expect((await two.next('signedOut')).at).toBe((await one.next('signedOut')).at)
    await asked
    await one.page.clock.runFor(4999)
    expect(await one.page.title()).not.toBe('done')
    await one.page.clock.runFor(1)
    await expect(one.page).toHaveTitle('done')
  },
)

test('S42 a sign-out revokes once, in the form of RFC 7009, with `keepalive`', async ({ tabs, tokens }) => {
  const all = await tabs.openMany(3, noTimeouts)
  const issued = tokens.issue()
  await all[0]?.signIn(issued)
  await Promise.all(all.map((tab) => tab.next('signedIn')))
  const revoked = tokens.nextCall('/revoke')
  await Promise.all([all[1]?.signOut(), all[1]?.signOut()])
  await revoked
  await pause(300)
  const [revocation, ...more] = tokens.revocations()
  expect(more).toEqual([])
  expect(revocation?.method).toBe('POST')
  expect(revocation?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
  expect(revocation?.form['token']).toBe(issued.refresh_token)
  expect(['refresh_token', undefined]).toContain(revocation?.form['token_type_hint'])
  expect(revocation?.form['client_id']).toBe('app')
  expect(revocation?.status).toBe(200)
  expect(tokens.isLive(issued.access_token)).toBe(false)
  // Whichever tab had the tokens in its hands last has revoked them.
  const fetches = await Promise.all(all.map((tab) => tab.page.evaluate(() => window.harness.fetches)))
  expect(fetches.flat().filter(({ url }) => url.endsWith('/revoke'))).toMatchObject([
    { method: 'POST', keepalive: true },
  ])
})

test(
  'S42 a sign-out revokes once with tokens in localStorage, which each process has a copy of',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    tabs.allowTokensInWebStorage()
    const all = await tabs.openMany(4, { ...noTimeouts, store: 'local' })
    await signInAll(all, tokens)
    await all[1]?.signOut()
    await Promise.all(all.map((tab) => tab.next('signedOut')))
    await expect.poll(() => tokens.revocations().length).toBe(1)
    await pause(500)
    expect(tokens.revocations()).toHaveLength(1)
    expect(await all[0]?.stores()).not.toContain(TOKEN_MARK)
  },
)

test('S42 the revocation arrives although the page navigates away at once', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  const revoked = tokens.nextCall('/revoke')
  await tab.page.evaluate(() => {
    const fetch = window.fetch.bind(window)
    window.fetch = (...asked) => {
      const answer = fetch(...asked)
      location.assign('/away')
      return answer
    }
    void window.harness.session.signOut()
  })
  await revoked
})

test('an idle end revokes the tokens once as well', { tag: '@chromium' }, async ({ tabs, tokens, context }) => {
  await context.clock.install()
  const all = await tabs.openMany(3)
  await signInAll(all, tokens)
  await context.clock.fastForward('15:10')
  await Promise.all(all.map((tab) => tab.next('signedOut')))
  await expect.poll(() => tokens.revocations().length).toBe(1)
  await pause(500)
  expect(tokens.revocations()).toHaveLength(1)
  expect(await all[0]?.stores()).not.toContain(TOKEN_MARK)
})

test('S48 a sign-in reaches the other tab by an event and costs no request', async ({ tabs, tokens, context }) => {
  await context.clock.install()
  const [one, two] = await tabs.openMany(2, noTimeouts)
  if (!one || !two) throw new Error('no tabs')
  const issued = tokens.issue()
  await stopClocks(context)
  await one.signIn(issued)
  const { at, detail } = await two.next('signedIn')
  expect(at).toBe((await one.next('signedIn')).at)
  expect(detail['where']).toBe('elsewhere')
  expect(await two.cause('active')).toMatch(/^(channel|storage)$/)
  expect(await two.phase()).toBe('active')
  expect((await two.token()).token).toBe(issued.access_token)
  expect(tokens.calls).toHaveLength(0)
})

test(
  'S49 a sign-in as another user reaches the other tab as `switched`',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [one, two] = await tabs.openMany(2, noTimeouts)
    if (!one || !two) throw new Error('no tabs')
    await signInAll([one, two], tokens)
    const first = await two.snapshot()
    const issued = tokens.issue()
    await one.signIn(issued)
    const switched = await two.next('switched')
    const second = await two.snapshot()
    expect(second.phase).toBe('active')
    expect(switched.detail).toEqual({ from: 'id' in first ? first.id : '', to: 'id' in second ? second.id : '' })
    expect((await two.token()).token).toBe(issued.access_token)
    // Nothing of the first one is left.
    expect((await two.stores()).match(/at\.mrk7Secret/g)?.length).toBe(1)
  },
)

test(
  'S49 a refresh for the first user that ends after the switch does not change the second',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [one, two] = await tabs.openMany(2, noTimeouts)
    if (!one || !two) throw new Error('no tabs')
    await signInAll([one, two], tokens)
    const gate = createGate()
    tokens.failNext({ kind: 'gate', gate, acts: 'before' })
    const late = two.token({ forceRefresh: true })
    await gate.reached
    const issued = tokens.issue()
    const signedIn = one.signIn(issued)
    gate.open()
    await Promise.all([late, signedIn])
    await two.next('switched')
    expect((await one.token()).token).toBe(issued.access_token)
    expect((await two.token()).token).toBe(issued.access_token)
    expect(await Promise.all([one.phase(), two.phase()])).toEqual(['active', 'active'])
  },
)

test('a sign-out survives a reload and a new tab', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.signOut()
  await tab.page.reload()
  expect(await tab.phase()).toBe('signedOut')
  const fresh = await tabs.open(noTimeouts)
  expect(await fresh.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
})

test('a reload and a new tab find the session without a request', { tag: '@chromium' }, async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  const issued = tokens.issue()
  await tab.signIn(issued)
  await tab.page.reload()
  expect(await tab.phase()).toBe('active')
  const fresh = await tabs.open(noTimeouts)
  expect((await fresh.token()).token).toBe(issued.access_token)
  expect(tokens.calls).toHaveLength(0)
})

test(
  'a script that clears the storage of the origin ends the session with `wiped`',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(2, noTimeouts)
    await signInAll(all, tokens)
    await all[0]?.page.evaluate(() => {
      localStorage.clear()
    })
    expect((await all[1]?.next('signedOut'))?.detail['reason']).toBe('wiped')
    await all[0]?.click()
    expect((await all[0]?.next('signedOut'))?.detail['reason']).toBe('wiped')
  },
)

test(
  'a sign-in on every page load continues its login, revives no ended one, and gives way to the next',
  { tag: '@chromium' },
  async ({ tabs }) => {
    const config: PageConfig = { ...noTimeouts, server: 'none' }
    const one = await tabs.open(config)
    await one.signIn(undefined, 'login-1')
    const first = await one.snapshot()
    const two = await tabs.open(config)
    await two.signIn(undefined, 'login-1')
    await one.page.reload()
    await one.signIn(undefined, 'login-1')
    expect([await one.snapshot(), await two.snapshot()]).toEqual([first, first])
    await two.signOut()
    await one.next('signedOut')
    await one.page.reload()
    await one.signIn(undefined, 'login-1')
    await two.signIn(undefined, 'login-1')
    expect([await one.phase(), await two.phase()]).toEqual(['signedOut', 'signedOut'])
    await one.signIn(undefined, 'login-2')
    await two.next('signedIn')
    expect(await two.phase()).toBe('active')
    // Only a hash of it is kept.
    expect(await two.stores()).not.toContain('login-')
  },
)
