import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  decodeClaims,
  login,
  type Finished,
  type Login,
  type LoginOptions,
  type StartOptions,
} from '../../../src/login.js'
import { customDpop } from '../../../src/servers/proofs.js'
import { APP, createBrowser, type FakePage } from './browser.js'
import { answerTo, createProvider, ISSUER, jwt, seconds } from './provider.js'
import type { TokenSession } from '../../../src/types.js'
import { createSession } from './session.js'

const OPTIONS: LoginOptions = { issuer: ISSUER, clientId: 'app', redirectUri: '/callback' }
const HOUR = 36e5
const STATE = 'a'.repeat(43)

/** One user in one browser, with one provider. */
function setup(options: Partial<LoginOptions> = {}, session = createSession()) {
  const provider = createProvider()
  const browser = createBrowser()
  vi.stubGlobal('fetch', vi.fn(provider.fetch))
  browser.show(browser.page('/'))
  const made = login({ ...OPTIONS, ...options })
  const world = {
    provider,
    browser,
    session,
    made,
    /** Leaves a page by `start`; returns where it goes. */
    leave: async (path = '/orders?page=2', given?: StartOptions, by: Login = made): Promise<URL> => {
      const page = browser.show(browser.page(path))
      return Promise.race([page.leaving, by.start(given)])
    },
    /** Opens an address, and calls `finish` there. */
    open: (
      href: string,
      by: Login = made,
      at: TokenSession = session,
    ): { page: FakePage; finished: Promise<Finished | null> } => {
      const page = browser.show(browser.page(href))
      const finished = by.finish(at)
      finished.catch(() => undefined)
      return { page, finished }
    },
    /** A whole login; returns the page where it ends. */
    logIn: async (given?: StartOptions): Promise<{ page: FakePage; finished: Promise<Finished | null> }> => {
      await made.finish(session)
      return world.open(provider.authorize(await world.leave('/orders?page=2', given)))
    },
  }
  return world
}

