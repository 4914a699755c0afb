import type { BrowserContext } from '@playwright/test'
import { expect, noTimeouts, shortIdle, test, type PageConfig, type Tab, type Tabs } from './fixtures.js'
import { TOKEN_MARK } from './server/token-server.js'

/** A tab gives the others 300 ms to answer it: however long they take, it has not passed. */
async function openLate(tabs: Tabs, { clock }: BrowserContext, config: PageConfig): Promise<Tab> {
  await clock.pauseAt(Date.now() + 60_000)
  const late = await tabs.open(config)
  await clock.resume()
  return late
}

test('S70 a session without any storage stays in memory, reports that, and can be signed in', async ({
  tabs,
  tokens,
}) => {
  const config: PageConfig = { ...noTimeouts, denied: ['localStorage', 'indexedDB'] }
  const [one, two] = await tabs.openMany(2, config)
  if (!one || !two) throw new Error('no tabs')
  const issued = tokens.issue()
  expect(await one.signIn(issued)).toBeNull()
  expect((await one.token()).token).toBe(issued.access_token)
  expect(tokens.isLive((await one.token({ forceRefresh: true })).token ?? '')).toBe(true)
  const features = (await one.events('degraded')).map(({ detail }) => detail['feature'])
  expect(features).toContain('storage')
  expect(features).toContain('tokenStore')
  expect(features).toHaveLength(new Set(features).size)
  // Open tabs still send each other messages.
  await two.next('signedIn')
  await one.signOut()
  await two.next('signedOut')
  expect((await two.events('signedOut'))[0]?.detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
})

test('S70 a tab without any storage that opens later queries the open tabs', async ({ tabs, tokens, context }) => {
  await context.clock.install()
  const config: PageConfig = { ...noTimeouts, denied: ['localStorage'] }
  const one = await tabs.open(config)
  const issued = tokens.issue()
  await one.signIn(issued)
  const late = await openLate(tabs, context, config)
  expect(await late.phase()).toBe('active')
  expect((await late.token()).token).toBe(issued.access_token)
  await late.page.close()
  await one.page.close()
  // No other tab can answer: signed out after 300 ms, not `loading` for ever.
  const alone = await tabs.open(config)
  expect(await alone.phase()).toBe('signedOut')
})

test('S70 a sign-in works if localStorage throws on writing, as with a full disk', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ ...noTimeouts, manual: true })
  await tab.page.evaluate(async () => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    await window.harness.start()
  })
  const issued = tokens.issue()
  expect(await tab.signIn(issued)).toBeNull()
  expect(await tab.phase()).toBe('active')
  expect((await tab.token()).token).toBe(issued.access_token)
  expect((await tab.events('degraded')).map(({ detail }) => detail['feature'])).toContain('storage')
})

test('S70 a tab that opens later finds the session if localStorage can be read and not written', async ({
  tabs,
  context,
}) => {
  await context.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await context.clock.install()
  const one = await tabs.open({ ...noTimeouts, server: 'none' })
  await one.signIn()
  const late = await openLate(tabs, context, { ...noTimeouts, server: 'none' })
  expect(await late.phase()).toBe('active')
  expect((await late.events('degraded')).map(({ detail }) => detail['feature'])).toContain('storage')
  await late.signOut()
  await one.next('signedOut')
})

test('S71 a lost IndexedDB connection is opened again', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.token({ forceRefresh: true })
  const lost = await tab.page.evaluate(() => {
    const open = window.harness.databases.splice(0)
    for (const database of open) database.close()
    return open.length
  })
  expect(lost).toBeGreaterThan(0)
  expect(tokens.isLive((await tab.token({ forceRefresh: true })).token ?? '')).toBe(true)
  expect((await tab.events('degraded')).map(({ detail }) => detail['feature'])).toEqual([])
  // And what it wrote is where the others find it.
  const other = await tabs.open(noTimeouts)
  expect((await other.token()).token).toBe((await tab.token()).token)
})

test('S71 an IndexedDB that never answers delays nothing for ever', async ({ tabs, tokens, context }) => {
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest
  })
  const tab = await tabs.open(noTimeouts)
  const issued = tokens.issue()
  expect(await tab.signIn(issued)).toBeNull()
  expect((await tab.token()).token).toBe(issued.access_token)
  expect((await tab.events('degraded')).map(({ detail }) => detail['feature'])).toContain('tokenStore')
})

