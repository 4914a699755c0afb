import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { login } from '../../src/login.js'
import { cookieSession } from '../../src/servers/cookie.js'
import type { TokenSession } from '../../src/types.js'
import { createBrowser } from '../unit/login/browser.js'
import { createProvider, ISSUER } from '../unit/login/provider.js'
import { createSession } from '../unit/login/session.js'
import { createWorld } from '../unit/session/world.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A network that notes what it is sent, with the credentials. */
function network(): { fetch: typeof fetch; sent: unknown[] } {
  const sent: unknown[] = []
  return {
    sent,
    async fetch(input, init) {
      const { url, headers } = new Request(input, init)
      sent.push([url, headers.get('Authorization')])
      return Promise.resolve(new Response(null, { status: 204 }))
    },
  }
}

/** What applications, and instrumentation that they load, make of the global `fetch`, with one of the session's. */
const replaced: readonly [how: string, replace: (make: () => typeof fetch) => void][] = [
  ['once', (make) => vi.stubGlobal('fetch', make())],
  [
    'again, by a module that is loaded anew',
    (make) => {
      vi.stubGlobal('fetch', make())
      vi.stubGlobal('fetch', make())
    },
  ],
  [
    'and wrapped since',
    (make) => {
      const made = make()
      vi.stubGlobal('fetch', (...call: Parameters<typeof fetch>) => made(...call))
    },
  ],
  [
    'and wrapped by something that waits',
    (make) => {
      const made = make()
      vi.stubGlobal('fetch', async (...call: Parameters<typeof fetch>) => {
        await Promise.resolve()
        return made(...call)
      })
    },
  ],
]

describe('an application whose global fetch is that of the session', () => {
  // There, wrappers of the global fetch called each other without end, and the page hung: one that was installed with each hot reload or
  // component, and two that each took the other for what was there before.
  it.each(replaced)(
    'rishikanthc/Scriberr#385, ysr666/dsh-vision-router#519: a request is sent once where it was replaced %s',
    async (_how, replace) => {
      const { fetch: send, sent } = network()
      vi.stubGlobal('fetch', send)
      const world = createWorld()
      const { session } = await world.signedIn()
      replace(() => createFetch(session, { origins: ['https://api.example'] }))
      await world.until(fetch('https://api.example/orders'))
      expect(sent).toEqual([['https://api.example/orders', 'Bearer access-f1-1']])
    },
  )

  // There, the interceptor of all requests came in the way of the one that ends the session at the server.
  // A wrapper that waits hides who called: the session's own fetch refuses then, and the sign-out is owed.
  it.each(replaced.slice(0, 3))(
    'openeverest/openeverest#2235: the server hears of a sign-out where it was replaced %s',
    async (_how, replace) => {
      const { fetch: send, sent } = network()
      vi.stubGlobal('location', { origin: 'https://app.example' })
      vi.stubGlobal('fetch', send)
      const world = createWorld()
      const { session } = world.tab({ server: cookieSession({ signOut: '/logout' }) })
      replace(() => createFetch(session))
      await world.until(session.signIn(undefined, { login: 'l1' }))
      await world.until(session.signOut())
      expect(sent).toEqual([['https://app.example/logout', null]])
    },
  )

  // Two parts of a page, each with a bundle of its own.
  it('two copies of the library have their fetch as the global one, and the sign-out reaches the server', async () => {
    vi.stubGlobal('location', new URL('https://app.example'))
    const { fetch: before, sent } = network()
    let calls = 0
    const limited =
      (made: typeof fetch): typeof fetch =>
      (...call) => {
        if (++calls > 50) throw new Error('It calls itself.')
        return made(...call)
      }
    vi.stubGlobal('fetch', before)
    vi.resetModules()
    const other = await import('../../src/fetch.js')
    expect(other.createFetch).not.toBe(createFetch)
    const world = createWorld()
    const { session } = await world.signedIn({ server: cookieSession({ signOut: '/sign-out' }) })
    for (const make of [createFetch, other.createFetch]) vi.stubGlobal('fetch', limited(make(session)))
    await world.until(fetch('https://app.example/orders'))
    await world.until(session.signOut())
    expect(sent.map((one) => (one as unknown[])[0])).toEqual([
      'https://app.example/orders',
      'https://app.example/sign-out',
    ])
  })

  it('two sessions have their fetch as the global one, and each its own origins', async () => {
    const { fetch: send, sent } = network()
    vi.stubGlobal('fetch', send)
    const [one, two] = [createWorld(), createWorld()]
    const [{ session: a }, { session: b }] = [await one.signedIn(), await two.signedIn()]
    vi.stubGlobal('fetch', createFetch(a, { origins: ['https://a.example'] }))
    vi.stubGlobal('fetch', createFetch(b, { origins: ['https://b.example'] }))
    await two.until(fetch('https://b.example/x'))
    await one.until(fetch('https://a.example/x'))
    await fetch('https://c.example/x')
    expect(sent).toEqual([
      ['https://b.example/x', 'Bearer access-f1-1'],
      ['https://a.example/x', 'Bearer access-f1-1'],
      ['https://c.example/x', null],
    ])
  })

  it('a second fetch of the session leaves the credentials to the global one', async () => {
    const { fetch: send, sent } = network()
    vi.stubGlobal('fetch', send)
    const world = createWorld()
    const { session } = await world.signedIn()
    vi.stubGlobal('fetch', createFetch(session, { origins: ['https://a.example'] }))
    const api = createFetch(session, { origins: ['https://b.example'] })
    await world.until(api('https://a.example/x'))
    expect(sent).toEqual([['https://a.example/x', 'Bearer access-f1-1']])
  })

  // A browser's own fetch refuses any other `this` than the window: "Illegal invocation".
  it('a fetch that the application gave is called on its own, for its origins and for all others', async () => {
    const { sent, fetch: send } = network()
    const world = createWorld()
    const { session } = await world.signedIn()
    const native = function (this: unknown, ...call: Parameters<typeof fetch>): Promise<Response> {
      if (this !== undefined) throw new TypeError('Illegal invocation')
      return send(...call)
    }
    const api = createFetch(session, { origins: ['https://api.example'], fetch: native })
    await world.until(api('https://api.example/x'))
    await world.until(api('https://elsewhere.example/x'))
    expect(sent).toEqual([
      ['https://api.example/x', 'Bearer access-f1-1'],
      ['https://elsewhere.example/x', null],
    ])
  })

  it('a login at a provider of the same origin, while nobody is signed in', async () => {
    const provider = createProvider()
    const browser = createBrowser()
    const page = browser.show(browser.page('/'))
    vi.stubGlobal('fetch', provider.fetch)
    const nobody = createWorld().tab().session
    vi.stubGlobal('fetch', createFetch(nobody, { origins: [ISSUER] }))
    const made = login({ issuer: ISSUER, clientId: 'app', redirectUri: '/callback' })
    const session = createSession() as TokenSession
    await made.finish(session)
    const address = await Promise.race([page.leaving, made.start()])
    browser.show(browser.page(provider.authorize(address)))
    expect(await made.finish(session)).toMatchObject({ returnTo: '/' })
  })
})
