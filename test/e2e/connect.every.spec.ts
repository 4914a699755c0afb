/** Connections that live and die with the session, to a real server, which sends all the time. */
import type { ConnectOptions } from 'sojourn/connect'
import { expect, noTimeouts, test, type AnyTab, type AnyTabs, type EngineName } from './every.js'
import { leave } from './page-cache.js'
import type { Delivered, FeedKind } from './pages/connect.js'

const KINDS: readonly FeedKind[] = ['socket', 'stream']

/** Firefox keeps no page that has a connection at the moment in which it is left. */
const cached: Readonly<Record<EngineName, boolean>> = { chromium: true, firefox: false, webkit: true }

const openTab = (tabs: AnyTabs): Promise<AnyTab> => tabs.open(noTimeouts, { path: '/connect' })
const start = (tab: AnyTab, kind: FeedKind, options?: ConnectOptions): Promise<void> =>
  tab.run(([how, given]) => window.feed.start(how, given), [kind, options] as const)
const delivered = (tab: AnyTab): Promise<Delivered[]> => tab.run(() => window.feed.delivered)
const states = (tab: AnyTab): Promise<string[]> => tab.run(() => window.feed.states)
/** Until messages of this connection have come. */
const gets = (tab: AnyTab, connection: number): Promise<void> =>
  expect.poll(async () => (await delivered(tab)).some((one) => one.connection === connection)).toBe(true)

for (const kind of KINDS) {
  test(`S113 a ${kind} is closed by a sign-out in another tab, and delivers nothing after it`, async ({
    tabs,
    tokens,
    server,
  }) => {
    const [tab, other] = [await openTab(tabs), await openTab(tabs)]
    await other.signIn(tokens.issue())
    await tab.next('signedIn')
    await start(tab, kind)
    await gets(tab, 0)
    await other.signOut()
    await tab.next('signedOut')
    await expect.poll(server.feed.open).toBe(0)
    expect((await delivered(tab)).filter(({ shown }) => !shown)).toEqual([])
    expect(await states(tab)).toEqual(['connecting', 'up', 'closed'])
    expect(server.feed.clients).toHaveLength(1)
  })

  test(`S114 a ${kind} is closed when its page is left, and opened again when that is back`, async ({
    tabs,
    tokens,
    server,
    engine,
  }) => {
    const tab = await openTab(tabs)
    await tab.signIn(tokens.issue())
    await start(tab, kind)
    await gets(tab, 0)
    await leave(tab, () => expect.poll(server.feed.open).toBe(0))
    const isBack = (await tab.returns()).at(-1)?.persisted === true
    // A page that was loaded anew starts another.
    if (!isBack) await start(tab, kind)
    await gets(tab, 1)
    expect(server.feed.most()).toBe(1)
    expect(tokens.isLive(server.feed.clients[1]?.tokens[0] ?? '')).toBe(true)
    // WebKit cuts a stream before it says that the page is left: then another try may have begun.
    const seen = (await states(tab)).filter((state) => state !== 'waiting').join(' ')
    const left = engine.name === 'webkit' ? seen.replace('up connecting closed', 'up closed') : seen
    expect(left).toBe(`${isBack ? 'connecting up closed ' : ''}connecting up`)
    // Nothing that the server sent meanwhile is delivered on return.
    const numbers = (await delivered(tab)).map(({ connection }) => connection)
    expect(numbers).toEqual([...numbers].sort())
    expect(isBack).toBe(cached[engine.name])
  })

  test(`S115 after an account switch in another tab a ${kind} delivers nothing of the first user`, async ({
    tabs,
    tokens,
    server,
  }) => {
    const [tab, other] = [await openTab(tabs), await openTab(tabs)]
    await other.signIn(tokens.issue())
    await tab.next('signedIn')
    await start(tab, kind)
    await gets(tab, 0)
    const first = await tab.snapshot()
    const second = tokens.issue()
    await other.signIn(second)
    await tab.next('switched')
    await gets(tab, 1)
    const firstId = 'id' in first ? first.id : ''
    const wrong = (await delivered(tab)).filter(({ connection, shown }) => (connection === 0) !== (shown === firstId))
    expect(wrong).toEqual([])
    expect(server.feed.clients.map((client) => client.tokens.at(-1))).toEqual([expect.any(String), second.access_token])
    expect(server.feed.open()).toBe(1)
  })
}

test('S112 newer tokens go over one socket, whichever tab refreshed', async ({ tabs, tokens, server }) => {
  const [tab, other] = [await openTab(tabs), await openTab(tabs)]
  await other.signIn(tokens.issue())
  await tab.next('signedIn')
  await start(tab, 'socket')
  await gets(tab, 0)
  const given: (string | null)[] = []
  for (const one of [tab, other, tab]) {
    given.push((await one.token({ forceRefresh: true })).token)
    await expect.poll(() => server.feed.clients[0]?.tokens.slice(1)).toEqual(given)
    // A tab that has not heard of these tokens yet would take them for newer ones.
    for (const each of [tab, other]) await each.next('refreshed', given.length)
  }
  expect(server.feed.clients).toHaveLength(1)
})

test('S117 five tabs have one connection, and another takes over when its tab is gone', async ({
  tabs,
  tokens,
  server,
}) => {
  const all: AnyTab[] = []
  for (let count = 0; count < 5; count++) all.push(await openTab(tabs))
  const [holder, ...others] = all as [AnyTab, ...AnyTab[]]
  await holder.signIn(tokens.issue())
  for (const tab of others) await tab.next('signedIn')
  for (const tab of all) await start(tab, 'socket', { one: 'device' })
  await gets(holder, 0)
  expect(await Promise.all(others.map(states))).toEqual(others.map(() => ['waiting']))
  expect(server.feed.most()).toBe(1)
  await holder.close()
  const [next, ...rest] = others as [AnyTab, ...AnyTab[]]
  await gets(next, 1)
  expect(await Promise.all(rest.map(states))).toEqual(rest.map(() => ['waiting']))
  // A browser frees the lock of a page that is gone before the server hears that its socket is closed.
  await expect.poll(() => server.feed.open()).toBe(1)
  expect(server.feed.clients).toHaveLength(2)
})