test('S73 another tab that upgrades the database is not blocked, and the session goes on', async ({ tabs, tokens }) => {
  const [tab, other] = await tabs.openMany(2, noTimeouts)
  if (!tab || !other) throw new Error('no tabs')
  await tab.signIn(tokens.issue())
  await tab.token()
  const upgraded = await other.page.evaluate(async () => {
    const databases = await indexedDB.databases()
    for (const { name, version } of databases) {
      await new Promise((resolve, reject) => {
        const request = indexedDB.open(name ?? '', (version ?? 1) + 1)
        request.onsuccess = () => {
          request.result.close()
          resolve(null)
        }
        request.onblocked = () => {
          reject(new Error('blocked'))
        }
        request.onerror = () => {
          reject(request.error ?? new Error('failed'))
        }
      })
    }
    return databases.length
  })
  expect(upgraded).toBeGreaterThan(0)
  expect(tokens.isLive((await tab.token({ forceRefresh: true })).token ?? '')).toBe(true)
})

const builds: { path: string; config: PageConfig }[] = [
  { path: '/app', config: {} },
  { path: '/script', config: {} },
  { path: '/core-script', config: { server: 'none' } },
]
for (const { path, config } of builds) {
  test(`S76 I13 a whole session under a strict policy with Trusted Types violates nothing (${path})`, async ({
    tabs,
    tokens,
    context,
  }) => {
    await context.clock.install()
    const tab = await tabs.open(config, { path })
    if (config.server === 'none') await tab.signIn()
    else {
      await tab.signIn(tokens.issue())
      expect(tokens.isLive((await tab.token({ forceRefresh: true })).token ?? '')).toBe(true)
    }
    await context.clock.fastForward('13:10')
    await tab.next('warning')
    expect(await tab.extend()).toBe(true)
    await tab.signOut()
    expect(await tab.page.evaluate(() => window.harness.violations)).toEqual([])
    // The policy was really there.
    const policy = await tab.page.evaluate(async () =>
      (await fetch(location.href)).headers.get('content-security-policy'),
    )
    expect(policy).toMatch(
      /default-src 'none'; script-src 'nonce-[^' ]+'; connect-src 'self'.*; require-trusted-types-for 'script'/,
    )
  })
}

test(
  'S84 no token is in console, events, messages, errors or localStorage, whatever fails',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const all = await tabs.openMany(2, noTimeouts)
    await all[0]?.signIn(tokens.issue())
    await all[1]?.next('signedIn')
    const pass = async (ms: number): Promise<void> => {
      await Promise.all(all.map((tab) => tab.shiftClock(ms)))
    }
    await all[0]?.token({ forceRefresh: true })
    const broken = `{"access_token":${TOKEN_MARK}.leak}`
    for (const fault of [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429, headers: () => ({ 'retry-after': '1' }) },
      { kind: 'drop', acts: false },
      { kind: 'body', body: broken, contentType: 'application/json' },
      { kind: 'body', body: `error near ${TOKEN_MARK}`, contentType: 'text/plain' },
    ] as const) {
      await pass(3_600_000)
      tokens.failAlways(fault)
      await all[1]?.token()
    }
    tokens.failAlways(null)
    await pass(3_600_000)
    await all[1]?.token()
    // It would take that for an answer.
    await all[0]?.next('refreshed', 2)
    tokens.failNext({ kind: 'error', error: 'invalid_grant' })
    await all[0]?.token({ forceRefresh: true })
    await all[1]?.next('signedOut')
    const odd = { access_token: `at.${TOKEN_MARK}.odd`, expires_in: 'soon', refresh_token: 7 }
    await all[0]?.signIn(odd as never)
    for (const tab of all) expect(await tab.page.evaluate(() => window.harness.told())).not.toContain(TOKEN_MARK)
    for (const tab of all)
      expect(await tab.page.evaluate(() => window.harness.writes.join('\n'))).not.toContain(TOKEN_MARK)
    expect(tabs.console.filter((line) => line.includes(TOKEN_MARK))).toEqual([])
  },
)

