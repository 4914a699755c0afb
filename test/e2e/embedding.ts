/** The application inside pages of another site. */
import { arrived, expect, noTimeouts, type AnyTab, type AnyTabs, type TestServer } from './every.js'
import { TOKEN_MARK, type TokenServer } from './server/token-server.js'
import { actionsBy, type Actions } from './tab.js'

/** The application in a frame of a page of another site. */
async function embedded(tab: AnyTab): Promise<Actions> {
  const run = tab.runInFrame('#frame')
  await arrived({ run })
  await run(() => window.harness.session.ready.then(() => null))
  return actionsBy(run)
}

/** A whole session in two frames. `stores`: whether the browser lets them keep anything. */
export async function liveEmbedded({
  tabs,
  tokens,
  server,
  stores,
}: {
  tabs: AnyTabs
  tokens: TokenServer
  server: TestServer
  stores: boolean
}): Promise<void> {
  const where = { path: '/embedding' }
  const [one, two] = await tabs.openTwo(noTimeouts, where)
  const alone = await tabs.open(noTimeouts, { origin: server.otherSite })
  const [inOne, inTwo] = [await embedded(one), await embedded(two)]
  expect(await inOne.signIn(tokens.issue())).toBeNull()
  expect((await inTwo.next('signedIn')).detail['where']).toBe('elsewhere')
  const { token } = await inOne.token({ forceRefresh: true })
  expect(tokens.isLive(token ?? '')).toBe(true)
  // Without storage each frame keeps its own tokens, and learns of the session by channel.
  await expect.poll(() => inTwo.token()).toMatchObject(stores ? { token } : { code: 'no_tokens' })
  const degraded = (await inOne.events('degraded')).map(({ detail }) => detail['feature'])
  expect(degraded.sort()).toEqual(stores ? [] : ['locks', 'storage', 'tokenStore'])
  // The page around it has nothing to do with that session, nor has its own site in a tab where the browser keeps them apart.
  // Chromium does not where it denies them storage: the channel then reaches both, and both are the same application.
  expect(await one.phase()).toBe('signedOut')
  await expect.poll(() => alone.phase()).toBe(stores ? 'signedOut' : 'active')
  if (stores) {
    await alone.signIn(tokens.issue())
    await alone.signOut()
  }
  expect((await inOne.token()).token).toBe(token)

  await inTwo.signOut()
  expect((await inOne.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
  expect(await inOne.stores()).not.toContain(TOKEN_MARK)
  for (const tab of [one, two])
    expect(await tab.runInFrame('#frame')(() => [...window.harness.uncaught, ...window.harness.violations])).toEqual([])
}
