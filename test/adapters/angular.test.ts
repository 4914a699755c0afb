import { credentials } from '../../src/fetch.js'
import '@angular/compiler'
import {
  HttpClient,
  provideHttpClient,
  withFetch,
  withInterceptors,
  type HttpErrorResponse,
  type HttpInterceptorFn,
} from '@angular/common/http'
import {
  ApplicationRef,
  computed,
  createEnvironmentInjector,
  EnvironmentInjector,
  inject,
  InjectionToken,
  Injector,
  runInInjectionContext,
  type ApplicationConfig,
} from '@angular/core'
import { createApplication } from '@angular/platform-browser'
import { firstValueFrom, retry } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  injectRemaining,
  injectSession,
  provideSession,
  SESSION,
  sessionGuard,
  sessionInterceptor,
  type InterceptorOptions,
} from '../../src/adapters/angular.js'
import { cookieSession } from '../../src/servers/cookie.js'
import { dpop } from '../../src/servers/dpop.js'
import { oauth } from '../../src/servers/oauth.js'
import type { Session } from '../../src/types.js'
import { createWorld } from '../unit/session/world.js'
import { onServer, watched } from './watched.js'

const API = 'https://api.example.com'

const apps: ApplicationRef[] = []
afterEach(() => {
  for (const app of apps.splice(0)) app.destroy()
  vi.unstubAllGlobals()
})

async function appWith(...providers: ApplicationConfig['providers']): Promise<Injector> {
  const app = await createApplication({ providers })
  apps.push(app)
  return app.injector.get(Injector)
}

describe('an Angular injection context', () => {
  it('an Angular component learns of an end that a computed value finds', async () => {
    const { session, world } = await watched()
    const injector = await appWith(provideSession(session))
    const view = runInInjectionContext(injector, () => injectSession())
    const looked = computed(() => session.check().phase)
    world.sleep('1h')
    expect(looked()).toBe('signedOut')
    await Promise.resolve()
    expect(view().phase).toBe('signedOut')
  })

  it('an Angular component has signals of the phase and of the remaining time', async () => {
    const { session, world, later, signOut } = await watched()
    const injector = await appWith(provideSession(session))
    const [snapshot, seconds] = runInInjectionContext(injector, () => [injectSession(), injectRemaining()] as const)
    const seen = (): unknown[] => [snapshot().phase, seconds()]
    expect(seen()).toEqual(['active', null])
    await world.advance(100e3)
    expect(seen()).toEqual(['warning', 100])
    await later(50e3)
    await Promise.resolve()
    expect(seen()).toEqual(['warning', 50])
    await signOut()
    expect(seen()).toEqual(['signedOut', null])
  })

  it('an Angular component stops listening when it is destroyed', async () => {
    const { session, listeners } = await watched()
    const app = await appWith(provideSession(session))
    const part = createEnvironmentInjector([], app.get(EnvironmentInjector))
    runInInjectionContext(part.get(Injector), () => [injectSession(), injectRemaining()])
    // One for the phase, one for the remaining time.
    expect(listeners()).toBe(2)
    part.destroy()
    expect(listeners()).toBe(0)
  })

  it('an Angular component takes the given session in place of the provided one', async () => {
    const [outer, inner] = [await watched(), await watched()]
    await inner.signOut()
    const injector = await appWith(provideSession(outer.session))
    expect(runInInjectionContext(injector, () => injectSession(inner.session))().phase).toBe('signedOut')
    expect(injector.get(SESSION)).toBe(outer.session)
  })

  it('an Angular component gets the session with its snapshot', async () => {
    const { session } = await watched()
    const injector = await appWith(provideSession(session))
    expect(runInInjectionContext(injector, () => injectSession())()).toEqual({ ...session.getSnapshot(), session })
  })

  it('S134 an Angular component shows what the server knew until the first render is done', async () => {
    const { session } = await watched()
    const injector = await appWith(provideSession(session, { phase: 'signedOut', reason: null, endedAt: null }))
    const view = runInInjectionContext(injector, () => injectSession())
    expect(view().phase).toBe('signedOut')
    injector.get(ApplicationRef).tick()
    expect(view().phase).toBe('active')
  })

  it('S134 an Angular component that is given the provided session shows what the server knew of it', async () => {
    const { session } = await watched()
    const injector = await appWith(provideSession(session, { phase: 'signedOut', reason: null, endedAt: null }))
    expect(runInInjectionContext(injector, () => injectSession(session))().phase).toBe('signedOut')
  })

  it('S134 counts nothing down in Angular before the first render of a page in which the server knew of no warning', async () => {
    const { session, world } = await watched()
    await world.advance(100e3)
    const injector = await appWith(provideSession(session, { phase: 'signedOut', reason: null, endedAt: null }))
    const seconds = runInInjectionContext(injector, () => injectRemaining())
    expect(seconds()).toBe(null)
    injector.get(ApplicationRef).tick()
    expect(seconds()).toBe(100)
  })

  it('S134 an Angular component says nothing of a session that is provided below, with nothing known of it', async () => {
    const [outer, inner] = [await watched(), onServer()]
    const injector = await appWith(provideSession(outer.session, { phase: 'active', id: 'outer', startedAt: 0 }))
    const below = createEnvironmentInjector([provideSession(inner)], injector.get(EnvironmentInjector))
    expect(runInInjectionContext(below.get(Injector), () => injectSession())().phase).toBe('loading')
  })

  it('S134 an Angular component made after the first render shows what the session knows at once', async () => {
    const { session, signOut } = await watched()
    const injector = await appWith(provideSession(session, { phase: 'active', id: '', startedAt: 0 }))
    runInInjectionContext(injector, () => injectSession())
    injector.get(ApplicationRef).tick()
    await signOut()
    expect(runInInjectionContext(injector, () => injectSession())().phase).toBe('signedOut')
  })

  it('an Angular component without a session throws an error that says what is missing', async () => {
    const injector = await appWith()
    for (const none of [undefined, {} as Session])
      expect(() => runInInjectionContext(injector, () => injectSession(none))).toThrow(
        expect.objectContaining({
          code: 'invalid_options',
          message: expect.stringContaining('provideSession') as string,
        }),
      )
  })
})

