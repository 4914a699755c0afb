import { afterEach, describe, expect, it, vi } from 'vitest'
import { dpop } from '../../src/servers/dpop.js'
import { login, type Login } from '../../src/login.js'
import type { TokenSession } from '../../src/types.js'
import { createBrowser, type FakePage } from '../unit/login/browser.js'
import { createProvider, ISSUER } from '../unit/login/provider.js'
import { createSession } from '../unit/login/session.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A page of an application with a login. `answer`: goes to the provider, and comes back. */
function application(): { session: TokenSession; made: Login; page: FakePage; answer: () => Promise<void> } {
  const provider = createProvider()
  const browser = createBrowser()
  vi.stubGlobal('fetch', provider.fetch)
  const page = browser.show(browser.page('/'))
  const made = login({ issuer: ISSUER, clientId: 'app', redirectUri: '/callback' })
  const session = createSession() as TokenSession
  const answer = async (): Promise<void> => {
    await made.finish(session)
    browser.show(browser.page(provider.authorize(await Promise.race([page.leaving, made.start()]))))
  }
  return { session, made, page, answer }
}

describe('a provider that refuses long addresses', () => {
  // There, an ID token with many claims in the address of the sign-out was too long for the provider (414, 431, AADSTS90015): nothing was
  // left here, and the provider's session lived on. The hint is optional.
  it.each([2000, 18_000])(
    'nextcloud/user_oidc#1261, agentic-community/mcp-gateway-registry#1508, okta/okta-auth-js#1346: an ID token of %i characters',
    async (length) => {
      const { session, made, page } = application()
      const idToken = 'a'.repeat(length)
      await made.end({ ...session, getIdToken: () => Promise.resolve(idToken) }, { returnTo: '/bye' })
      const [[, address] = []] = page.left
      expect(address!.searchParams.get('id_token_hint')).toBe(length < 8000 ? idToken : null)
      expect(address!.searchParams.get('client_id')).toBe('app')
      expect(address!.href.length < 8000).toBe(true)
    },
  )
})

describe('a page that may not use what a login takes', () => {
  // There, a library asked for a lock where the browser refuses that, as in a frame of another site: it failed with a SecurityError.
  it('stackblitz/webcontainer-core#1690: a login is finished where the browser refuses Web Locks', async () => {
    const { session, made, answer } = application()
    await answer()
    const request = (): Promise<never> => Promise.reject(new DOMException('The request was denied.', 'SecurityError'))
    vi.stubGlobal('navigator', { locks: { request } })
    expect(await made.finish(session)).toMatchObject({ returnTo: '/' })
  })

  // There, a click on "log in" did nothing on plain http: "can't access property digest, crypto.subtle is undefined". It is the
  // browser's rule; right is an error that says so.
  it('grimmory-tools/grimmory#2076, root-fr/jmap-webmail#23: a login on plain http says that it needs https', async () => {
    const { session, made } = application()
    await made.finish(session)
    vi.stubGlobal('crypto', {})
    await expect(made.start()).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('https') as string,
    })
  })

  it('a key for DPoP on plain http is refused as clearly', async () => {
    vi.stubGlobal('crypto', {})
    await expect(dpop().prepare()).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('dpop() needs https') as string,
    })
  })
})

describe('a browser that lets no script change the address', () => {
  // There, Safari threw a SecurityError after a router had changed the address a hundred times in half a minute, and WebKit does in
  // sandboxed frames: nothing went on. Here the login, whose code was good, was lost.
  it('cockpit-project/cockpit#14721, internetarchive/bookreader#1170: a login is finished though the address stays', async () => {
    const { session, made, answer } = application()
    await answer()
    vi.spyOn(history, 'replaceState').mockImplementation(() => {
      throw new DOMException(
        'Attempt to use history.replaceState() more than 100 times per 30 seconds',
        'SecurityError',
      )
    })
    expect(await made.finish(session)).toMatchObject({ returnTo: '/' })
    // The code was used: the same address signs nobody in again.
    session.signIn = () => Promise.reject(new Error('again'))
    expect(await made.finish(session)).toMatchObject({ returnTo: '/' })
  })
})

describe('an application with two logins', () => {
  it('the answer to one is none to the other, also while it is worked on', async () => {
    const { session, made, answer } = application()
    const other = login({ issuer: ISSUER, clientId: 'other', redirectUri: '/other' })
    await answer()
    const both = await Promise.all([made.finish(session), other.finish(session)])
    expect(both).toEqual([expect.objectContaining({ returnTo: '/' }), null])
  })
})
