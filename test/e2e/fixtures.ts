/** The world of a test: its own server (and so its own origin), and as many tabs of one browser profile as it asks for. */
import { test as base, expect, type Page } from '@playwright/test'
import type { Deadlines, SessionEvents, Snapshot } from 'sojourn'
import type { PageConfig, Recorded, TokenAnswer } from './pages/harness.js'
import { startServer, type TestServer } from './server/serve.js'
import { TOKEN_MARK, type IssuedTokens, type TokenServer } from './server/token-server.js'

export { expect }
export type { PageConfig, Recorded, TestServer }

type EventType = keyof SessionEvents
interface TokenOptions {
  minValidity?: number | `${number}s`
  forceRefresh?: boolean
}

export interface Tab {
  readonly page: Page
  phase(): Promise<Snapshot['phase']>
  snapshot(): Promise<Snapshot>
  deadlines(): Promise<Deadlines | null>
  /** The code of the error, or null. */
  signIn(tokens?: IssuedTokens, login?: string): Promise<string | null>
  signOut(): Promise<void>
  extend(): Promise<boolean>
  token(options?: TokenOptions): Promise<TokenAnswer>
  tokens(count: number, options?: TokenOptions): Promise<TokenAnswer[]>
  /** The `count`-th event of its kind, as soon as it has come. */
  next(type: EventType, count?: number, within?: number): Promise<Recorded>
  events(type?: EventType): Promise<Recorded[]>
  shiftClock(ms: number): Promise<void>
  stores(): Promise<string>
  /** A real click on something that does nothing. */
  click(): Promise<void>
}

export interface Tabs {
  open(config?: PageConfig, where?: { path?: string; origin?: string }): Promise<Tab>
  openMany(count: number, config?: PageConfig, where?: { path?: string; origin?: string }): Promise<Tab[]>
  /** For tests that put tokens into localStorage on purpose. */
  allowTokensInWebStorage(): void
  /** Everything that the consoles of all tabs have shown. */
  readonly console: readonly string[]
}

/** Never a warning, never an end: for tests about tokens. */
export const noTimeouts: PageConfig = { options: { idleTimeout: false, absoluteTimeout: false } }

/** Warns after 2 s and ends after 4: the shortest that still tells the two apart on a busy machine. */
export const shortIdle: PageConfig = { options: { idleTimeout: 4000, warnBefore: 2000, absoluteTimeout: false } }

export function pageUrl(origin: string, path = '/app', config: PageConfig = {}): string {
  return `${origin}${path}?config=${encodeURIComponent(JSON.stringify(config))}`
}

export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${String(ms)} ms`))
    }, ms)
  })
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer)
  })
}

/** For time that has to pass because it is what the test is about; never to wait for something that can be awaited. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export function createTab(page: Page): Tab {
  const tab: Tab = {
    page,
    phase: async () => (await tab.snapshot()).phase,
    snapshot: () => page.evaluate(() => window.harness.session.getSnapshot()),
    deadlines: () => page.evaluate(() => window.harness.session.deadlines()),
    signIn: (tokens, login) =>
      page.evaluate(([given, name]) => window.harness.signIn(given, name), [tokens, login] as const),
    signOut: () => page.evaluate(() => window.harness.session.signOut()),
    extend: () => page.evaluate(() => window.harness.session.extend()),
    token: (options) => page.evaluate((given) => window.harness.token(given), options),
    tokens: (count, options) =>
      page.evaluate(([many, given]) => window.harness.tokens(many, given), [count, options] as const),
    async next(type, count = 1, limit = 5000) {
      const event = page.evaluate(([kind, many]) => window.harness.next(kind, many), [type, count] as const)
      return within(limit, `event ${String(count)} of kind ${type}`, event)
    },
    events: (type) =>
      page.evaluate((kind) => window.harness.events.filter((event) => !kind || event.type === kind), type),
    shiftClock: (ms) =>
      page.evaluate((by) => {
        window.harness.shiftClock(by)
      }, ms),
    stores: () => page.evaluate(() => window.harness.stores()),
    click: () => page.locator('#press').click(),
  }
  return tab
}

interface Fixtures {
  server: TestServer
  tokens: TokenServer
  tabs: Tabs
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  server: async ({}, use) => {
    const server = await startServer()
    await use(server)
    await server.close()
  },
  tokens: async ({ server }, use) => {
    await use(server.tokens)
  },
  tabs: async ({ context, server }, use, info) => {
    const pages: Page[] = []
    const lines: string[] = []
    let opening: Promise<unknown> = Promise.resolve()
    let inWebStorage = false
    const tabs: Tabs = {
      console: lines,
      allowTokensInWebStorage() {
        inWebStorage = true
      },
      async open(config = {}, { path = '/app', origin = server.origin } = {}) {
        // One after the other: Firefox makes no two tabs at the same time.
        const opened = opening.then(() => context.newPage())
        opening = opened
        const page = await opened
        pages.push(page)
        page.on('console', (message) => lines.push(message.text()))
        page.on('pageerror', (error) => lines.push(`uncaught: ${error.stack ?? String(error)}`))
        await page.goto(pageUrl(origin, path, config))
        const tab = createTab(page)
        if (!config.manual) await page.evaluate(() => window.harness.session.ready)
        return tab
      },
      openMany: (count, config, where) => Promise.all(Array.from({ length: count }, () => tabs.open(config, where))),
    }
    await use(tabs)
    if (info.errors.length === 0) await expectNoHarm(pages, lines, inWebStorage, server.tokens)
  },
})

/** S84 and S76 after each test: no token where none belongs, nothing that the policy had to block, nothing uncaught. */
async function expectNoHarm(pages: Page[], lines: string[], inWebStorage: boolean, tokens: TokenServer): Promise<void> {
  expect(lines.filter((line) => line.includes(TOKEN_MARK) || line.startsWith('uncaught:'))).toEqual([])
  expect(tokens.calls.filter(({ url }) => url.includes(TOKEN_MARK))).toEqual([])
  for (const page of pages) {
    // A test may have closed, crashed or frozen it, or gone elsewhere.
    if (page.isClosed()) continue
    const seen = await Promise.race([
      page
        .evaluate(() =>
          'harness' in window
            ? {
                told: window.harness.told(),
                uncaught: window.harness.uncaught,
                violations: window.harness.violations,
                local: Object.entries(localStorage).map(([key, value]) => `${key}=${String(value)}`),
              }
            : null,
        )
        .catch(() => null),
      new Promise<null>((resolve) => setTimeout(resolve, 1000, null)),
    ])
    if (!seen) continue
    expect(seen.told).not.toContain(TOKEN_MARK)
    expect(seen.uncaught).toEqual([])
    expect(seen.violations).toEqual([])
    if (!inWebStorage) expect(seen.local.join('\n')).not.toContain(TOKEN_MARK)
  }
}
