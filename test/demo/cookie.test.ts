import dns from 'node:dns'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startDemo, type Demo, type DemoOptions } from '../../demo/server/start.mjs'
import { createBrowser, type Browser } from './browser.js'
import { startRedis } from './redis.js'
import { openStream } from './stream.js'

const asked = { 'X-Requested-With': 'sojourn' }

let redis: Awaited<ReturnType<typeof startRedis>>
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Processes take a while to start: tests that change nothing of them share a demo. */
const PATIENCE = 30_000

let demo: Demo
let own: Demo[] = []
/** For one test. */
async function start(options: DemoOptions = {}): Promise<void> {
  demo = await startDemo(options)
  own.push(demo)
}
afterEach(async () => {
  await Promise.all(own.map((each) => each.close()))
  own = []
})

/** For all tests of a `describe`. */
function share(options: () => DemoOptions): void {
  let shared: Demo
  beforeAll(async () => {
    shared = await startDemo(options())
  }, PATIENCE)
  beforeEach(() => {
    demo = shared
  })
  afterAll(() => shared.close())
}

const post = (browser: Browser, path: string): Promise<Response> => browser.go(path, { method: 'POST', headers: asked })

const add = (browser: Browser, item: unknown): Promise<Response> =>
  browser.go('/cookie/cart', {
    method: 'POST',
    headers: { ...asked, 'content-type': 'application/json' },
    body: JSON.stringify({ item }),
  })

const cartOf = async (browser: Browser): Promise<unknown> => {
  const response = await browser.go('/cookie/cart')
  return response.ok ? ((await response.json()) as { items: unknown }).items : response.status
}

const statusOf = async (browser: Browser): Promise<number> => (await browser.go('/cookie/session')).status

async function signIn(name: string, browser = createBrowser(demo.url)): Promise<Browser> {
  await browser.signIn('/cookie/login', name, '/tab.html')
  return browser
}

