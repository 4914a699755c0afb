/** A machine that has no time for the process that tells others what was written into localStorage. */
import { expect, noTimeouts, test } from './fixtures.js'
import { storageProcess } from './process.js'

const local = { ...noTimeouts, store: 'local' as const }

test('S10 no refresh token is used twice while a tab cannot read what another has just written', async ({
  tabs,
  tokens,
}) => {
  tabs.allowTokensInWebStorage()
  const [one, two] = await Promise.all([tabs.open(local), tabs.open(local)])
  await one.signIn(tokens.issue())
  await two.next('signedIn')
  const locksOf = (): Promise<number> =>
    two.page.evaluate(
      async () => (await navigator.locks.query()).held?.filter(({ name }) => name?.startsWith('sojourn:')).length ?? 0,
    )
  const stored = (): Promise<string | null> => two.page.evaluate(() => localStorage.getItem('sojourn-tokens'))
  await two.token()
  const before = await stored()
  const storage = storageProcess()
  storage.suspend()
  try {
    const first = await one.token({ forceRefresh: true })
    expect(await stored()).toBe(before)
    const second = two.token({ forceRefresh: true })
    await expect.poll(locksOf).toBe(1)
    storage.wake()
    expect((await second).token).toBe(first.token)
  } finally {
    storage.wake()
  }
  expect(tokens.counts).toEqual({ refreshes: 1, reuse: 0, graceUses: 0 })
})
