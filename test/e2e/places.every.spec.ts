/** Places where browsers give a page less: plain http, and a frame inside another site. */
import { liveEmbedded } from './embedding.js'
import { expect, noTimeouts, test, type EngineName } from './every.js'
import { TOKEN_MARK } from './server/token-server.js'

test('S16 a session on plain http works in two tabs, which refresh at most once each', async ({
  tabs,
  tokens,
  server,
}) => {
  // Without locks two may be too early for the lease. A server with grace does not mind.
  tokens.grace = 10_000
  const [one, two] = await tabs.openTwo(noTimeouts, { origin: server.plainOrigin })
  expect(await one.run(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false])
  await one.signIn(tokens.issue())
  await two.next('signedIn')
  const [first, second] = await Promise.all([one.token({ forceRefresh: true }), two.token({ forceRefresh: true })])
  expect(tokens.isLive(first.token ?? '')).toBe(true)
  expect(tokens.isLive(second.token ?? '')).toBe(true)
  expect(tokens.tokenCalls().length).toBeLessThanOrEqual(2)
  expect((await one.events('degraded')).map(({ detail }) => detail['feature'])).toEqual(['locks'])
  await two.signOut()
  expect((await one.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
  for (const tab of [one, two]) expect(await tab.stores()).not.toContain(TOKEN_MARK)
})

test('S16 tokens on plain http that should be encrypted stay in memory', async ({ tabs, tokens, server }) => {
  const tab = await tabs.open({ ...noTimeouts, store: 'idb-encrypted' }, { origin: server.plainOrigin })
  const issued = tokens.issue()
  expect(await tab.signIn(issued)).toBeNull()
  expect((await tab.token()).token).toBe(issued.access_token)
  expect((await tab.events('degraded')).map(({ detail }) => detail['feature'])).toContain('tokenStore')
  expect(await tab.stores()).not.toContain(TOKEN_MARK)
})

/** Firefox and WebKit give such frames storage of their own; Chromium denies it to them in private windows, as here. */
const stores: Readonly<Record<EngineName, boolean>> = { chromium: false, firefox: true, webkit: true }

test('S80 the application inside another site has its own session, shared by the frames there', async ({
  tabs,
  tokens,
  server,
  engine,
}) => {
  await liveEmbedded({ tabs, tokens, server, stores: stores[engine.name] })
})
