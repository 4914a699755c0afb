import { createHash, randomBytes } from 'node:crypto'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { dpop } from '../../src/servers/dpop.js'
import { oauth } from '../../src/servers/oauth.js'
import type { ServerTimes, SessionServer, TokenResponse } from '../../src/types.js'
import { createBrowser, type Browser } from './browser.js'

const asked = { 'X-Requested-With': 'sojourn' }
const { signal } = new AbortController()

let demo: Demo
let browser: Browser
beforeEach(async () => {
  demo = await startDemo({ idleTimeout: 3, absoluteTimeout: 60 })
  browser = createBrowser(demo.url)
})
afterEach(() => demo.close())

const post = async (path: string, headers: HeadersInit = asked): Promise<Response> =>
  browser.go(path, { method: 'POST', headers })

describe('the backend that keeps the refresh token in a cookie', () => {
  const next = async (): Promise<string> =>
    ((await (await post('/mixed/token')).json()) as { access_token: string }).access_token

  test('the backend with the refresh token in a cookie returns access tokens and rotates it', async () => {
    await browser.signIn('/mixed/login', 'Ada', '/tab.html')
    expect(JSON.parse(decodeURIComponent(browser.cookies.get('who') ?? ''))).toMatchObject({ name: 'Ada' })
    const spent = browser.cookies.get('rt')
    const response = await post('/mixed/token')
    const lines = response.headers.getSetCookie()
    expect(lines).toHaveLength(1)
    for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/mixed']) expect(lines[0]).toContain(flag)
    const body = (await response.json()) as Record<string, unknown>
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'token_type'])
    expect(browser.cookies.get('rt')).not.toBe(spent)
    const authorization = `Bearer ${await next()}`
    const me = await fetch(`${demo.url}/api/me`, { headers: { authorization } })
    expect(await me.json()).toMatchObject({ name: 'Ada' })
    expect(demo.counters().total).toMatchObject({ signIns: 1, refreshes: 2, reuse: 0 })
  })

  test('the backend with the refresh token in a cookie answers 401 without one, or with a used one', async () => {
    expect((await post('/mixed/token')).status).toBe(401)
    await browser.signIn('/mixed/login', 'Ada', '/tab.html')
    const spent = browser.cookies.get('rt') ?? ''
    await next()
    browser.cookies.set('rt', spent)
    expect((await post('/mixed/token')).status).toBe(401)
    expect(browser.cookies.has('rt')).toBe(false)
  })

  test('the backend with the refresh token in a cookie passes on temporary failures and uses no token', async () => {
    await browser.signIn('/mixed/login', 'Ada', '/tab.html')
    demo.setFault('limited')
    const limited = await post('/mixed/token')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '5'])
    demo.setFault('none')
    expect(await next()).toBeTruthy()
  })

  test('the backend with the refresh token in a cookie revokes it at sign-out', async () => {
    await browser.signIn('/mixed/login', 'Ada', '/tab.html')
    expect((await post('/mixed/logout')).status).toBe(204)
    expect([...browser.cookies.keys()]).not.toContain('rt')
    await expect.poll(() => demo.counters().total.revocations).toBe(1)
  })
})

describe('the backend for frontend', () => {
  const times = async (): Promise<Required<ServerTimes> | number> => {
    const response = await browser.go('/cookie/session', { headers: asked })
    return response.ok ? ((await response.json()) as Required<ServerTimes>) : response.status
  }
  const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  test('the backend for frontend sends an HttpOnly cookie, and no token', async () => {
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    const response = await browser.go('/cookie/me', { headers: asked })
    const [line = ''] = response.headers.getSetCookie()
    for (const flag of ['HttpOnly', 'SameSite=Lax', 'Path=/cookie']) expect(line).toContain(flag)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const body = (await response.json()) as Record<string, unknown>
    expect(Object.keys(body).sort()).toEqual(['absoluteExpiresIn', 'idleExpiresIn', 'login', 'name', 'signIn'])
    expect([...browser.cookies.values()].join()).not.toContain('Ada')
  })

  test('the backend for frontend ends an idle session, which a check does not extend and activity does', async () => {
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    await pause(1500)
    expect(((await times()) as ServerTimes).idleExpiresIn).toBeLessThanOrEqual(1)
    expect(await (await post('/cookie/alive')).json()).toMatchObject({ idleExpiresIn: 3 })
    await pause(1100)
    expect(((await times()) as ServerTimes).idleExpiresIn).toBe(1)
    await pause(2000)
    expect(await times()).toBe(401)
    expect((await post('/cookie/alive')).status).toBe(401)
  }, 10_000)

  test('the backend for frontend ends every session at its absolute limit', async () => {
    await demo.close()
    demo = await startDemo({ idleTimeout: 60, absoluteTimeout: 1 })
    browser = createBrowser(demo.url)
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    expect(((await times()) as ServerTimes).absoluteExpiresIn).toBeLessThanOrEqual(1)
    await post('/cookie/alive')
    await expect.poll(async () => (await post('/cookie/alive')).status, { timeout: 3000 }).toBe(401)
  })

  test('the backend for frontend accepts a new sign-in after an administrator ended the session', async () => {
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    demo.setFault('ended')
    expect(await times()).toBe(401)
    expect([demo.fault(), (await browser.go('/cookie/me', { headers: asked })).status]).toEqual(['none', 401])
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    expect((await browser.go('/cookie/me', { headers: asked })).status).toBe(200)
  })

  test('the backend for frontend takes a new id at sign-in, and removes the session at sign-out', async () => {
    await browser.go('/cookie/login')
    const before = browser.cookies.get('sid')
    await browser.signIn('/cookie/login', 'Ada', '/tab.html')
    const during = browser.cookies.get('sid') ?? ''
    expect(during).not.toBe(before)
    expect((await post('/cookie/logout')).status).toBe(204)
    browser.cookies.set('sid', during)
    expect(await times()).toBe(401)
  })
})