describe('a guarded route', () => {
  const LOGIN = new InjectionToken<string>('login')
  const guard = sessionGuard((_route, { url }) => `${inject(LOGIN)}?returnTo=${url}` as never)

  async function visit(session: Session): Promise<unknown> {
    const injector = await appWith(provideSession(session), { provide: LOGIN, useValue: '/login' })
    return runInInjectionContext(injector, () => guard({} as never, { url: '/account' } as never))
  }

  it('the route guard allows a route while somebody is signed in, warned or not', async () => {
    const { session, world } = await watched()
    expect(await visit(session)).toBe(true)
    await world.advance(100e3)
    expect(session.getSnapshot().phase).toBe('warning')
    expect(await visit(session)).toBe(true)
  })

  it('the route guard redirects if nobody is signed in, also right after an unnoticed end', async () => {
    const { session, world } = await watched()
    world.sleep('1h')
    expect(session.getSnapshot().phase).toBe('active')
    expect(await visit(session)).toBe('/login?returnTo=/account')
    expect(await visit(session)).toBe('/login?returnTo=/account')
  })

  it('the route guard allows every route on a server', async () => {
    expect(await visit(onServer())).toBe(true)
  })
})

/** An application whose requests go to `answers`, one after the other; the last one answers all that follow. */
async function client(options?: InterceptorOptions, ...answers: (() => Response)[]) {
  const all = await watched()
  const { session, world } = all
  const sent: Request[] = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    sent.push(new Request(url, init))
    if (sent.length > 20) throw new Error('a loop')
    return (answers.length > 1 ? answers.shift() : answers[0])?.() ?? new Response('{}')
  })
  const authorize = vi.spyOn(credentials(session), 'authorize')
  const http = (
    await appWith(
      provideSession(session),
      provideHttpClient(withFetch(), withInterceptors([sessionInterceptor(options)])),
    )
  ).get(HttpClient)
  const tokens = (): (string | null)[] => sent.map(({ headers }) => headers.get('Authorization'))
  const outcome = <T>(promise: Promise<T>): Promise<T | HttpErrorResponse> =>
    world.until(promise.catch((error: unknown) => error as HttpErrorResponse))
  return {
    ...all,
    http,
    sent,
    tokens,
    authorize,
    get: (url: string, init = {}) => outcome(firstValueFrom(http.get(url, init))),
  }
}

const refused = (): Response => new Response('', { status: 401 })