const parameters = (url: URL): Record<string, string> => Object.fromEntries(url.searchParams)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_767_600_000_000 })
  vi.spyOn(console, 'warn')
    .mockReset()
    .mockImplementation(() => undefined)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the start of a login', () => {
  it('a login asks for a code with PKCE, a nonce and a state', async () => {
    const { leave, made, session, browser } = setup({ scope: 'openid profile' })
    await made.finish(session)
    const url = await leave()
    expect(url.origin + url.pathname).toBe(`${ISSUER}/authorize`)
    const { state, nonce, code_challenge, ...others } = parameters(url)
    expect(others).toEqual({
      tenant: 'a',
      response_type: 'code',
      client_id: 'app',
      redirect_uri: `${APP}/callback`,
      scope: 'openid profile',
      code_challenge_method: 'S256',
    })
    for (const random of [state, nonce, code_challenge]) expect(random).toMatch(/^[\w-]{43}$/)
    expect(browser.slots()).toHaveLength(1)
    expect(url.href).not.toContain((browser.slots()[0]!['secrets'] as string[])[0])
  })

  it('a login takes hints, and extra parameters that replace none of its own', async () => {
    const resource = ['https://orders.example', 'https://billing.example']
    const { leave, made, session } = setup({
      parameters: { audience: 'api', resource, client_id: 'other', state: 'fixed', prompt: 'consent' },
    })
    await made.finish(session)
    const url = await leave('/', {
      prompt: 'none',
      maxAge: '90s',
      acrValues: 'gold silver',
      loginHint: 'ada@example.com',
    })
    expect(url.searchParams.getAll('resource')).toEqual(resource)
    expect(parameters(url)).toMatchObject({
      audience: 'api',
      client_id: 'app',
      prompt: 'none',
      max_age: '90',
      acr_values: 'gold silver',
      login_hint: 'ada@example.com',
    })
    expect(url.searchParams.getAll('state')).toHaveLength(1)
    expect(parameters(await leave('/')).prompt).toBe('consent')
  })

  it('a login takes null, and an empty text, for what is left out', async () => {
    const nothing = { scope: null, redirectUri: null, dpop: null, parameters: null }
    const { leave, made, session } = setup(nothing as unknown as Partial<LoginOptions>, createSession('idle'))
    await made.finish(session)
    const unknown = { prompt: null, acrValues: '', loginHint: null, returnTo: null }
    const url = await leave('/', unknown as unknown as StartOptions)
    expect(parameters(url)).toMatchObject({ scope: 'openid', prompt: 'login' })
    expect(parameters(url)).not.toHaveProperty('acr_values')
    expect(parameters(url)).not.toHaveProperty('login_hint')
  })

  it.each(['idle', 'absolute'] as const)(
    'S129: a login after a session that ended by %s asks for the password',
    async (reason) => {
      const { leave, made, session } = setup({ parameters: { prompt: 'consent' } }, createSession(reason))
      await made.finish(session)
      expect(parameters(await leave())).toMatchObject({ prompt: 'login' })
      expect(parameters(await leave('/', { prompt: 'select_account' }))).toMatchObject({ prompt: 'select_account' })
    },
  )

  it.each([null, 'signOut', 'rejected', 'wiped'] as const)(
    'a login after a session that ended by %s leaves it to the provider whether to ask',
    async (reason) => {
      const { leave, made, session } = setup({}, createSession(reason))
      await made.finish(session)
      expect(parameters(await leave())).not.toHaveProperty('prompt')
    },
  )

  it('a login of which nobody knows what was before asks for the password, and says so', async () => {
    const { leave } = setup()
    expect(parameters(await leave())).toMatchObject({ prompt: 'login' })
    expect(console.warn).toHaveBeenCalledWith(expect.stringContaining('finish(session)'))
  })

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    `${APP}//evil.example`,
    `${APP}.evil.example/`,
    `${APP}@evil.example/`,
    '/.//evil.example',
    '/a/..//evil.example',
    'http://app.example/',
    `${APP}:8443/`,
    'https://',
    `blob:${APP}/a`,
    `blob:https://user:password@app.example/a`,
  ])('S130: a login to return to %s afterwards is refused', async (returnTo) => {
    const { made, browser } = setup()
    const page = browser.show(browser.page('/'))
    await expect(made.start({ returnTo })).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('own origin') as string,
    })
    expect(page.left).toEqual([])
    expect(browser.slots()).toEqual([])
  })

  it.each([
    ['/a/b?c=d#e', '/a/b?c=d#e'],
    [`${APP}/a`, '/a'],
    ['', '/'],
    ['a', '/a'],
    ['?q', '/?q'],
    // As browsers read it.
    ['https:evil.example', '/evil.example'],
    [undefined, '/orders?page=2#top'],
  ])('a login to return to %s returns to %s', async (returnTo, expected) => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const url = await leave('/orders?page=2#top', returnTo === undefined ? {} : { returnTo })
    expect(await open(provider.authorize(url)).finished).toMatchObject({ returnTo: expected })
  })

  it('a slot whose path was changed to one elsewhere returns to the root', async () => {
    const { leave, open, provider, made, session, browser } = setup()
    await made.finish(session)
    const url = await leave()
    for (const [key, value] of Object.entries(browser.storage))
      browser.storage[key] = JSON.stringify({ ...(JSON.parse(String(value)) as object), returnTo: '//evil.example' })
    expect(await open(provider.authorize(url)).finished).toMatchObject({ returnTo: '/' })
  })

  it('a login of a page whose own address is no path to return to returns to the root', async () => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const url = await leave(`${APP}//evil.example`)
    expect(await open(provider.authorize(url)).finished).toMatchObject({ returnTo: '/' })
  })

  it('slots that are older than an hour, and what is none, are removed by the next login', async () => {
    const { leave, browser } = setup()
    await leave()
    vi.advanceTimersByTime(HOUR)
    browser.storage['sojourn-login:broken'] = '{'
    browser.storage['sojourn:login:1'] = '{}'
    await leave()
    expect(browser.slots()).toHaveLength(1)
    expect(browser.storage).toHaveProperty(['sojourn:login:1'], '{}')
  })

  it('a slot that is older than an hour is removed by the next page', async () => {
    const { leave, open, browser } = setup()
    await leave()
    expect(await open('/').finished).toBeNull()
    expect(browser.slots()).toHaveLength(1)
    vi.advanceTimersByTime(HOUR)
    expect(await open('/').finished).toBeNull()
    expect(browser.slots()).toEqual([])
  })

  it('a browser that keeps nothing is told so, and stays on the page', async () => {
    const { made, browser } = setup()
    const page = browser.show(browser.page('/'))
    vi.stubGlobal('localStorage', undefined)
    await expect(made.start()).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('localStorage') as string,
    })
    expect(page.left).toEqual([])
  })

  it.each(['javascript:alert(1)', 'data:text/html,x', '/authorize', undefined])(
    'a provider whose authorization endpoint is %s is not gone to',
    async (authorization_endpoint) => {
      const { made, browser, provider } = setup()
      const page = browser.show(browser.page('/'))
      provider.metadata = { authorization_endpoint }
      await expect(made.start()).rejects.toMatchObject({ code: 'invalid_options' })
      expect(page.left).toEqual([])
    },
  )

  it.each([
    ['offline', async () => Promise.reject(new TypeError('Failed to fetch'))],
    ['server', async () => new Response('', { status: 503 })],
    ['server', async () => new Response('no such page', { status: 404 })],
    ['rate_limited', async () => new Response('', { status: 429, headers: { 'Retry-After': '7' } })],
    ['invalid_response', async () => new Response('<html>')],
    ['invalid_response', async () => Response.json({ issuer: 'https://evil.example' })],
  ])('a provider whose metadata cannot be read is %s, and is asked again by the next start', async (code, answer) => {
    const { made, browser, provider } = setup()
    const page = browser.show(browser.page('/'))
    vi.mocked(fetch).mockImplementationOnce(answer)
    await expect(made.start()).rejects.toMatchObject({ name: 'SessionError', code })
    await Promise.race([page.leaving, made.start()])
    expect(provider.discoveries).toBe(1)
  })

  it('a provider that does not answer within 30 seconds is given up', async () => {
    const { made } = setup()
    vi.mocked(fetch).mockImplementationOnce(async () => new Promise(() => undefined))
    const started = made.start()
    started.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(29_999)
    const early = vi.fn()
    started.catch(early)
    await vi.advanceTimersByTimeAsync(0)
    expect(early).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await expect(started).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('the end of a login', () => {
  it('S128: a login signs in once, cleans the address, and says where to go on and who that is', async () => {
    const { logIn, session, provider, browser } = setup()
    const { page, finished } = await logIn()
    expect(page.href).toBe(`${APP}/callback`)
    const { returnTo, claims } = (await finished)!
    expect(returnTo).toBe('/orders?page=2')
    expect(claims).toMatchObject({ sub: 'ada', iss: ISSUER })
    expect(session.shared.tokens).toMatchObject({ access_token: 'access-1', refresh_token: 'refresh-1' })
    expect(session.shared.calls).toEqual(['signIn'])
    expect(provider.calls.map(({ form }) => form)).toEqual([
      {
        grant_type: 'authorization_code',
        code: 'code-1',
        redirect_uri: `${APP}/callback`,
        client_id: 'app',
        code_verifier: expect.stringMatching(/^[\w-]{43}$/) as string,
      },
    ])
    expect(JSON.stringify(browser.slots())).not.toContain(provider.calls[0]!.form['code_verifier'])
  })

  it('a login keeps what else is in the address, and what the router keeps in the history', async () => {
    const { leave, browser, provider, made, session } = setup({ redirectUri: '/callback?lang=de' })
    await made.finish(session)
    const href = provider.authorize(await leave())
    const page = browser.show(browser.page(`${href}&session_state=s#part`))
    page.state = { key: 'router' }
    const finished = made.finish(session)
    expect(page.href).toBe(`${APP}/callback?lang=de#part`)
    expect(page.state).toEqual({ key: 'router' })
    expect(await finished).not.toBeNull()
  })

  it.each([
    '/',
    '/callback',
    `/callback?code=c`,
    `/callback?state=${STATE}`,
    `/callback?code=SUMMER&state=NY`,
    `/elsewhere?code=c&state=${STATE}`,
    `/callback/deeper?code=c&state=${STATE}`,
  ])('the page %s is no answer of a login, and its address stays', async (path) => {
    const { open, provider } = setup()
    const { page, finished } = open(path)
    expect(await finished).toBeNull()
    expect(page.href).toBe(APP + path)
    expect(provider.discoveries).toBe(0)
  })

  it('an answer that a host moved to another path is one of a login', async () => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const href = provider.authorize(await leave())
    expect(await open(href.replace('/callback', '/callback.html')).finished).not.toBeNull()
  })

  it('S128: two callers at once get the same login, and so does one with a copy of the session', async () => {
    const { leave, browser, provider, made, session } = setup()
    await made.finish(session)
    browser.show(browser.page(provider.authorize(await leave())))
    const calls = [made.finish(session), made.finish({ ...session }), login(OPTIONS).finish(session)]
    const [first, ...others] = await Promise.all(calls)
    expect(first).not.toBeNull()
    for (const other of others) expect(other).toBe(first)
    expect(provider.calls).toHaveLength(1)
    expect(await made.finish(session)).toBeNull()
  })

  it('S128: two tabs with the same address send the code once, and both are done', async () => {
    const { leave, browser, provider, session } = setup()
    const tabs = [login(OPTIONS), login(OPTIONS)] as const
    await tabs[0].finish(session)
    const href = provider.authorize(await leave('/orders?page=2', {}, tabs[0]))
    const done = tabs.map((tab) => {
      browser.show(browser.page(href))
      return tab.finish(session.tab())
    })
    for (const each of done) expect(await each).toMatchObject({ returnTo: '/orders?page=2', claims: { sub: 'ada' } })
    expect(provider.calls).toHaveLength(1)
    expect(session.shared.calls).toEqual(['signIn'])
  })

  it('S128: two logins in two tabs at once are both done, and the same user goes on with one session', async () => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const [first, second] = [await leave('/one'), await leave('/two')]
    expect(await open(provider.authorize(second)).finished).toMatchObject({ returnTo: '/two' })
    expect(await open(provider.authorize(first)).finished).toMatchObject({ returnTo: '/one' })
    expect(session.shared.calls).toEqual(['signIn', 'setTokens'])
  })

  it('another user begins a session of their own', async () => {
    const { logIn, provider, session } = setup()
    await (
      await logIn()
    ).finished
    provider.user = 'bob'
    await (
      await logIn()
    ).finished
    expect(session.shared.calls).toEqual(['signIn', 'signIn'])
  })

  it('a tab whose memory has no tokens continues the session of the others with those of the same login', async () => {
    const { logIn, session } = setup()
    await (
      await logIn()
    ).finished
    session.shared.tokens = null
    await (
      await logIn()
    ).finished
    expect(session.shared.calls).toEqual(['signIn', 'continue'])
  })

  it('a login of the user whose session has ended begins another', async () => {
    const { logIn, session } = setup()
    await (
      await logIn()
    ).finished
    await session.signOut()
    expect(await (await logIn()).finished).not.toBeNull()
    expect(session.shared.calls).toEqual(['signIn', 'signOut', 'signIn'])
  })

  it('S128: a sign-out while the code is exchanged is the last word, and the tokens are not kept', async () => {
    const { logIn, leave, open, provider, session } = setup()
    await (
      await logIn()
    ).finished
    const { href } = new URL(provider.authorize(await leave()))
    provider.answer = () => {
      void session.signOut()
      return undefined
    }
    await expect(open(href).finished).rejects.toMatchObject({ code: 'signed_out' })
    // A sign-in that a sign-out overtakes revokes its tokens.
    expect(session.shared.calls).toEqual(['signIn', 'signOut', 'signIn', 'signOut'])
    expect(session.shared.snapshot.phase).toBe('signedOut')
  })

  it('a session that ends by itself while the code is exchanged is followed by another', async () => {
    const { logIn, leave, open, provider, session } = setup()
    await (
      await logIn()
    ).finished
    const { href } = new URL(provider.authorize(await leave()))
    provider.answer = () => {
      session.end('idle')
      return undefined
    }
    expect(await open(href).finished).not.toBeNull()
    expect(session.shared.snapshot.phase).toBe('active')
  })

  it('a login passes the options of signIn on, the application’s own login among them', async () => {
    const { leave, browser, provider, made, session } = setup()
    await made.finish(session)
    browser.show(browser.page(provider.authorize(await leave())))
    await made.finish(session, { login: 'mine', idleTimeout: '5m', keepData: true })
    expect(session.signIn).toHaveBeenCalledWith(expect.anything(), { login: 'mine', idleTimeout: '5m', keepData: true })
  })

  it('a login whose sign-in is refused, for another reason than its name, is refused', async () => {
    const { logIn, session } = setup()
    const reason = new Error('no')
    session.signIn.mockRejectedValue(reason)
    await expect((await logIn()).finished).rejects.toBe(reason)
    expect(session.signIn).toHaveBeenCalledTimes(1)
  })

  it('S128: an address that was used, opened again, is done while the user is signed in, and nothing afterwards', async () => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const href = provider.authorize(await leave())
    await open(href).finished
    const again = open(href)
    expect(await again.finished).toMatchObject({ returnTo: '/orders?page=2', claims: { sub: 'ada' } })
    expect(again.page.href).toBe(`${APP}/callback`)
    await session.signOut()
    const late = open(href)
    await vi.advanceTimersByTimeAsync(300)
    expect(await late.finished).toBeNull()
    expect(late.page.left).toEqual([])
    expect(provider.calls).toHaveLength(1)
  })

  it('S128: an answer to a login that began in another browser starts once more, for a user who is known there', async () => {
    const { leave, open, provider, made, session, browser } = setup()
    await made.finish(session)
    const href = provider.authorize(await leave())
    for (const key of Object.keys(browser.storage)) Reflect.deleteProperty(browser.storage, key)
    const { page } = open(href)
    await vi.advanceTimersByTimeAsync(300)
    await page.leaving
    const [how, url] = page.left[0]!
    expect(how).toBe('replace')
    expect(url.searchParams.get('state')).toMatch(/^[\w-]{43}\.again$/)
    expect(provider.calls).toEqual([])
    const next = open(provider.authorize(url), made, session.tab())
    expect(await next.finished).toMatchObject({ returnTo: '/' })
  })

  it.each([APP, 'https://App.Example', `${APP}:443/`, `${APP}?x=1`, new URL(APP)])(
    'an answer to a login that began in another browser starts once more at the redirect URI %s',
    async (redirectUri) => {
      const { open } = setup({ redirectUri })
      const { page } = open(answerTo(`${APP}/`, { code: 'c', state: STATE, iss: ISSUER }))
      await vi.advanceTimersByTimeAsync(300)
      await page.leaving
      expect(page.left[0]![1].searchParams.get('redirect_uri')).toBe(String(redirectUri))
      expect(page.href).toBe(`${APP}/`)
    },
  )

  it('an answer that finds no slot twice is an error, and no loop', async () => {
    const { open } = setup()
    const { page, finished } = open(answerTo(`${APP}/callback`, { code: 'c', state: `${STATE}.again`, iss: ISSUER }))
    await vi.advanceTimersByTimeAsync(300)
    await expect(finished).rejects.toMatchObject({ code: 'invalid_response' })
    expect(page.left).toEqual([])
  })

  it('an answer without a slot is done for a user who is signed in', async () => {
    const { logIn, open, provider } = setup()
    await (
      await logIn()
    ).finished
    const { page, finished } = open(answerTo(`${APP}/callback`, { code: 'c', state: STATE }))
    expect(await finished).toMatchObject({ returnTo: '/', claims: { sub: 'ada' } })
    expect(page.href).toBe(`${APP}/callback`)
    expect(provider.calls).toHaveLength(1)
  })

  it('an answer without a slot starts once more for an anonymous session', async () => {
    const { open, session } = setup()
    await session.signIn()
    const { page } = open(answerTo(`${APP}/callback`, { code: 'c', state: STATE }))
    await vi.advanceTimersByTimeAsync(300)
    expect((await page.leaving).searchParams.get('state')).toMatch(/again$/)
  })

  it('an answer that comes an hour later starts once more', async () => {
    const { leave, open, provider, made, session } = setup()
    await made.finish(session)
    const href = provider.authorize(await leave())
    vi.setSystemTime(Date.now() + HOUR)
    const { page } = open(href)
    await vi.advanceTimersByTimeAsync(300)
    await page.leaving
    expect(provider.calls).toEqual([])
  })

  it('two providers with one redirect URI leave each other’s answers alone', async () => {
    const { leave, open, provider, made, session } = setup()
    const other = login({ ...OPTIONS, issuer: 'https://other.example' })
    await made.finish(session)
    const href = provider.authorize(await leave())
    const foreign = open(href, other)
    expect(await foreign.finished).toBeNull()
    expect(foreign.page.href).toBe(href)
    expect(await open(href).finished).not.toBeNull()
  })

  it('a prerendered page changes nothing until somebody opens it', async () => {
    const { leave, browser, provider, made, session } = setup()
    await made.finish(session)
    const href = provider.authorize(await leave())
    const page = browser.page(href)
    page.document.prerendering = true
    browser.show(page)
    const finished = made.finish(session)
    await vi.advanceTimersByTimeAsync(1000)
    expect([page.href, provider.calls]).toEqual([href, []])
    page.document.prerendering = false
    page.document.dispatchEvent(new Event('prerenderingchange'))
    expect(await finished).not.toBeNull()
    expect(page.href).toBe(`${APP}/callback`)
  })

  it('a login works without Web Locks', async () => {
    const { leave, browser, provider, made, session } = setup()
    await made.finish(session)
    browser.show(browser.page(provider.authorize(await leave())))
    vi.stubGlobal('navigator', {})
    expect(await made.finish(session)).not.toBeNull()
  })

  it('a login does nothing on a server, and can be made there', async () => {
    const { session } = setup()
    vi.unstubAllGlobals()
    const made = login(OPTIONS)
    expect(await made.finish(session)).toBeNull()
    await expect(made.start({ returnTo: '/' })).rejects.toMatchObject({ code: 'invalid_options' })
  })
})

