/**
 * The back/forward cache, with a session on a page in each state that engines treat differently. Twice each: the page has to
 * be as eligible as it is without the library, and after a sign-out elsewhere it must never be shown signed in.
 * `npm test` runs the row of each cause that engines answer differently, and `npm run test:all` runs all rows.
 */
import { expect, noTimeouts, test, type AnyTab, type EngineName, type PageConfig } from './every.js'
import { expectNothingShown, leave, rested, shownText, silence } from './page-cache.js'
import { createGate, TOKEN_MARK, type TokenServer } from './server/token-server.js'

interface Row {
  readonly what: string
  readonly path?: string
  readonly secure?: boolean
  readonly config?: PageConfig
  /** On the page, before it is left; returns what is to be done when the page is back. */
  readonly before?: (tab: AnyTab, tokens: TokenServer) => Promise<void | (() => void)>
  /** In another tab, while the page is away. */
  readonly meanwhile?: (other: AnyTab, tokens: TokenServer) => Promise<unknown>
  /** Whether the engine keeps the page: what it does without the library as well. */
  readonly kept: Readonly<Record<EngineName, boolean>>
  /** Runs by `npm run test:all` only. */
  readonly long?: boolean
}

const everywhere = { chromium: true, firefox: true, webkit: true }

const listenTo =
  (type: 'unload' | 'beforeunload') =>
  ({ run }: AnyTab): Promise<void> =>
    run((name) => {
      addEventListener(name, () => undefined)
    }, type)

const ask =
  (path: string) =>
  ({ run }: AnyTab): Promise<unknown> =>
    run((url) => fetch(url, { method: 'POST' }).then(() => null), path)

type Refreshing = Window & { underWay?: Promise<unknown> }

/** Leaves a refresh under way, whose answer does not come while the page is away. */
async function beginRefresh({ run }: AnyTab, tokens: TokenServer): Promise<() => void> {
  // One that is still under way would be joined, and nothing asked for.
  await run(async () => {
    await (window as Refreshing).underWay
  })
  // Where the answer goes with the page, it is asked for once more.
  tokens.grace = 20_000
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts: 'before' })
  await run(() => {
    ;(window as Refreshing).underWay = window.harness.token({ forceRefresh: true })
  })
  await gate.reached
  return gate.open
}

const rows: readonly Row[] = [
  { what: 'that rests', kept: everywhere },
  { what: 'with its tokens in memory', config: { store: 'memory' }, kept: everywhere, long: true },
  { what: 'that has no channel', config: { without: ['channel'] }, kept: everywhere },
  { what: 'that listens to `beforeunload`', before: listenTo('beforeunload'), kept: everywhere, long: true },
  {
    what: 'that listens to `unload`',
    before: listenTo('unload'),
    kept: { chromium: false, firefox: false, webkit: true },
    long: true,
  },
  {
    what: 'that holds a lock of its own',
    before: ({ run }) =>
      run(
        () =>
          new Promise<void>((held) => {
            void navigator.locks
              .request(String(Math.random()), () => {
                held()
                return new Promise(() => undefined)
              })
              .catch(() => undefined)
          }),
      ),
    kept: { chromium: true, firefox: false, webkit: true },
  },
  {
    what: 'that waits for an answer',
    long: true,
    before: ({ run }) =>
      run(() => {
        void fetch('/hang').catch(() => undefined)
      }),
    kept: { chromium: true, firefox: false, webkit: true },
  },
  {
    what: 'in the middle of a refresh',
    before: beginRefresh,
    long: true,
    kept: { chromium: true, firefox: false, webkit: true },
  },
  {
    what: 'in the middle of a refresh that another tab needs as well',
    before: beginRefresh,
    meanwhile: (other) => other.token({ forceRefresh: true }),
    kept: { chromium: false, firefox: false, webkit: true },
  },
  {
    what: 'whose session goes on in another tab',
    meanwhile: async (other) => {
      await other.shiftClock(60_000)
      await other.click('#press')
      await other.token({ forceRefresh: true })
    },
    kept: everywhere,
  },
  {
    what: 'whose cookies change',
    meanwhile: ask('/cookie'),
    kept: everywhere,
    long: true,
  },
  { what: 'that came over https', secure: true, kept: everywhere, long: true },
  {
    what: 'whose HTTP cache is cleared',
    secure: true,
    meanwhile: ask('/clear?what="cache"'),
    kept: { chromium: false, firefox: false, webkit: false },
    long: true,
  },
  {
    what: 'that must not be stored',
    path: '/unstored',
    secure: true,
    kept: { chromium: true, firefox: false, webkit: false },
  },
  {
    what: 'that must not be stored, whose cookies change',
    path: '/unstored',
    secure: true,
    meanwhile: ask('/cookie'),
    kept: { chromium: false, firefox: false, webkit: false },
    long: true,
  },
  {
    what: 'that must not be stored and has refreshed its tokens',
    path: '/unstored',
    secure: true,
    before: async (tab) => {
      await tab.token({ forceRefresh: true })
    },
    kept: { chromium: false, firefox: false, webkit: false },
    long: true,
  },
]

for (const { what, path = '/app', secure = false, config, before, meanwhile, kept, long } of rows) {
  const title = `S45 S75 a page ${what} is kept as it would be, and never shown signed in after a sign-out elsewhere`
  test(title, { tag: long ? '@long' : [] }, async ({ tabs, tokens, server, engine }) => {
    const origin = secure ? await server.secureOrigin() : server.origin
    const tab = await tabs.open({ ...noTimeouts, ...config }, { path, origin })
    const other = await tabs.open({ ...noTimeouts, ...config }, { origin })
    await tab.signIn(tokens.issue())
    await other.next('signedIn')

    await rested(tab)
    const first = await before?.(tab, tokens)
    await leave(tab, async () => meanwhile?.(other, tokens), other)
    first?.()
    const returns = await tab.returns()
    expect(returns.at(-1)?.persisted).toBe(kept[engine.name])
    await expect.poll(() => tab.phase()).toBe('active')
    await expect.poll(() => shownText(tab)).toBe('Signed in')
    expect((await tab.deadlines())?.endAt).toBe((await other.deadlines())?.endAt)

    // No message evicts the page: it comes back and has heard nothing.
    await silence(other)
    await rested(tab)
    const second = await before?.(tab, tokens)
    await leave(
      tab,
      async () => {
        await meanwhile?.(other, tokens)
        await other.signOut()
      },
      other,
    )
    second?.()
    expect(await expectNothingShown(tab, returns.length)).toBe(kept[engine.name])
    expect(await tab.stores()).not.toContain(TOKEN_MARK)
    expect(tokens.counts.reuse).toBe(0)
  })
}
