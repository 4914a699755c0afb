/** Storage that is cleared, full, or written by other code. */
import { expect, noTimeouts, test, type AnyTab } from './every.js'
import { leave, shownText, silence } from './page-cache.js'

const KEY = 'sojourn:session:1'

/** What `Clear-Site-Data: "storage"` leaves of an origin: nothing. The tab that does it gets no event, as for its own writes. */
const empty = ({ run }: AnyTab): Promise<void> =>
  run(async () => {
    localStorage.clear()
    const stores = await indexedDB.databases().catch(() => [{ name: 'sojourn' }])
    for (const { name } of stores)
      await new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name ?? '')
        request.onsuccess = request.onerror = request.onblocked = resolve
      })
  })

test('S88 a page from the back/forward cache follows the newest sign-in after storage was emptied', async ({
  tabs,
  tokens,
}) => {
  const [tab, other] = await tabs.openTwo({ options: { ...noTimeouts.options, stalePage: 'event' } })
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  // A message would end the page in the cache.
  await silence(other)
  await leave(
    tab,
    async () => {
      await other.signOut()
      await empty(other)
      await other.signIn(tokens.issue())
    },
    other,
  )
  const newest = await other.snapshot()
  expect(newest.phase).toBe('active')
  await expect.poll(() => tab.snapshot()).toEqual(newest)
  expect(await other.snapshot()).toEqual(newest)
  const late = await tabs.open(noTimeouts)
  expect(await late.snapshot()).toEqual(newest)
})

test('S89 an end is written on a full disk, and the rest as soon as there is room', async ({ tabs, tokens }) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  await tab.run(() => {
    let size = 2 ** 22
    for (let text = 'x'.repeat(size), count = 0; size >= 1;)
      try {
        localStorage.setItem(`full ${String(count++)}`, text.slice(0, size))
      } catch {
        size = Math.floor(size / 2)
        text = text.slice(0, size)
      }
  })
  tokens.failNext({ kind: 'status', status: 503 })
  await tab.token({ forceRefresh: true })
  await tab.signOut()
  // WebKit's driver ends with its last window.
  await tab.goTo(new URL('/away', await tab.run(() => location.origin)).href)
  const next = await tabs.open(noTimeouts)
  expect(await next.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  await next.run(() => {
    for (const key of Object.keys(localStorage)) if (key.startsWith('full ')) localStorage.removeItem(key)
  })
  await next.signIn(tokens.issue())
  const last = await tabs.open(noTimeouts)
  expect(await last.snapshot()).toEqual(await next.snapshot())
})

for (const [what, key, fields, shown] of [
  ['record', KEY, {}, { phase: 'active', id: 'planted-0001' }],
  ['end', `${KEY}:end`, { startedAt: undefined, endedAt: 1, reason: 'signOut' }, { phase: 'signedOut', endedAt: 1 }],
] as const)
  test(`S90 a planted ${what} does not prevent a sign-in after it`, async ({ tabs, tokens }) => {
    const [one, two] = await tabs.openTwo(noTimeouts)
    await one.signIn(tokens.issue())
    await two.next('signedIn')
    await one.run(
      ([name, planted]) => {
        // The highest order that a session believes: 31 years ahead.
        localStorage.setItem(
          name,
          JSON.stringify({ id: 'planted-0001', seq: Date.now() + 999_999_999_000, startedAt: Date.now(), ...planted }),
        )
      },
      [key, fields] as const,
    )
    await expect.poll(() => two.snapshot()).toMatchObject(shown)
    expect(await one.signIn(tokens.issue())).toBeNull()
    await expect.poll(() => two.snapshot()).toEqual(await one.snapshot())
    expect(await shownText(two)).toBe('Signed in')
    expect(await (await tabs.open(noTimeouts)).snapshot()).toEqual(await one.snapshot())
  })

test('S87 the shorter of two options applies in both tabs', async ({ tabs, tokens }) => {
  const long = await tabs.open({ options: { idleTimeout: '1h' } })
  await long.signIn(tokens.issue())
  const short = await tabs.open({ options: { idleTimeout: '10m' } })
  const end = (await short.deadlines())?.endAt
  await expect.poll(async () => (await long.deadlines())?.endAt).toBe(end)
})
