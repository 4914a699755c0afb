/** While an application is updated, its tabs have different versions of the library for a day. */
import { expect, test, type AnyTab, type PageConfig } from './every.js'
import { TOKEN_MARK } from './server/token-server.js'

const MINUTE = 60_000
const config: PageConfig = { options: { idleTimeout: '60m', warnBefore: '5m' } }

test('tabs of an older version and of this one are one session, whichever of them acts', async ({ tabs, tokens }) => {
  // A build that was kept, and what is built now.
  const old = await tabs.open(config, { path: '/old' })
  const now = await tabs.open(config, { path: '/script' })
  for (const [count, [one, two]] of [[old, now] as const, [now, old] as const].entries()) {
    const issued = tokens.issue({ accessLife: 2 * 3600 })
    await one.signIn(issued)
    expect((await two.next('signedIn', count + 1)).detail['where']).toBe('elsewhere')
    expect((await two.token()).token).toBe(issued.access_token)
    // They take turns, and use each other's tokens.
    const refreshed = await Promise.all([one, two].map((tab) => tab.token({ forceRefresh: true })))
    expect(refreshed.map(({ code }) => code)).toEqual([null, null])
    const { token } = await two.token({ forceRefresh: true })
    await expect.poll(async () => (await one.token()).token).toBe(token)
    expect(tokens.counts.reuse).toBe(0)
    expect(await one.snapshot()).toEqual(await two.snapshot())

    for (const tab of [one, two]) await tab.shiftClock(57 * MINUTE)
    for (const tab of [one, two]) {
      await tab.run(() => window.harness.session.check())
      await tab.next('warning', count + 1)
    }
    expect(await one.extend()).toBe(true)
    expect((await two.next('extended', count + 1)).detail).toEqual({ by: 'user', where: 'elsewhere' })

    await one.signOut()
    expect((await two.next('signedOut', count + 1)).detail).toEqual({ reason: 'signOut', where: 'elsewhere' })
    for (const tab of [one, two]) expect(await tab.stores()).not.toContain(TOKEN_MARK)
    await expect.poll(() => tokens.revocations().length).toBe(count + 1)
  }
})

const read = ({ run }: AnyTab): Promise<object> =>
  run(() => JSON.parse(localStorage.getItem('sojourn:session:1') ?? '{}') as object)

/** Writes into storage as a version does that knows more than this one. */
const write = ({ run }: AnyTab, key: string, members: object): Promise<void> =>
  run(
    ([name, added]) => {
      const { id, seq } = JSON.parse(localStorage.getItem('sojourn:session:1') ?? '{}') as Record<string, unknown>
      const known = JSON.parse(localStorage.getItem(name) ?? JSON.stringify({ id, seq })) as object
      localStorage.setItem(name, JSON.stringify({ ...known, ...added }))
    },
    [key, members] as const,
  )

test('fields of a newer version in the record are kept, and its end counts whatever the reason', async ({ tabs }) => {
  const tab = await tabs.open({ ...config, server: 'none' })
  const newer = await tabs.open({ manual: true })
  await tab.signIn()
  await expect.poll(() => read(newer)).toHaveProperty('id')
  const added = { device: { name: 'laptop', trusted: true }, pausedAt: 1_700_000_000_000, zones: ['a', 'b'] }
  await write(newer, 'sojourn:session:1', added)
  await expect.poll(() => read(tab)).toMatchObject(added)
  const before = (await tab.deadlines())?.endAt ?? 0
  await tab.shiftClock(MINUTE)
  await tab.click('#press')
  await expect.poll(async () => (await tab.deadlines())?.endAt).toBeGreaterThanOrEqual(before + MINUTE)
  expect(await read(tab)).toMatchObject(added)
  expect(await tab.phase()).toBe('active')

  await write(newer, 'sojourn:session:1:end', {
    endedAt: Date.now(),
    reason: 'policy',
    policy: { by: 'administrator' },
  })
  await tab.next('signedOut')
  expect(await tab.phase()).toBe('signedOut')
})