test('malformed data in storage and on the channel changes nothing and throws nothing', async ({ tabs, tokens }) => {
  const [tab, other] = await tabs.openMany(2, noTimeouts)
  if (!tab || !other) throw new Error('no tabs')
  const issued = tokens.issue()
  await tab.signIn(issued)
  await other.next('signedIn')
  const before = await tab.snapshot()
  const values = ['', 'null', '{}', '[]', '{"id":7}', '{"__proto__":{"id":"x"}}', 'x'.repeat(1e5), '{"id":"\u0000"']
  // A listener that gets all events beside the session, and after it.
  await tab.page.evaluate((count) => {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith('sojourn:'))
    const all = keys.map((key) => {
      const channel = new BroadcastChannel(key)
      let left = count
      return new Promise<void>((resolve) => {
        channel.onmessage = () => {
          if (--left > 0) return
          channel.close()
          resolve()
        }
      })
    })
    ;(window as Window & { heard?: Promise<unknown> }).heard = Promise.all(all)
  }, values.length * 2)
  await other.page.evaluate((values) => {
    for (const key of Object.keys(localStorage).filter((key) => key.startsWith('sojourn:'))) {
      const good = localStorage.getItem(key) ?? ''
      for (const value of values) {
        localStorage.setItem(key, value)
        const channel = new BroadcastChannel(key)
        channel.postMessage(value)
        channel.postMessage({ record: value, end: value })
        channel.close()
      }
      localStorage.setItem(key, good)
    }
  }, values)
  await tab.page.evaluate(async () => {
    await (window as Window & { heard?: Promise<unknown> }).heard
  })
  await tab.click()
  expect(await tab.snapshot()).toEqual(before)
  expect((await tab.token()).token).toBe(issued.access_token)
})

test(
  '`destroy()` leaves a page that receives nothing and does nothing',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [tab, other] = await tabs.openMany(2, { ...shortIdle, keepAlive: true })
    if (!tab || !other) throw new Error('no tabs')
    await tab.signIn(tokens.issue())
    await other.next('signedIn')
    await tab.page.evaluate(() => {
      window.harness.session.destroy()
      window.harness.session.destroy()
    })
    const seen = (await tab.events()).length
    const writes = await tab.page.evaluate(() => window.harness.writes.length)
    await tab.click()
    await other.next('signedOut')
    await tab.click()
    expect(await tab.events()).toHaveLength(seen)
    expect(await tab.page.evaluate(() => window.harness.writes.length)).toBe(writes)
  },
)

test('S80 a page of an opaque origin has a session of its own and throws nothing', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts, { path: '/sandboxed' })
  const frame = tab.page.frames()[1]
  if (!frame) throw new Error('no frame')
  await expect.poll(() => frame.evaluate(() => 'harness' in window)).toBe(true)
  await frame.evaluate(() => window.harness.session.ready)
  expect(await frame.evaluate((given) => window.harness.signIn(given), tokens.issue())).toBeNull()
  const refreshed = await frame.evaluate(() => window.harness.token({ forceRefresh: true }))
  expect(tokens.isLive(refreshed.token ?? '')).toBe(true)
  expect(await frame.evaluate(() => window.harness.session.check().phase)).toBe('active')
  expect(await tab.phase()).toBe('signedOut')
  await frame.evaluate(() => window.harness.session.signOut())
  expect(await frame.evaluate(() => window.harness.session.check().phase)).toBe('signedOut')
  await expect.poll(() => tokens.revocations().length).toBe(1)
  expect(await frame.evaluate(() => window.harness.uncaught)).toEqual([])
})

test('two names are two sessions', { tag: '@chromium' }, async ({ tabs }) => {
  const one = await tabs.open({ options: { name: 'one' }, server: 'none' })
  const two = await tabs.open({ options: { name: 'two' }, server: 'none' })
  await one.signIn()
  await two.signIn()
  await one.signOut()
  await one.next('signedOut')
  await two.click()
  expect(await two.phase()).toBe('active')
  expect((await two.events()).map(({ type }) => type)).toEqual(['signedIn'])
})
