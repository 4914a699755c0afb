/** The connection of a tab that crashes: WebKit's driver fails then. */
import { expect, noTimeouts, test } from './every.js'

test('S117 another tab takes over the connection of one that crashes', async ({ tabs, tokens, server }) => {
  const [holder, next] = await tabs.openTwo(noTimeouts, { path: '/connect' })
  await holder.signIn(tokens.issue())
  await next.next('signedIn')
  const { kill } = await holder.process()
  for (const tab of [holder, next]) {
    await tab.run(() => window.feed.start('socket', { one: 'device' }))
    await expect.poll(server.feed.open).toBe(1)
  }
  expect(await next.run(() => window.feed.states)).toEqual(['waiting'])
  kill()
  await expect.poll(() => next.run(() => window.feed.states)).toEqual(['waiting', 'connecting', 'up'])
  // A browser may free the lock of a page that is gone before the server hears that its socket is closed.
  await expect.poll(server.feed.open).toBe(1)
  expect(server.feed.clients).toHaveLength(2)
})