describe('an answer that is not right', () => {
  const failing = async (
    change: (world: ReturnType<typeof setup>) => void,
    given: (href: string) => string = (href) => href,
  ): Promise<unknown> => {
    const world = setup()
    await world.made.finish(world.session)
    change(world)
    const { finished } = world.open(given(world.provider.authorize(await world.leave())))
    const error: unknown = await finished.then(
      () => 'done',
      (reason: unknown) => reason,
    )
    expect(world.session.shared.calls).toEqual([])
    // Nothing of what was sent or received is in an error.
    const { message, cause } = error as Error
    const secrets = [/code-\d/, /access-/, /refresh-/, /eyJ/, /[\w-]{43}/]
    for (const secret of secrets) expect(`${message} ${JSON.stringify(cause)}`).not.toMatch(secret)
    return error
  }

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['nonce', (claims) => ({ ...claims, nonce: 'other' })],
    ['nonce', ({ nonce: _, ...claims }) => claims],
    ['iss', (claims) => ({ ...claims, iss: 'https://evil.example' })],
    ['aud', (claims) => ({ ...claims, aud: 'another' })],
    ['azp', (claims) => ({ ...claims, aud: ['app', 'another'], azp: 'another' })],
    ['exp', (claims) => ({ ...claims, exp: seconds() - 60 })],
    ['sub', ({ sub: _, ...claims }) => claims],
  ])('an ID token with a wrong %s signs nobody in', async (_name, claims) => {
    const error = await failing(({ provider }) => {
      provider.claims = claims
    })
    expect(error).toMatchObject({ name: 'SessionError', code: 'invalid_response' })
  })

  it('an answer without an ID token signs nobody in', async () => {
    const error = await failing(({ provider }) => {
      provider.answer = () => Response.json({ access_token: 'access-x', token_type: 'Bearer' })
    })
    expect(error).toMatchObject({ code: 'invalid_response' })
  })

  it.each([
    ['the iss of another', (href: string) => href.replace(encodeURIComponent(ISSUER), 'https%3A%2F%2Fevil.example')],
    ['no iss', (href: string) => href.replace(/&iss=[^&]*/, '')],
    ['two codes', (href: string) => `${href}&code=other`],
  ])('an answer with %s sends no code (RFC 9207)', async (_how, change) => {
    const calls: unknown[] = []
    const error = await failing(({ provider }) => {
      provider.answer = (form) => void calls.push(form)
    }, change)
    expect(error).toMatchObject({ code: 'invalid_response' })
    expect(calls).toEqual([])
  })

  it.each([
    [400, { error: 'invalid_grant', error_description: 'code-1 is used' }, 'rejected', 'invalid_grant'],
    [401, { error: 'invalid_client' }, 'invalid_options', 'invalid_client'],
    [400, { error: 'unauthorized_client' }, 'invalid_options', 'unauthorized_client'],
    [400, { error: 'bad code-1 text' }, 'rejected', 'error'],
    [503, { error: 'temporarily_unavailable' }, 'server', undefined],
    [500, 'oops', 'server', undefined],
    [404, 'not here', 'server', undefined],
    [429, { error: 'slow_down' }, 'rate_limited', undefined],
    [200, '<html>access-1', 'invalid_response', undefined],
    [200, { token_type: 'Bearer' }, 'invalid_response', undefined],
    [200, { access_token: 'access-1', token_type: 'MAC', id_token: 'eyJ' }, 'invalid_response', undefined],
  ])('a token endpoint that answers %i %j is %s', async (status, body, code, cause) => {
    const error = await failing(({ provider }) => {
      provider.answer = () =>
        typeof body === 'string' ? new Response(body, { status }) : Response.json(body, { status })
    })
    expect(error).toMatchObject({ name: 'SessionError', code })
    expect((error as Error).cause).toBe(cause)
  })

  it('a token endpoint that cannot be reached is offline', async () => {
    const error = await failing(({ provider }) => {
      provider.answer = () => Promise.reject(new TypeError('Failed to fetch'))
    })
    expect(error).toMatchObject({ code: 'offline' })
  })

  it('a provider that cannot be reached before the code is sent leaves the login as it is', async () => {
    const { leave, open, provider, session } = setup()
    await login(OPTIONS).finish(session)
    const href = provider.authorize(await leave())
    vi.mocked(fetch).mockRejectedValueOnce(new TypeError('Failed to fetch'))
    await expect(open(href, login(OPTIONS)).finished).rejects.toMatchObject({ code: 'offline' })
    expect(await open(href).finished).toMatchObject({ returnTo: '/orders?page=2' })
  })

  it.each([
    ['access_denied', 'rejected'],
    ['login_required', 'rejected'],
    ['interaction_required', 'rejected'],
    ['invalid_scope', 'invalid_options'],
    ['invalid_request', 'invalid_options'],
    ['unauthorized_client', 'invalid_options'],
    ['server_error', 'server'],
    ['temporarily_unavailable', 'server'],
  ])('an answer with the error %s is %s, and its slot is gone', async (error, code) => {
    const { leave, open, provider, made, session, browser } = setup()
    await made.finish(session)
    const state = (await leave()).searchParams.get('state')!
    const secret = 'tHiSiSsEcReT'
    const { page, finished } = open(answerTo(`${APP}/callback`, { error, state, error_description: secret }))
    await expect(finished).rejects.toMatchObject({
      code,
      cause: error,
      message: expect.not.stringContaining(secret) as string,
    })
    expect(page.href).toBe(`${APP}/callback`)
    expect(browser.slots()).toEqual([])
    expect(provider.calls).toEqual([])
  })

  it('an answer with an error and without a slot is told to nobody who is signed in', async () => {
    const { logIn, open } = setup()
    const href = answerTo(`${APP}/callback`, { error: 'access_denied', state: STATE })
    await expect(open(href).finished).rejects.toMatchObject({ cause: 'access_denied' })
    await (
      await logIn()
    ).finished
    const { page, finished } = open(href)
    expect(await finished).toBeNull()
    expect(page.href).toBe(`${APP}/callback`)
  })
})

