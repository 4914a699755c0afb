/** The main path in WebKit. Windows here are tabs of one browser; the driver looks at one of them at a time. */
import { expect, test as base } from '@playwright/test'
import type { Snapshot } from 'sojourn'
import { noTimeouts, pageUrl, pause, shortIdle, type PageConfig, type TestServer } from '../fixtures.js'
import type { Recorded, Return, TokenAnswer } from '../pages/harness.js'
import { startServer } from '../server/serve.js'
import { TOKEN_MARK } from '../server/token-server.js'
import { startDriver, type Browser, type Driver } from './driver.js'

interface Window {
  show(): Promise<void>
  readonly run: <T>(body: string, ...args: unknown[]) => Promise<T>
  phase(): Promise<Snapshot['phase']>
  snapshot(): Promise<Snapshot>
  signIn(tokens?: unknown): Promise<string | null>
  token(options?: object): Promise<TokenAnswer>
  next(type: string, count?: number): Promise<Recorded>
  returns(): Promise<Return[]>
}

interface Fixtures {
  engine: Browser
  server: TestServer
  open: (config: PageConfig, path?: string) => Promise<Window>
}

const test = base.extend<Fixtures, { driver: Driver }>({
  driver: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
    async ({}, use) => {
      const driver = await startDriver()
      await use(driver)
      await driver.stop()
    },
    { scope: 'worker' },
  ],
  engine: async ({ driver }, use) => {
    const engine = await driver.newBrowser()
    await use(engine)
    await engine.quit()
  },
  // eslint-disable-next-line no-empty-pattern -- as above
  server: async ({}, use) => {
    const server = await startServer()
    await use(server)
    await server.close()
  },
  open: async ({ engine, server }, use) => {
    const windows: Window[] = []
    await use(async (config, path) => {
      const handle = windows.length === 0 ? await engine.window() : await engine.newWindow()
      await engine.switchTo(handle)
      await engine.goTo(pageUrl(server.origin, path, config))
      const run = async <T>(body: string, ...args: unknown[]): Promise<T> => {
        await engine.switchTo(handle)
        return engine.run<T>(body, ...args)
      }
      const window: Window = {
        show: () => engine.switchTo(handle),
        run,
        phase: () => run('return harness.session.getSnapshot().phase'),
        snapshot: () => run('return harness.session.getSnapshot()'),
        signIn: (tokens) => run('return harness.signIn(args[0] ?? undefined)', tokens ?? null),
        token: (options) => run('return harness.token(args[0] ?? undefined)', options ?? null),
        next: (type, count = 1) => run('return harness.next(args[0], args[1])', type, count),
        returns: () => run('return harness.returns()'),
      }
      windows.push(window)
      await expect.poll(() => run(`return 'harness' in window`)).toBe(true)
      await run('await harness.session.ready')
      return window
    })
    for (const { run } of windows) {
      const told = await run<string | null>(
        `return 'harness' in window ? harness.told() + JSON.stringify(Object.entries(localStorage)) : null`,
      )
      expect(told ?? '').not.toContain(TOKEN_MARK)
      const harm = await run<string[]>(`return 'harness' in window ? [...harness.uncaught, ...harness.violations] : []`)
      expect(harm).toEqual([])
    }
  },
})

test('S48 S10 a sign-in reaches the other window, and both share one refresh', async ({ open, server }) => {
  const [one, two] = [await open(noTimeouts), await open(noTimeouts)]
  const issued = server.tokens.issue()
  expect(await one.signIn(issued)).toBeNull()
  expect((await two.next('signedIn')).detail['where']).toBe('elsewhere')
  expect((await two.token()).token).toBe(issued.access_token)
  expect(server.tokens.tokenCalls()).toHaveLength(0)
  for (const window of [one, two]) await window.run('harness.shiftClock(args[0])', 11 * 60_000)
  server.tokens.failNext({ kind: 'delay', ms: 500 })
  // Both at once: neither question waits for its answer.
  for (const window of [one, two]) await window.run('window.asked = harness.token()')
  const answers = [
    await one.run<TokenAnswer>('return await window.asked'),
    await two.run<TokenAnswer>('return await window.asked'),
  ]
  expect(answers[0]?.token).toBe(answers[1]?.token)
  expect(server.tokens.isLive(answers[0]?.token ?? '')).toBe(true)
  expect(server.tokens.tokenCalls()).toHaveLength(1)
})

