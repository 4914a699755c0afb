/** Each browser feature that the library uses, missing or refused: the session goes on with less, and reports it. */
import { arrived, expect, noTimeouts, test, type AnyTab, type PageConfig } from './every.js'
import type { Feature } from './pages/features.js'
import { TOKEN_MARK } from './server/token-server.js'

/** The report for each feature. */
const degradedBy: Readonly<Record<Feature, string>> = {
  locks: 'locks',
  channel: 'channel',
  localStorage: 'storage',
  indexedDB: 'tokenStore',
}
const features = Object.keys(degradedBy) as Feature[]
/** What `npm test` leaves to `npm run test:all`: it misses each of these as well, in other tests, and refuses the two stores. */
const long = new Set([
  'locks is missing',
  'localStorage is missing',
  'indexedDB is missing',
  'locks refuses',
  'channel refuses',
])

const degraded = async (tab: AnyTab): Promise<unknown[]> =>
  (await tab.events('degraded')).map(({ detail }) => detail['feature'])

for (const how of ['without', 'denied'] as const) {
  const what = how === 'without' ? 'is missing' : 'refuses'
  for (const feature of features) {
    // In memory tokens belong to the tab that has them.
    const shared = feature !== 'indexedDB'
    const tag = long.has(`${feature} ${what}`) ? '@long' : []
    test(`a session works in two tabs where ${feature} ${what}`, { tag }, async ({ tabs, tokens }) => {
      const [one, two] = await tabs.openTwo({ ...noTimeouts, [how]: [feature] })
      const issued = tokens.issue()
      expect(await one.signIn(issued)).toBeNull()
      await two.next('signedIn')
      expect((await one.token()).token).toBe(issued.access_token)
      const { token } = await one.token({ forceRefresh: true })
      expect(tokens.isLive(token ?? '')).toBe(true)
      await expect.poll(() => two.token()).toMatchObject(shared ? { token } : { code: 'no_tokens' })
      expect(await degraded(one)).toEqual([degradedBy[feature]])

      await one.reload()
      await arrived(one)
      await one.run(() => window.harness.session.ready.then(() => null))
      // Without localStorage it queries the other tabs, whose reply may take longer than it waits.
      await expect.poll(() => one.phase()).toBe('active')
      expect(await one.token()).toMatchObject(shared ? { token } : { code: 'no_tokens' })

      await two.signOut()
      expect((await one.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
      for (const tab of [one, two]) expect(await tab.stores()).not.toContain(TOKEN_MARK)
      await expect.poll(() => tokens.revocations().length).toBe(shared ? 1 : 0)
      expect(tokens.counts.reuse).toBe(0)
    })
  }

  test(`a session works in one tab where everything ${what}`, async ({ tabs, tokens }) => {
    const config: PageConfig = { ...noTimeouts, [how]: features }
    const [one, two] = await tabs.openTwo(config)
    const issued = tokens.issue()
    expect(await one.signIn(issued)).toBeNull()
    expect((await one.token()).token).toBe(issued.access_token)
    expect(tokens.isLive((await one.token({ forceRefresh: true })).token ?? '')).toBe(true)
    expect(await two.phase()).toBe('signedOut')
    expect((await degraded(one)).sort()).toEqual(Object.values(degradedBy).sort())
    await one.signOut()
    expect(await one.phase()).toBe('signedOut')
    expect((await one.token()).code).toBe('signed_out')
    await expect.poll(() => tokens.revocations().length).toBe(1)
  })
}