describe('the time in a login', () => {
  it.each([-7200, 7200])('a device whose clock differs by %i seconds can log in', async (ahead) => {
    const { logIn, provider } = setup()
    provider.ahead = ahead
    expect(await (await logIn()).finished).not.toBeNull()
  })

  it.each([-7200, 0, 7200])(
    'S129: a provider that did not ask again is found out, by its own clock (%i s)',
    async (ahead) => {
      const { logIn, session, provider } = setup({}, createSession('idle'))
      Object.assign(provider, { ahead, obeys: false, authTime: seconds() + ahead - 60, tellsAuthTime: true })
      await expect((await logIn()).finished).rejects.toMatchObject({ code: 'rejected' })
      expect(session.shared.calls).toEqual([])
      provider.obeys = true
      expect(await (await logIn()).finished).not.toBeNull()
    },
  )

  it('a fresh authentication may take as long as the login does', async () => {
    const { leave, open, provider, made, session } = setup({}, createSession('idle'))
    await made.finish(session)
    const href = provider.authorize(await leave())
    vi.setSystemTime(Date.now() + 10 * 60_000)
    expect(await open(href).finished).not.toBeNull()
  })

  it('a provider that does not say when it authenticated is believed after a timeout, and not where maxAge was given', async () => {
    const { logIn, provider } = setup({}, createSession('idle'))
    provider.claims = ({ auth_time: _, ...claims }) => claims
    await expect((await logIn({ maxAge: '1h' })).finished).rejects.toMatchObject({ code: 'rejected' })
    expect(await (await logIn()).finished).not.toBeNull()
  })

  it('an authentication older than maxAge allows is refused', async () => {
    const { logIn, provider } = setup()
    provider.authTime = seconds() - 400
    await expect((await logIn({ maxAge: '5m' })).finished).rejects.toMatchObject({ code: 'rejected' })
    expect(await (await logIn({ maxAge: '10m' })).finished).not.toBeNull()
  })

  it('a login whose maxAge is no length of time is refused', async () => {
    const { made } = setup()
    await expect(made.start({ maxAge: -1 })).rejects.toMatchObject({ code: 'invalid_options' })
  })
})

