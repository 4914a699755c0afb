/** The demo's backend by cookie as two processes on Redis, as a browser meets it. */
import type { Page } from '@playwright/test'
import { findRedisServer, startRedisServer } from '../../demo/server/redis-server.mjs'
import { startDemo } from '../../demo/server/start.mjs'
import { expectFeed, expectPhase, expectRefused, openTab, press, signIn, test as base } from './demo-tabs.js'
import { expect } from './fixtures.js'

const test = base.extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const program = findRedisServer()
    if (program === undefined) throw new Error('Redis is missing: `npm test` installs it')
    const redis = await startRedisServer(program)
    const demo = await startDemo({ redis: redis.socket, processes: 2 })
    await use(demo)
    await demo.close()
    await redis.stop()
  },
})

/** Lets this process answer what the page asks at this path. */
async function send(page: Page, path: string, number: number): Promise<void> {
  await page.route(`**${path}`, (route, request) =>
    route.continue({ url: `${request.url()}?process=${String(number)}` }),
  )
}

test('S125 a sign-out on all devices through one process reaches a page that is connected to the other', async ({
  browser,
  context,
  demo,
}) => {
  const other = await browser.newContext()
  const [here, there] = [await openTab(context, demo, 'cookie'), await openTab(other, demo, 'cookie')]
  await send(here, '/cookie/logout-everywhere', 1)
  await send(there, '/cookie/events', 2)
  const connected = there.waitForResponse((response) => response.url().includes('/cookie/events'))
  for (const page of [here, there]) {
    await signIn(page, 'Ada')
    await expectFeed(page)
  }
  const ended = here.waitForResponse((response) => response.url().includes('/cookie/logout-everywhere'))
  await press(here, 'Sign out on all devices')
  await expectRefused(there)
  await expectPhase('Signed out', here)
  const [stream, answer] = await Promise.all([connected, ended])
  expect([stream.headers()['x-process'], answer.headers()['x-process'], answer.status()]).toEqual(['2', '1', 204])
  await other.close()
})