test('S51 S52 S55 activity in one window keeps both alive, the warning opens in both, and "stay" in one closes it in both', async ({
  open,
  engine,
}) => {
  const config: PageConfig = { ...shortIdle, server: 'none' }
  const [one, two] = [await open(config), await open(config)]
  await one.signIn()
  await two.next('signedIn')
  await one.show()
  const until = Date.now() + 4500
  while (Date.now() < until) {
    await engine.press('a')
    await pause(300)
  }
  expect(await two.phase()).toBe('active')
  expect(await two.run('return harness.events.filter(({ type }) => type === "warning").length')).toBe(0)
  await one.next('warning')
  await two.next('warning')
  expect(await two.run('return harness.session.extend()')).toBe(true)
  expect((await one.next('extended')).detail).toEqual({ by: 'user', where: 'elsewhere' })
  expect([await one.phase(), await two.phase()]).toEqual(['active', 'active'])
  await one.next('signedOut')
  expect((await two.next('signedOut')).detail['reason']).toBe('idle')
})

test('S38 S42 a sign-out in one window ends both at once and revokes once', async ({ open, server }) => {
  const [one, two] = [await open(noTimeouts), await open(noTimeouts)]
  await one.signIn(server.tokens.issue())
  await two.next('signedIn')
  const from = await one.run<number>('const now = Date.now(); void harness.session.signOut(); return now')
  const end = await two.next('signedOut')
  expect(end.detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
  expect(end.at - from).toBeLessThan(500)
  expect((await two.token()).code).toBe('signed_out')
  await expect.poll(() => server.tokens.revocations().length).toBe(1)
  expect(await two.run('return harness.stores()')).not.toContain(TOKEN_MARK)
})

test('S54 the click that wakes a machine after the deadline does not revive the session', async ({ open, engine }) => {
  const window = await open({ options: { idleTimeout: '15m' }, server: 'none' })
  await window.signIn()
  await window.run('harness.shiftClock(3600000)')
  await engine.click('#press')
  expect(await window.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
})

for (const [what, input] of [
  ['a key', (browser: Browser) => browser.press('a')],
  ['a click', (browser: Browser) => browser.click('#press')],
] as const) {
  test(`S60 ${what} counts as activity`, async ({ open, engine }) => {
    const window = await open({ options: { idleTimeout: '60m' }, server: 'none' })
    await window.signIn()
    const before = await window.run<number>('return harness.session.deadlines().endAt')
    await window.run('harness.shiftClock(60000)')
    await input(engine)
    await expect
      .poll(() => window.run<number>('return harness.session.deadlines().endAt'))
      .toBeGreaterThanOrEqual(before + 60_000)
  })
}

test('S60 a click inside a cross-origin iframe counts', async ({ open, engine }) => {
  // Long enough for the sample of a frame, which is taken every 4 s.
  const options = { idleTimeout: 8000, warnBefore: 1500, absoluteTimeout: false } as const
  const window = await open({ options, server: 'none' }, '/cross-framed')
  await window.signIn()
  await engine.enterFrame('#frame')
  const until = Date.now() + 10_000
  while (Date.now() < until) {
    await engine.click('#inner-press')
    await pause(500)
  }
  await engine.leaveFrame()
  expect(await window.phase()).toBe('active')
})

for (const store of ['idb', 'memory'] as const) {
  test(`S75 a signed-in page comes back alive from the back/forward cache (${store})`, async ({
    open,
    engine,
    server,
  }) => {
    const window = await open({ ...noTimeouts, store })
    const issued = server.tokens.issue()
    await window.signIn(issued)
    await engine.goTo(`${server.origin}/away`)
    await engine.back()
    await expect.poll(() => window.run<boolean>(`return 'harness' in window`)).toBe(true)
    await expect.poll(async () => (await window.returns()).at(-1)?.persisted).toBe(true)
    expect(await window.phase()).toBe('active')
    expect((await window.token()).token).toBe(issued.access_token)
  })
}

test('S45 a page in the back/forward cache while another window signs out is not shown signed in', async ({
  open,
  engine,
  server,
}) => {
  const [one, two] = [await open(noTimeouts), await open(noTimeouts)]
  await one.signIn(server.tokens.issue())
  await two.next('signedIn')
  await two.show()
  await engine.goTo(`${server.origin}/away`)
  await one.run('await harness.session.signOut()')
  await two.show()
  await engine.back()
  await expect
    .poll(() => two.run(`return 'harness' in window ? harness.session.getSnapshot().phase : ''`).catch(() => ''))
    .toBe('signedOut')
  await expect.poll(() => two.run(`return document.querySelector('#app').textContent`)).toBe('Signed out')
  // WebKit keeps such a page and drops the message: it did come back, hidden.
  const back = (await two.returns()).filter(({ persisted }) => persisted)
  expect(back).toHaveLength(1)
  expect(back.flatMap(({ frames }) => frames.filter(({ visible }) => visible))).toEqual([])
})

test('S76 the script build lives a whole session under a strict policy', async ({ open, server }) => {
  const window = await open(shortIdle, '/script')
  await window.signIn(server.tokens.issue())
  expect((await window.token({ forceRefresh: true })).code).toBeNull()
  await window.next('warning')
  expect(await window.run('return harness.session.extend()')).toBe(true)
  await window.run('await harness.session.signOut()')
})