describe('a login with bound tokens', () => {
  const proofs = () => {
    const made: Record<string, unknown>[] = []
    const nonces: string[] = []
    const dpop = customDpop({
      prepare: async () => Promise.reject(new Error('not needed')),
      proof: async (request) => {
        made.push(request)
        return `proof-${made.length}`
      },
      nonce: ({ headers }) => {
        const nonce = headers.get('DPoP-Nonce')
        if (nonce) nonces.push(nonce)
        return nonce !== null
      },
    })
    return { dpop, made, nonces }
  }

  it('a code is exchanged with a proof by the prepared key, once more where the provider asks for its nonce', async () => {
    const { dpop, made, nonces } = proofs()
    const { logIn, provider } = setup({ dpop })
    provider.answer = (_form, call) =>
      call === 1
        ? Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'DPoP-Nonce': 'n-1' } })
        : undefined
    expect(await (await logIn()).finished).not.toBeNull()
    const exchange = { method: 'POST', url: `${ISSUER}/token`, prepared: true }
    expect(made).toEqual([exchange, exchange])
    expect(provider.calls.map(({ headers }) => headers.get('DPoP'))).toEqual(['proof-1', 'proof-2'])
    expect(nonces).toEqual(['n-1'])
  })

  it('a code that was refused is not sent again because the answer has a new nonce', async () => {
    const { logIn, provider } = setup({ dpop: proofs().dpop })
    provider.answer = () => Response.json({ error: 'invalid_grant' }, { status: 400, headers: { 'DPoP-Nonce': 'n-1' } })
    await expect((await logIn()).finished).rejects.toMatchObject({ cause: 'invalid_grant' })
    expect(provider.calls).toHaveLength(1)
  })
})

