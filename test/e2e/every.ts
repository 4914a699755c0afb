/** The world of a test that runs in every engine, with the same tabs in each. */
import { test as base, expect } from '@playwright/test'
import { startEngine, type Driven, type Engine, type EngineName, type Profile } from './engine.js'
import { noTimeouts, shortIdle } from './fixtures.js'
import { expectNoHarm } from './harm.js'
import type { PageConfig } from './pages/harness.js'
import { processOf } from './process.js'
import { startServer, type TestServer } from './server/serve.js'
import type { TokenServer } from './server/token-server.js'
import { actionsBy, pageUrl, pause, within, type Actions } from './tab.js'

export { expect, noTimeouts, pageUrl, pause, shortIdle, within }
export type { EngineName, PageConfig, TestServer }

export interface AnyTab extends Actions, Driven {
  /** Finds the process that runs it, which takes a second or more. */
  process(): Promise<Outside>
}

/** What the system can do to a tab. */
export interface Outside {
  /** It is gone without a word, as in a crash. */
  readonly kill: () => void
  /** Nothing runs in it until it is woken, as where the system suspends it. */
  readonly suspend: () => void
  readonly wake: () => void
}

export interface Where {
  path?: string
  origin?: string
  /** More that the page reads from its URL, by name. */
  search?: Record<string, unknown>
}

export interface AnyTabs {
  open(config?: PageConfig, where?: Where): Promise<AnyTab>
  openTwo(config?: PageConfig, where?: Where): Promise<[AnyTab, AnyTab]>
  /** For tests that put tokens into localStorage on purpose. */
  allowTokensInWebStorage(): void
}

interface Fixtures {
  server: TestServer
  tokens: TokenServer
  profile: Profile
  tabs: AnyTabs
}

export const test = base.extend<Fixtures, { engine: Engine }>({
  engine: [
    async ({ playwright }, use, { project }) => {
      const engine = await startEngine(project.name as EngineName, playwright, project.use)
      await use(engine)
      await engine.stop()
    },
    { scope: 'worker' },
  ],
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  server: async ({}, use) => {
    const server = await startServer()
    await use(server)
    await server.close()
  },
  tokens: async ({ server }, use) => {
    await use(server.tokens)
  },
  profile: async ({ engine }, use) => {
    const profile = await engine.newProfile()
    await use(profile)
    await profile.close()
  },
  tabs: async ({ profile, server }, use, info) => {
    const all = new Set<AnyTab>()
    const lines: string[] = []
    let inWebStorage = false
    const tabs: AnyTabs = {
      allowTokensInWebStorage() {
        inWebStorage = true
      },
      async open(config = {}, { path = '/app', origin = server.origin, search } = {}) {
        const driven = await profile.newTab()
        const tab: AnyTab = {
          ...driven,
          ...actionsBy(driven.run),
          async close() {
            all.delete(tab)
            await driven.close()
          },
          async process() {
            const pid = await processOf(driven.run)
            return {
              kill() {
                all.delete(tab)
                process.kill(pid, 'SIGKILL')
              },
              suspend: () => void process.kill(pid, 'SIGSTOP'),
              wake: () => void process.kill(pid, 'SIGCONT'),
            }
          },
        }
        all.add(tab)
        driven.page?.on('console', (message) => lines.push(message.text()))
        driven.page?.on('pageerror', (error) => lines.push(`uncaught: ${error.stack ?? String(error)}`))
        await tab.goTo(pageUrl(origin, path, config, search))
        await arrived(tab)
        if (!config.manual) await tab.run(() => window.harness.session.ready.then(() => null))
        return tab
      },
      // One after the other: Firefox makes no two tabs at the same time.
      openTwo: async (...how) => [await tabs.open(...how), await tabs.open(...how)],
    }
    await use(tabs)
    if (info.errors.length > 0) return
    const pages = [...all].map(({ run }) => run)
    await expectNoHarm({ pages, lines, inWebStorage, tokens: server.tokens })
  },
})

/** Until a page of ours is there, whether it was loaded or came back. */
export async function arrived({ run }: Pick<AnyTab, 'run'>): Promise<void> {
  await expect.poll(() => run(() => 'harness' in window).catch(() => false)).toBe(true)
}