test('neither backend accepts a request that a page of another origin could send', async () => {
  for (const path of ['/mixed/token', '/mixed/logout', '/cookie/alive', '/cookie/logout'])
    expect((await post(path, {})).status).toBe(403)
})

describe('the provider and the resource, with tokens that are bound to a key', () => {
  const connect = (proofs = dpop()) => {
    const server = oauth({ issuer: demo.issuer, clientId: demo.dpopClientId, dpop: proofs }) as Required<SessionServer>
    return { proofs, server }
  }

  /** What a login library does with a prepared key. */
  async function signIn({ proofs, server }: ReturnType<typeof connect>): Promise<TokenResponse> {
    await proofs.prepare()
    const verifier = randomBytes(32).toString('base64url')
    const redirect_uri = `${demo.url}/tab.html`
    const query = new URLSearchParams({
      client_id: demo.dpopClientId,
      redirect_uri,
      response_type: 'code',
      scope: 'openid',
      state: 'any',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    const { searchParams } = await browser.signIn(`${demo.issuer}/auth?${query}`, 'Ada', '/tab.html')
    const form = {
      client_id: demo.dpopClientId,
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      redirect_uri,
      code_verifier: verifier,
    }
    // The key is in force a moment early here: a library has proofs of its own, made with what prepare() gave it.
    await proofs.receive!({ access_token: '', token_type: 'DPoP' }, { signal, degraded: () => undefined })
    const ask = async (): Promise<Response> =>
      fetch(demo.tokenEndpoint, {
        method: 'POST',
        headers: { DPoP: await proofs.proof({ method: 'POST', url: demo.tokenEndpoint }) },
        body: new URLSearchParams(form),
      })
    const first = await ask()
    expect([first.status, proofs.nonce(first)]).toEqual([400, true])
    const tokens = (await (await ask()).json()) as TokenResponse
    await server.receive(tokens, { signal, degraded: () => undefined })
    return tokens
  }

  const call = async (server: Required<SessionServer>, tokens: TokenResponse): Promise<Response> =>
    fetch(await server.authorize(new Request(`${demo.url}/api/me?x=1`), tokens))

  test('the provider and the resource accept our proofs and require their own nonces', async () => {
    const made = connect()
    const { server } = made
    const tokens = await signIn(made)
    expect(tokens.token_type).toBe('DPoP')
    const first = await call(server, tokens)
    expect([first.status, server.challenge(first)]).toEqual([401, 'resend'])
    const second = await call(server, tokens)
    expect([second.status, server.challenge(second)]).toEqual([200, null])
    const next = await server.refresh(tokens, { signal, activeAt: 0 })
    expect(next.access_token).not.toBe(tokens.access_token)
    // Both servers share one origin here, so that the provider's nonce has taken the place of the resource's.
    expect(server.challenge(await call(server, next))).toBe('resend')
    expect((await call(server, next)).status).toBe(200)
    expect(demo.counters().total).toMatchObject({ refreshes: 1, reuse: 0 })
    await server.signOut(next, { signal, reason: 'signOut' })
    expect(demo.counters().total.revocations).toBe(1)
  })

  test('the resource accepts no bound token as a bearer token, and none with another key', async () => {
    const made = connect()
    const tokens = await signIn(made)
    const bearer = await fetch(`${demo.url}/api/me`, { headers: { Authorization: `Bearer ${tokens.access_token}` } })
    expect(bearer.status).toBe(401)
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const thief = connect(dpop({ keyPair }))
    thief.server.challenge(await call(thief.server, tokens))
    const refused = await call(thief.server, tokens)
    expect([refused.status, thief.server.challenge(refused)]).toEqual([401, 'refresh'])
    await expect(thief.server.refresh(tokens, { signal, activeAt: 0 })).rejects.toMatchObject({ code: 'rejected' })
    expect(await made.server.refresh(tokens, { signal, activeAt: 0 })).toMatchObject({ token_type: 'DPoP' })
  })

  test('the provider gives a client with bound tokens no bearer tokens', async () => {
    const made = connect()
    const tokens = await signIn(made)
    const bare = oauth({ issuer: demo.issuer, clientId: demo.dpopClientId })
    await expect(bare.refresh!(tokens, { signal, activeAt: 0 })).rejects.toMatchObject({ code: 'rejected' })
  })
})