describe('the logout', () => {
  const loggedIn = async (options?: Partial<LoginOptions>) => {
    const world = setup(options)
    await (
      await world.logIn()
    ).finished
    const page = world.browser.show(world.browser.page('/account'))
    return { ...world, page }
  }

  it('S131: a logout ends the session here and then at the provider, with the ID token as its hint', async () => {
    const { made, session, page } = await loggedIn()
    const { id_token } = session.shared.tokens!
    await made.end(session, { returnTo: '/goodbye?x=1' })
    expect(session.shared.calls.at(-1)).toBe('signOut')
    const [how, url] = page.left[0]!
    expect([how, url.origin + url.pathname]).toEqual(['assign', `${ISSUER}/end`])
    expect(parameters(url)).toEqual({
      client_id: 'app',
      id_token_hint: id_token,
      post_logout_redirect_uri: `${APP}/goodbye?x=1`,
    })
  })

  it('S131: a second press while the page leaves for the provider keeps the ID token as its hint', async () => {
    const { made, session, page } = await loggedIn()
    const { id_token } = session.shared.tokens!
    const signOut = session.signOut.getMockImplementation()!
    // A session that is over stays as it is.
    session.signOut.mockImplementation(async () => {
      session.signOut.mockImplementation(async () => undefined)
      await signOut()
    })
    await made.end(session, { returnTo: '/goodbye' })
    // The page is still there until the provider has answered.
    await made.end(session, { returnTo: '/' })
    expect(page.left.map(([, url]) => parameters(url))).toEqual([
      { client_id: 'app', id_token_hint: id_token, post_logout_redirect_uri: `${APP}/goodbye` },
      { client_id: 'app', id_token_hint: id_token, post_logout_redirect_uri: `${APP}/` },
    ])
    session.end('idle')
    await made.end(session)
    expect(parameters(page.left.at(-1)![1])).toEqual({ client_id: 'app' })
  })

  it.each([undefined, null])(
    'a logout names no page to return to for %o, for a provider knows only those that are registered',
    async (returnTo) => {
      const { made, session, page } = await loggedIn()
      await made.end(session, { returnTo } as unknown as object)
      expect(parameters(page.left[0]![1])).not.toHaveProperty('post_logout_redirect_uri')
    },
  )

  it('a logout of a provider without one ends the session here, and goes to the page to return to', async () => {
    const { made, session, page, provider } = await loggedIn()
    provider.metadata = { end_session_endpoint: undefined }
    const fresh = login(OPTIONS)
    await fresh.end(session, { returnTo: '/goodbye' })
    expect(page.left.map(([, { href }]) => href)).toEqual([`${APP}/goodbye`])
    await made.finish(session)
    await fresh.end(session)
    expect(page.left).toHaveLength(1)
  })

  it('a logout ends the session here though the provider cannot be reached, and says so', async () => {
    const { session, page } = await loggedIn()
    vi.mocked(fetch).mockRejectedValue(new TypeError('Failed to fetch'))
    await expect(login(OPTIONS).end(session)).rejects.toMatchObject({ code: 'offline' })
    expect(session.shared.snapshot).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    expect(page.left).toEqual([])
  })

  it('S130: a logout that is to return elsewhere ends the session here, and is refused', async () => {
    const { made, session, page } = await loggedIn()
    await expect(made.end(session, { returnTo: 'https://evil.example' })).rejects.toMatchObject({
      code: 'invalid_options',
    })
    expect(session.shared.calls.at(-1)).toBe('signOut')
    expect(page.left).toEqual([])
  })

  it('a logout of nobody goes to the provider without a hint', async () => {
    const { made, session, browser } = setup()
    const page = browser.show(browser.page('/'))
    session.getIdToken = async () => Promise.reject(new Error('closed'))
    await made.end(session)
    expect(parameters(page.left[0]![1])).toEqual({ client_id: 'app' })
  })

  it.each(['signOut', 'idle', 'absolute', 'rejected'] as const)(
    'an end by %s keeps the browser from signing in again by itself, once for each session object',
    async (reason) => {
      const { made, session, browser } = await loggedIn()
      await made.finish(session)
      await made.finish({ ...session })
      expect(browser.preventSilentAccess).not.toHaveBeenCalled()
      session.end(reason)
      expect(browser.preventSilentAccess).toHaveBeenCalledTimes(1)
    },
  )

  it('an end that came before the page was loaded keeps the browser from signing in as well', async () => {
    const { made, session, browser } = setup({}, createSession('idle'))
    await made.finish(session)
    expect(browser.preventSilentAccess).toHaveBeenCalledTimes(1)
  })

  it('a browser without one-tap logins, or one that refuses, is no failure', async () => {
    const { made, session, browser } = setup({}, createSession('idle'))
    browser.preventSilentAccess.mockRejectedValue(new DOMException('no', 'NotAllowedError'))
    expect(await made.finish(session)).toBeNull()
    const other = createSession('idle')
    vi.stubGlobal('navigator', {})
    expect(await made.finish(other)).toBeNull()
  })
})

