import { arrived, expect, noTimeouts, pageUrl, test, type EngineName, type PageConfig } from './every.js'
import { expectNothingShown, leave, rested, shownText, silence } from './page-cache.js'
import { TOKEN_MARK } from './server/token-server.js'

test('S75 a page that came back from the page cache gets messages and acts as before', async ({ tabs, tokens }) => {
  const [tab, other] = await tabs.openTwo({ ...noTimeouts, store: 'idb-encrypted' })
  await tab.signIn(tokens.issue())
  const { token } = await tab.token({ forceRefresh: true })
  await rested(tab)
  await leave(tab, () => Promise.resolve())
  expect((await tab.returns()).at(-1)?.persisted).toBe(true)
  expect((await tab.token()).token).toBe(token)
  expect(tokens.isLive((await tab.token({ forceRefresh: true })).token ?? '')).toBe(true)
  await other.signOut()
  expect((await tab.next('signedOut')).detail['where']).toBe('elsewhere')
  await expect.poll(() => shownText(tab)).toBe('Signed out')
})

type Listening = Window & { heard?: Promise<void> }

/** Engines throw a page away that a message is for, but for one, which drops the message. */
const keepsSilent: Readonly<Record<EngineName, boolean>> = { chromium: false, firefox: false, webkit: true }

test('S45 a page in the page cache during a sign-out by channel shows nothing of the session', async ({
  tabs,
  tokens,
  engine,
}) => {
  const [tab, other] = await tabs.openTwo(noTimeouts)
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  const signOutAloud = async (): Promise<void> => {
    // Another page of the same process gets the event when the cached page could have got it.
    await tab.run(() => {
      const channel = new BroadcastChannel('sojourn:session:1')
      ;(window as Listening).heard = new Promise(
        (resolve) =>
          (channel.onmessage = () => {
            channel.close()
            resolve()
          }),
      )
    })
    await other.signOut()
    await tab.run(() => (window as Listening).heard)
  }
  await leave(tab, signOutAloud, other)
  expect(await expectNothingShown(tab)).toBe(keepsSilent[engine.name])
  expect(await tab.stores()).not.toContain(TOKEN_MARK)
})

test('S46 the back button after a sign-out on the next page shows nothing of the session', async ({
  tabs,
  tokens,
  server,
}) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.goTo(pageUrl(server.origin, '/framed', noTimeouts))
  await arrived(tab)
  await tab.signOut()
  await tab.back().catch(() => undefined)
  await expect.poll(() => tab.run(() => location.pathname).catch(() => '')).toBe('/app')
  await arrived(tab)
  await expectNothingShown(tab)
})

test('S46 the back button to the page on which the user signed out shows nothing of the session', async ({
  tabs,
  tokens,
}) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.signOut()
  await leave(tab, () => Promise.resolve())
  await expect.poll(() => shownText(tab)).toBe('Signed out')
  expect(await tab.phase()).toBe('signedOut')
})

test('S45 a page that comes back to the session of another user shows nothing of the first', async ({
  tabs,
  tokens,
}) => {
  const [tab, other] = await tabs.openTwo(noTimeouts)
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  await silence(other)
  const issued = tokens.issue()
  await rested(tab)
  await leave(tab, () => other.signIn(issued), other)
  // The page that came back shows nothing, and gives way to another.
  await expect.poll(() => shownText(tab)).toBe('Signed in')
  await expect.poll(async () => (await tab.token()).token).toBe(issued.access_token)
  expect(await tab.snapshot()).toEqual(await other.snapshot())
  const back = (await tab.returns()).filter(({ persisted }) => persisted)
  expect(back).toHaveLength(1)
  expect(back.flatMap(({ frames }) => frames.filter(({ visible }) => visible))).toEqual([])
})

test('S45 an application that wants no reload gets the event before anything else runs', async ({ tabs, tokens }) => {
  const config: PageConfig = { options: { ...noTimeouts.options, stalePage: 'event' } }
  const [tab, other] = await tabs.openTwo(config)
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  await silence(other)
  await rested(tab)
  await leave(tab, () => other.signOut(), other)
  const back = (await tab.returns()).at(-1)
  expect(back?.persisted).toBe(true)
  expect(new Set(back?.frames.map(({ phase }) => phase))).toEqual(new Set(['signedOut']))
  expect((await tab.next('signedOut')).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
})

test('a page that was in the back/forward cache past the deadline comes back signed out', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { idleTimeout: '15m' } })
  await tab.signIn(tokens.issue())
  await tab.run(() => {
    addEventListener('pagehide', () => {
      window.harness.shiftClock(16 * 60_000)
    })
  })
  await leave(tab, () => Promise.resolve())
  expect(await expectNothingShown(tab)).toBe(true)
})

test('a page whose site data are cleared while it is in the back/forward cache comes back signed out', async ({
  tabs,
  tokens,
  server,
}) => {
  const origin = await server.secureOrigin()
  const tab = await tabs.open(noTimeouts, { origin })
  const other = await tabs.open({ manual: true }, { origin })
  await tab.signIn(tokens.issue())
  await leave(
    tab,
    () => other.run(() => fetch('/clear?what="cookies", "storage"', { method: 'POST' }).then(() => null)),
    other,
  )
  expect(await expectNothingShown(tab)).toBe(true)
  expect(await tab.snapshot()).toMatchObject({ reason: 'wiped' })
})

test('S73 a page in the back/forward cache does not block the upgrade of its database', async ({ tabs, tokens }) => {
  const [tab, other] = await tabs.openTwo(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.token()
  await leave(tab, () =>
    other.run(async () => {
      for (const { name, version } of await indexedDB.databases())
        await new Promise((resolve, reject) => {
          const request = indexedDB.open(name ?? '', (version ?? 1) + 1)
          request.onsuccess = () => {
            request.result.close()
            resolve(null)
          }
          request.onerror = reject
        })
    }),
  )
  expect(tokens.isLive((await tab.token({ forceRefresh: true })).token ?? '')).toBe(true)
})
