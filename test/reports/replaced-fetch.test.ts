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

describe('an application whose global fetch is that of the session', () => {
  // There, the interceptor of all requests came in the way of the one that ends the session at the server.
  it('openeverest/openeverest#2235: the server hears of a sign-out', async () => {
    const sent: string[] = []
    const network = (url: string): Promise<Response> => {
      sent.push(url)
      return Promise.resolve(new Response(null, { status: 204 }))
    }
    vi.stubGlobal('location', { origin: 'https://app.example' })
    vi.stubGlobal('fetch', network)
    const world = createWorld()
    const { session } = world.tab({ server: cookieSession({ signOut: '/logout' }) })
    vi.stubGlobal('fetch', createFetch(session))
    await world.until(session.signIn(undefined, { login: 'l1' }))
    await world.until(session.signOut())
    expect(sent).toEqual(['https://app.example/logout'])
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