describe('the options of a login', () => {
  it.each([
    [{ issuer: 'id.example' }, 'issuer'],
    [{ issuer: undefined }, 'issuer'],
    [{ issuer: 'javascript:alert(1)' }, 'issuer'],
    [{ redirectUri: '//evil.example/callback' }, 'redirectUri'],
    [{ clientId: '' }, 'clientId'],
    [{ scope: 'profile email' }, 'openid'],
  ])('a login refuses %j, and says what is right', (options, named) => {
    setup()
    expect(() => login({ ...OPTIONS, ...options } as LoginOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining(named) as string }),
    )
  })

  it.each([undefined, null, {}, 7])('a login refuses %j for a session with tokens', async (session) => {
    const { made } = setup()
    for (const call of [made.finish(session as never), made.end(session as never)])
      await expect(call).rejects.toMatchObject({
        code: 'invalid_options',
        message: expect.stringContaining('oauth(') as string,
      })
  })

  it('a redirect URI is the root of the page’s origin by default', async () => {
    const { leave, made, session } = setup({ redirectUri: undefined } as unknown as LoginOptions)
    await made.finish(session)
    expect(parameters(await leave()).redirect_uri).toBe(`${APP}/`)
  })
})

describe('decodeClaims', () => {
  it('the claims of an ID token are decoded, with names in any script', () => {
    expect(decodeClaims(jwt({ sub: 'a', name: 'Zoë 王 👋' }))).toEqual({ sub: 'a', name: 'Zoë 王 👋' })
  })

  it.each(['', 'tHiSiSsEcReT', 'a.b.c', `a.${btoa('{')}.c`, 7 as unknown as string])(
    'what is no ID token is refused without being quoted: %s',
    (text) => {
      expect(() => decodeClaims(text)).toThrow(
        expect.objectContaining({
          code: 'invalid_response',
          message: expect.not.stringContaining('tHiS') as string,
        }),
      )
    },
  )
})