describe('requests of HttpClient', () => {
  it('the interceptor adds credentials for the page’s own origin, and then follows no redirect', async () => {
    const { get, sent, tokens } = await client()
    expect(await get('/api/me?all=1')).toEqual({})
    expect(tokens()).toEqual([expect.stringMatching(/^Bearer access-/)])
    expect(sent[0]?.url).toBe(`${location.origin}/api/me?all=1`)
    expect(sent[0]?.redirect).toBe('error')
  })

  it('the interceptor adds credentials for the named origins, and for no other', async () => {
    const { get, tokens, authorize, sent } = await client({ origins: [API] })
    await get(`${API}/orders`)
    for (const url of [
      '/api/me',
      `${API}.evil.io/`,
      'https://api.example.com:8443/',
      'http://api.example.com/',
      `https://evil.io/${API}/`,
    ])
      await get(url)
    expect(tokens()).toEqual([expect.stringMatching(/^Bearer /), null, null, null, null, null])
    expect(sent.at(-1)?.redirect).toBe('follow')
    // Once for the request, once for its answer.
    expect(authorize).toHaveBeenCalledTimes(2)
  })

  it('the interceptor adds no credentials if a `<base>` set meanwhile leads to another origin', async () => {
    const { get, tokens, authorize } = await client()
    const own = Request
    authorize.mockImplementationOnce(async (request) => {
      // The DOM of these tests resolves no URL by a base.
      vi.stubGlobal(
        'Request',
        new Proxy(own, {
          construct: (_own, [input, init]: ConstructorParameters<typeof Request>) =>
            new own(typeof input === 'string' ? new URL(input, 'https://elsewhere.example').href : input, init),
        }),
      )
      const next = new own(request)
      next.headers.set('Authorization', 'Bearer access-1')
      return next
    })
    await get('/api/me')
    expect(tokens()).toEqual([null])
  })

  it('the interceptor keeps an Authorization header of the request, and all other headers', async () => {
    const { get, sent, tokens } = await client()
    await get('/a', { headers: { authorization: 'Basic mine' } })
    await get('/b', { headers: { 'X-Mine': ['1', '2'] } })
    expect(tokens()).toEqual(['Basic mine', expect.stringMatching(/^Bearer /)])
    expect(sent[1]?.headers.get('X-Mine')).toBe('1,2')
  })

  it('the interceptor adds no credentials while nobody is signed in', async () => {
    const { get, tokens, signOut } = await client()
    await signOut()
    expect(await get('/public')).toEqual({})
    expect(tokens()).toEqual([null])
  })

  it('the interceptor sends a request again after a 401 with a new token and the same body', async () => {
    const { http, sent, tokens, world } = await client({}, refused, () => new Response('{"done":true}'))
    expect(await world.until(firstValueFrom(http.post('/orders', { item: 1 })))).toEqual({ done: true })
    expect(new Set(tokens()).size).toBe(2)
    expect(await Promise.all(sent.map((request) => request.text()))).toEqual(['{"item":1}', '{"item":1}'])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('requests of HttpClient share one refresh', async () => {
    let asked = 0
    const { get, tokens, world } = await client({}, () => (++asked > 5 ? new Response('{}') : refused()))
    await Promise.all(Array.from({ length: 5 }, () => get('/orders')))
    expect(tokens()).toHaveLength(10)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('the interceptor passes a second 401 to the application, and a 403 at once', async () => {
    const { get, tokens } = await client({}, refused, refused, () => new Response('', { status: 403 }))
    expect(await get('/orders')).toMatchObject({ status: 401 })
    expect(await get('/orders')).toMatchObject({ status: 403 })
    expect(tokens()).toHaveLength(3)
  })

  it('a request of HttpClient without a response fails as usual', async () => {
    const { get, authorize } = await client({}, () => {
      throw new TypeError('no network')
    })
    expect(await get('/orders')).toMatchObject({ name: 'HttpErrorResponse', status: 0 })
    expect(authorize).toHaveBeenCalledTimes(1)
  })

  it('the interceptor shows each response to the session, which may learn a nonce from it', async () => {
    const { get, authorize } = await client({}, () => new Response('{}', { headers: { 'DPoP-Nonce': 'n1' } }))
    await get('/orders')
    expect(authorize.mock.calls[1]?.[1]?.response.headers.get('DPoP-Nonce')).toBe('n1')
  })

  it('a request of HttpClient is sent again with the nonce that the API demands for its proofs', async () => {
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const world = createWorld()
    const { session } = world.tab({
      server: oauth({ tokenEndpoint: `${API}/token`, clientId: 'app', dpop: dpop({ keyPair }) }),
    })
    await world.until(session.signIn({ ...world.grant(), token_type: 'DPoP' }))
    const nonces: unknown[] = []
    vi.stubGlobal('fetch', async (_url: string, { headers }: RequestInit) => {
      const [, payload = ''] = new Headers(headers).get('DPoP')?.split('.') ?? []
      nonces.push((JSON.parse(atob(payload)) as { nonce?: string }).nonce)
      const isRefused = nonces.at(-1) !== 'n1'
      const demand = { 'DPoP-Nonce': 'n1', 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' }
      return isRefused ? new Response('', { status: 401, headers: demand }) : new Response('{"done":true}')
    })
    const interceptors = withInterceptors([sessionInterceptor({ origins: [API] })])
    const injector = await appWith(provideSession(session), provideHttpClient(withFetch(), interceptors))
    const reply = firstValueFrom(injector.get(HttpClient).get(`${API}/orders`)).catch((error: unknown) => error)
    expect(await reply).toEqual({ done: true })
    expect(nonces).toEqual([undefined, 'n1'])
  })

  it('the interceptor shows the session where a response came from, as `isOver` of cookieSession() may ask', async () => {
    const isOver = ({ url, redirected }: Response): boolean => redirected && url === `${location.origin}/login`
    const world = createWorld()
    const { session } = world.tab({ server: cookieSession({ isOver }) })
    await world.until(session.signIn())
    vi.stubGlobal('fetch', async () =>
      Object.defineProperties(new Response('{}'), {
        url: { value: `${location.origin}/login` },
        redirected: { value: true },
      }),
    )
    const interceptors = withInterceptors([sessionInterceptor()])
    const injector = await appWith(provideSession(session), provideHttpClient(withFetch(), interceptors))
    const ended = new Promise((resolve) => session.on('signedOut', resolve))
    await world.until(firstValueFrom(injector.get(HttpClient).get('/orders')))
    expect(await world.until(ended)).toMatchObject({ reason: 'rejected' })
  })

  it('a request of HttpClient fails with a SessionError if no token is available', async () => {
    const { get, authorize, sent } = await client()
    const offline = Object.assign(new Error('offline'), { code: 'offline' })
    authorize.mockRejectedValue(offline)
    expect(await get('/orders')).toBe(offline)
    expect(sent).toEqual([])
  })

  it('requests of HttpClient follow redirects if the session adds nothing, as with a cookie', async () => {
    const { get, authorize, sent } = await client()
    authorize.mockImplementation(async (request, previous) => (previous ? null : request))
    await get('/orders')
    expect(sent[0]?.redirect).toBe('follow')
  })

  it('the interceptor sends a request at most three times', async () => {
    const { get, authorize, sent } = await client({}, refused)
    authorize.mockImplementation(async (request) => request)
    expect(await get('/orders')).toMatchObject({ status: 401 })
    expect(sent).toHaveLength(3)
  })

  it('a request that another interceptor retries gets new credentials each time', async () => {
    const { session, world } = await watched()
    const sent: string[] = []
    vi.stubGlobal('fetch', async (_url: string, { headers }: RequestInit) => {
      sent.push(String(new Headers(headers).get('Authorization')))
      return new Response('{}', { status: sent.length > 1 ? 200 : 503 })
    })
    const patient: HttpInterceptorFn = (request, next) =>
      next(request).pipe(retry({ count: 1, delay: () => session.getAccessToken({ forceRefresh: true }) }))
    const interceptors = withInterceptors([patient, sessionInterceptor()])
    const injector = await appWith(provideSession(session), provideHttpClient(withFetch(), interceptors))
    expect(await world.until(firstValueFrom(injector.get(HttpClient).get('/orders')))).toEqual({})
    expect(new Set(sent).size).toBe(2)
  })

  it('the interceptor changes no request on a server', async () => {
    const { get, tokens } = await client({ origins: [API] })
    vi.stubGlobal('location', undefined)
    Reflect.deleteProperty(globalThis, 'location')
    expect(await get(`${API}/me`)).toEqual({})
    expect(tokens()).toEqual([null])
  })

  it('the interceptor refuses values that are no origins', () => {
    expect(() => sessionInterceptor({ origins: ['https://api.example.com/v1'] })).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringContaining('sessionInterceptor') as string,
      }),
    )
  })
})
