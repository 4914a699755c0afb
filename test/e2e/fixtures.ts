/** The environment of a test: its own server (and so its own origin), and any number of tabs of one browser profile. */
import { test as base, expect, type BrowserContext, type Frame, type Page } from '@playwright/test'
import { expectNoHarm } from './harm.js'
import type { PageConfig, Recorded } from './pages/harness.js'
import { startServer, type TestServer } from './server/serve.js'
import type { TokenServer } from './server/token-server.js'
import { actionsBy, pageUrl, pause, within, type Actions, type Run } from './tab.js'

export { expect, pageUrl, pause, within }
export type { PageConfig, Recorded, TestServer }

export interface Tab extends Actions {
  readonly page: Page
  /** A real click on something that does nothing. */
  click(): Promise<void>
}

interface Where {
  path?: string
  origin?: string
  /** More that the page reads from its URL, by name. */
  search?: Record<string, unknown>
}

export interface Tabs {
  open(config?: PageConfig, where?: Where): Promise<Tab>
  openMany(count: number, config?: PageConfig, where?: Where): Promise<Tab[]>
  /** For tests that put tokens into localStorage on purpose. */
  allowTokensInWebStorage(): void
  /** Everything that the consoles of all tabs have shown. */
  readonly console: readonly string[]
}

/** Never a warning, never an end: for tests about tokens. */
export const noTimeouts: PageConfig = { options: { idleTimeout: false, absoluteTimeout: false } }

/** Warns after 2 s and ends after 4 s: the shortest times that can be told apart on a busy machine. */
export const shortIdle: PageConfig = { options: { idleTimeout: 4000, warnBefore: 2000, absoluteTimeout: false } }

export const runIn =
  (page: Page | Frame): Run =>
  (work, argument) =>
    page.evaluate(work as (argument: unknown) => never, argument)

export function createTab(page: Page): Tab {
  return {
    page,
    ...actionsBy(runIn(page)),
    click: () => page.locator('#press').click(),
  }
}

/**
 * What one of these tabs has done has reached the others. Before a fake clock jumps: what a tab writes reaches another process
 * in real time, which a jump does not give it.
 */
export async function agreed(...tabs: Tab[]): Promise<void> {
  const seen = async (): Promise<number> => {
    const look = ({ page }: Tab): Promise<string> =>
      page.evaluate(() => {
        // What came from a tab whose clock had run ahead is believed at the next look.
        window.harness.session.check()
        return JSON.stringify(window.harness.session.deadlines())
      })
    return new Set(await Promise.all(tabs.map(look))).size
  }
  await expect.poll(seen, { message: 'different deadlines, in so many tabs' }).toBe(1)
}

/**
 * Stops the clocks of all tabs of a context with a clock installed. No timer runs from now on: what another tab learns it learns
 * by an event, at the very instant at which the first one acted.
 */
export async function stopClocks(context: BrowserContext): Promise<void> {
  const now = context.pages()[0]?.evaluate(() => Date.now())
  await context.clock.pauseAt(((await now) ?? 0) + 1000)
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
      async open(config = {}, { path = '/app', origin = server.origin, search } = {}) {
        // One after the other: Firefox makes no two tabs at the same time.
        const opened = opening.then(() => context.newPage())
        opening = opened
        const page = await opened
        pages.push(page)
        page.on('console', (message) => lines.push(message.text()))
        page.on('pageerror', (error) => lines.push(`uncaught: ${error.stack ?? String(error)}`))
        await page.goto(pageUrl(origin, path, config, search))
        const tab = createTab(page)
        if (!config.manual) await page.evaluate(() => window.harness.session.ready)
        return tab
      },
      openMany: (count, config, where) => Promise.all(Array.from({ length: count }, () => tabs.open(config, where))),
    }
    await use(tabs)
    if (info.errors.length > 0) return
    const open = pages.filter((page) => !page.isClosed()).map(runIn)
    await expectNoHarm({ pages: open, lines, inWebStorage, tokens: server.tokens })
  },
})
