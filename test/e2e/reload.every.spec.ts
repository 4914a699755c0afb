/** A page that is left in the middle of a refresh takes the answer with it. The next page must find its way. */
import { arrived, expect, noTimeouts, test, type AnyTab } from './every.js'
import { createGate, type Gate, type TokenServer } from './server/token-server.js'

async function beginRefresh({ run }: AnyTab, tokens: TokenServer, acts: 'before' | 'after'): Promise<Gate> {
  const gate = createGate()
  // A page that loses its request as it goes may have the time to send another.
  if (acts === 'after') tokens.failAlways({ kind: 'gate', gate, acts })
  else tokens.failNext({ kind: 'gate', gate, acts })
  await run(() => {
    void window.harness.token({ forceRefresh: true })
  })
  await gate.reached
  return gate
}

const departures: readonly { how: string; leave: (tab: AnyTab) => Promise<void> }[] = [
  { how: 'is reloaded', leave: (tab) => tab.reload() },
  {
    how: 'gives way to the next',
    leave: async (tab) => tab.goTo(await tab.run(() => location.href.replace('/app', '/framed'))),
  },
]
const servers: readonly { what: string; acts: 'before' | 'after'; grace: number }[] = [
  { what: 'the server has not acted', acts: 'after', grace: 0 },
  { what: 'a server with grace has rotated', acts: 'before', grace: 20_000 },
]
for (const { how, leave } of departures) {
  for (const { what, acts, grace } of servers) {
    // `npm test` has each departure and each server once.
    const tag = (how === 'is reloaded') === grace > 0 ? '@long' : []
    test(`a page that ${how} during a refresh gets its token, at once (${what})`, { tag }, async ({ tabs, tokens }) => {
      tokens.grace = grace
      const [tab, other] = await tabs.openTwo(noTimeouts)
      const issued = tokens.issue()
      await tab.signIn(issued)
      await other.next('signedIn')
      const gate = await beginRefresh(tab, tokens, acts)
      await leave(tab)
      await arrived(tab)
      tokens.failAlways(null)
      const { token, code } = await tab.token({ forceRefresh: true })
      expect(code).toBeNull()
      expect(token).not.toBe(issued.access_token)
      expect(tokens.isLive(token ?? '')).toBe(true)
      await expect.poll(async () => (await other.token()).token).toBe(token)
      expect([await tab.phase(), await other.phase()]).toEqual(['active', 'active'])
      expect(tokens.counts.reuse).toBe(0)
      gate.open()
    })
  }
}

test('a page that is reloaded after a strict server has rotated is signed out once, everywhere', async ({
  tabs,
  tokens,
}) => {
  const [tab, other] = await tabs.openTwo(noTimeouts)
  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  const gate = await beginRefresh(tab, tokens, 'before')
  await tab.reload()
  await arrived(tab)
  expect((await tab.token({ forceRefresh: true })).code).toBe('signed_out')
  expect((await other.next('signedOut')).detail).toEqual({ reason: 'rejected', where: 'elsewhere' })
  expect(await other.events('signedOut')).toHaveLength(1)
  expect(tokens.counts.reuse).toBe(1)
  gate.open()
})