const KINDS = {
  'in memory': () => ({}),
  'on Redis': () => ({ redis: redis.socket }),
  'on Redis, in two processes': () => ({ redis: redis.socket, processes: 2 }),
}

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('the backend for frontend %s', (kind) => {
  describe('with the usual limits', () => {
    share(KINDS[kind])

    test('signing out everywhere ends the sessions of this user, and tells their pages', async () => {
      const [desk, phone, other] = [await signIn('Ada'), await signIn('Ada'), await signIn('Bob')]
      const streams = await Promise.all([desk, desk, phone, phone, other].map((browser) => openStream(browser)))
      expect(streams.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect((await post(phone, '/cookie/logout-everywhere')).status).toBe(204)
      for (const stream of streams.slice(0, 4))
        expect([await stream.next(), await stream.next()]).toEqual(['verify', 'end'])
      expect([await statusOf(desk), await statusOf(phone), await statusOf(other)]).toEqual([401, 401, 200])
      // The only message to the other user's page is about their own cart.
      await add(other, 'tea')
      expect(await streams[4]?.next()).toBe('cart')
    })

    test('a back-channel logout ends every login of the user, and tells the pages', async () => {
      const [desk, phone, other] = [await signIn('Grace'), await signIn('Grace'), await signIn('Edsger')]
      const streams = await Promise.all([desk, phone].map((browser) => openStream(browser)))
      await add(desk, 'tea')
      expect(await streams[0]?.next()).toBe('cart')
      expect(await demo.signOutAtProvider('grace')).toBe(2)
      for (const stream of streams) expect([await stream.next(), await stream.next()]).toEqual(['verify', 'end'])
      expect([await statusOf(desk), await statusOf(phone), await statusOf(other)]).toEqual([401, 401, 200])
      expect((await openStream(desk)).status).toBe(401)
    })

    test('nobody but the provider can log out by the back channel', async () => {
      const browser = await signIn('Ada')
      const response = await fetch(`${demo.url}/cookie/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: 'junk' }),
      })
      expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store'])
      expect(await response.json()).toMatchObject({ error: 'invalid_request' })
      expect(await statusOf(browser)).toBe(200)
    })

    test('S111: the cart is discarded with the session', async () => {
      const browser = await signIn('Ada')
      expect(await (await add(browser, 'tea')).json()).toEqual({ items: ['tea'] })
      await add(browser, 'milk')
      expect(await cartOf(browser)).toEqual(['tea', 'milk'])
      const sid = browser.cookies.get('sid') ?? ''
      await post(browser, '/cookie/logout')
      expect(await cartOf(browser)).toEqual([])
      browser.cookies.set('sid', sid)
      expect(await cartOf(browser)).toBe(401)
      await signIn('Ada', browser)
      expect(await cartOf(browser)).toEqual([])
    })

    test('a login takes over an anonymous cart, under another id', async () => {
      const browser = createBrowser(demo.url)
      expect(await cartOf(browser)).toEqual([])
      expect(browser.cookies.has('sid')).toBe(false)
      await add(browser, 'tea')
      const sid = browser.cookies.get('sid')
      expect([await statusOf(browser), await cartOf(browser)]).toEqual([401, ['tea']])
      await signIn('Ada', browser)
      expect(browser.cookies.get('sid')).not.toBe(sid)
      expect(await cartOf(browser)).toEqual(['tea'])
      browser.cookies.set('sid', sid ?? '')
      expect(await cartOf(browser)).toBe(401)
    })

    test('a login takes over no cart of a user, nor of a session that is over', async () => {
      const browser = await signIn('Ada')
      await add(browser, 'tea')
      await signIn('Bob', browser)
      expect(await cartOf(browser)).toEqual([])
      await demo.endCookieSessions()
      expect((await add(browser, 'milk')).status).toBe(401)
      await signIn('Eve', browser)
      expect(await cartOf(browser)).toEqual([])
    })

    test('a cart takes what is well formed, and is emptied', async () => {
      const browser = await signIn('Ada')
      for (const wrong of [undefined, '', ' ', 1, 'x'.repeat(101)]) expect((await add(browser, wrong)).status).toBe(422)
      for (let n = 0; n < 50; n++) await add(browser, String(n))
      expect((await add(browser, 'one more')).status).toBe(409)
      expect((await browser.go('/cookie/cart', { method: 'DELETE' })).status).toBe(403)
      expect((await browser.go('/cookie/cart', { method: 'DELETE', headers: asked })).status).toBe(200)
      expect(await cartOf(browser)).toEqual([])
    })

    test('the companion is new with each sign-in and gone with each sign-out', async () => {
      const browser = await signIn('Ada')
      const first = browser.cookies.get('companion')
      await signIn('Ada', browser)
      const second = browser.cookies.get('companion')
      expect([first, second]).toEqual([expect.stringMatching(/^[\w-]{11}$/), expect.stringMatching(/^[\w-]{11}$/)])
      expect(second).not.toBe(first)
      await post(browser, '/cookie/logout')
      expect([...browser.cookies.keys()]).not.toContain('companion')
      await signIn('Ada', browser)
      await demo.endCookieSessions()
      expect([await statusOf(browser), browser.cookies.has('companion')]).toEqual([401, false])
    })

    test('a cancelled login leaves the session as it was', async () => {
      const browser = await signIn('Ada')
      await browser.go('/cookie/callback?error=access_denied')
      expect(await statusOf(browser)).toBe(200)
    })
  })

  test(
    'a stream does not extend its session, and ends with it',
    async () => {
      await start({ ...KINDS[kind](), idleTimeout: 1 })
      const stream = await openStream(await signIn('Ada'))
      expect([await stream.next(), await stream.next()]).toEqual(['verify', 'end'])
    },
    PATIENCE,
  )
})

test('pages on subdomains share the cookies of their domain', async () => {
  // Browsers know by themselves that every name below localhost is this machine; Node asks the system, which may not.
  const { lookup } = dns
  const spy = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((_name: string, options: object, done: () => void) =>
      lookup('localhost', options, done)) as typeof lookup)
  onTestFinished(() => spy.mockRestore())
  const hosts = ['one.app.localhost', 'two.app.localhost']
  await start({ hosts, companion: { name: 'who-is-there', domain: 'app.localhost' } })
  const { port } = new URL(demo.url)
  const [one, two] = [
    createBrowser(`http://one.app.localhost:${port}`),
    createBrowser(`http://two.app.localhost:${port}`),
  ]
  const end = await one.signIn('/cookie/login', 'Ada', '/tab.html')
  expect(end.hostname).toBe('one.app.localhost')
  for (const [name, value] of one.cookies) two.cookies.set(name, value)
  const response = await two.go('/cookie/me')
  expect(await response.json()).toMatchObject({ name: 'Ada', login: one.cookies.get('who-is-there') })
  expect(response.headers.getSetCookie().join()).toContain('Domain=app.localhost')
})

describe('the backend for frontend in two processes', () => {
  share(KINDS['on Redis, in two processes'])

  test('S125: signing out everywhere through one process reaches pages of the other', async () => {
    const [desk, phone] = [await signIn('Ada'), await signIn('Ada')]
    const stream = await openStream(desk, '/cookie/events?process=2')
    const answer = await post(phone, '/cookie/logout-everywhere?process=1')
    expect([stream.process, answer.headers.get('x-process'), answer.status]).toEqual(['2', '1', 204])
    expect([await stream.next(), await stream.next()]).toEqual(['verify', 'end'])
  })

  test('requests go to the processes in turn, and both know the session', async () => {
    const browser = await signIn('Ada')
    const responses = [await browser.go('/cookie/session'), await browser.go('/cookie/session')]
    expect(responses.map(({ status }) => status)).toEqual([200, 200])
    expect(responses.map(({ headers }) => headers.get('x-process')).sort()).toEqual(['1', '2'])
  })

  test('the faults of the demo spoil what the processes answer', async () => {
    const browser = await signIn('Ada')
    demo.setFault('lost')
    await expect(browser.go('/cookie/session')).rejects.toThrow()
    demo.setFault('unavailable')
    expect(await statusOf(browser)).toBe(503)
    demo.setFault('ended')
    expect(await statusOf(browser)).toBe(401)
  })

  test('a process that is killed takes no session along', async () => {
    const browser = await signIn('Ada')
    await add(browser, 'tea')
    const stream = await openStream(browser, '/cookie/events?process=2')
    process.kill(demo.processes()[1]?.pid ?? 0, 'SIGKILL')
    await expect(stream.next()).rejects.toThrow()
    await expect.poll(() => demo.processes().map(({ number }) => number)).toEqual([1])
    expect(await cartOf(browser)).toEqual(['tea'])
    expect(await (await fetch(`${demo.url}/demo/backend`)).json()).toMatchObject({ store: 'redis', processes: 1 })
  })
})

test('a Redis that is gone is answered with 503, so that nobody is signed out by it', async () => {
  const lost = await startRedis()
  await start({ redis: lost.socket })
  const browser = await signIn('Ada')
  expect(await statusOf(browser)).toBe(200)
  await lost.stop()
  expect([await statusOf(browser), (await post(browser, '/cookie/alive')).status]).toEqual([503, 503])
  expect(browser.cookies.has('companion')).toBe(true)
})

test('the provider revokes the tokens of pages as well, by a command that no foreign page can give', async () => {
  await start()
  const browser = createBrowser(demo.url)
  await browser.signIn('/mixed/login', 'Ada', '/tab.html')
  const form = await fetch(`${demo.url}/demo/sign-out`, { method: 'POST', body: new URLSearchParams({ name: 'Ada' }) })
  expect(form.status).toBe(415)
  const command = await fetch(`${demo.url}/demo/sign-out`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Ada"}',
  })
  expect(await command.json()).toEqual({ ended: 1 })
  expect((await post(browser, '/mixed/token')).status).toBe(401)
})

test('the page says how the backend runs', async () => {
  await start({ note: 'Something is missing.' })
  expect(await (await fetch(demo.url)).text()).toContain('sessions are in its memory. Something is missing.')
})
