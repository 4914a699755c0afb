import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toSessionError, withLink, type SessionError } from '../../../src/errors.js'
import { cookieSession, type CookieOptions } from '../../../src/servers/cookie.js'
import { createWorld, MINUTE, SECOND, type Tab, type World } from '../session/world.js'

const urls = { keepAlive: '/session/alive', check: 'https://app.example/session', signOut: '/logout' } as const
const { signal } = new AbortController()

type Answer = (url: string, init: RequestInit) => Promise<Response>

function backend(
  answer: Answer = async () => new Response(null, { status: 204 }),
  options: Partial<CookieOptions> = {},
) {
  const calls = vi.fn(answer)
  const server = cookieSession({ ...urls, fetch: calls as unknown as typeof fetch, ...options })
  return {
    calls,
    server,
    keepAlive: async () => server.keepAlive!({ signal }),
    check: async () => server.check!({ signal }),
    signOut: async () => server.signOut!(null, { signal, reason: 'signOut' }),
    failure: async (): Promise<SessionError> => {
      const outcome: unknown = await server.check!({ signal }).catch((reason: unknown) => toSessionError(reason))
      return outcome as SessionError
    },
  }
}

const says =
  (body: BodyInit | null, status = 200, headers: Record<string, string> = {}): Answer =>
  async () =>
    new Response(body, { status, headers })

/** What the developer reads in the console. */
const warnings = (): string[] => vi.mocked(console.warn).mock.calls.map((call) => call.join(' '))

beforeEach(() => {
  vi.spyOn(console, 'warn')
    .mockReset()
    .mockImplementation(() => undefined)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('what cookieSession() sends', () => {
  it('cookieSession() sends POST for changes and GET for reads, with the cookie and its own header', async () => {
    const { calls, ...made } = backend()
    await made.keepAlive()
    await made.check()
    await made.signOut()
    const sent = calls.mock.calls.map(([url, { method, credentials, redirect, cache, keepalive, headers }]) => ({
      url,
      method,
      keepalive,
      same: [credentials, redirect, cache, new Headers(headers).get('X-Requested-With')],
    }))
    const same = ['include', 'error', 'no-store', 'sojourn']
    expect(sent).toEqual([
      { url: '/session/alive', method: 'POST', keepalive: undefined, same },
      { url: 'https://app.example/session', method: 'GET', keepalive: undefined, same },
      // A redirect after a sign-out is an answer.
      { url: '/logout', method: 'POST', keepalive: true, same: ['include', 'manual', 'no-store', 'sojourn'] },
    ])
    for (const [, init] of calls.mock.calls) expect(init.signal).toBe(signal)
  })

  it('cookieSession() sends each time its own headers alone, whatever a fetch has added to those before', async () => {
    let request = 0
    const { calls, check } = backend(async (_url, { headers }) => {
      ;(headers as Headers).append('X-Request', String(++request))
      return new Response(null, { status: 204 })
    })
    await check()
    await check()
    const sent = calls.mock.calls.map(([, { headers }]) => new Headers(headers).get('X-Request'))
    expect(sent).toEqual(['1', '2'])
  })

  it('cookieSession() sends the application’s own headers instead, read at each call if they may change', async () => {
    let token = 1
    const { calls, check } = backend(undefined, { headers: () => ({ 'X-CSRF': String(token++) }) })
    await check()
    await check()
    const tokensOf = (sent: typeof calls) =>
      sent.mock.calls.map(([, { headers }]) => [...new Headers(headers)].map((pair) => pair.join(': ')).join())
    expect(tokensOf(calls)).toEqual(['x-csrf: 1', 'x-csrf: 2'])
    const headers: Record<string, string> = { 'X-CSRF': 'x' }
    const fixed = backend(undefined, { headers })
    headers['X-CSRF'] = 'changed'
    await fixed.check()
    expect(tokensOf(fixed.calls)).toEqual(['x-csrf: x'])
  })

  it('cookieSession() sends nothing without a URL for it', () => {
    expect(Object.keys(cookieSession({ check: '/session' })).sort()).toEqual(['challenge', 'check', 'plugins'])
  })

  it('cookieSession() reads the global fetch at each call', async () => {
    const server = cookieSession(urls)
    vi.stubGlobal('fetch', says('{"idleExpiresIn":5}'))
    await expect(server.check!({ signal })).resolves.toEqual({ idleExpiresIn: 5 })
  })

  it.each([
    { keepAlive: 'alive' },
    { check: '' },
    { signOut: 'javascript:alert(1)' },
    { check: 'https://me@app.example/' },
  ])('cookieSession() refuses a URL that cannot be meant: %j', (options) => {
    expect(() => cookieSession(options)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: expect.stringContaining('Give ') as string }),
    )
  })
})

describe('what cookieSession() reads', () => {
  it.each([
    ['{"idleExpiresIn":60,"absoluteExpiresIn":3600}', { idleExpiresIn: 60, absoluteExpiresIn: 3600 }],
    ['{}', {}],
    ['', undefined],
  ])('cookieSession() reads JSON, or nothing: %j', async (body, times) => {
    for (const headers of [{}, { 'Content-Type': 'text/plain' }]) {
      const made = backend(says(body, 200, headers))
      await expect(made.check()).resolves.toEqual(times)
      await expect(made.keepAlive()).resolves.toEqual(times)
    }
  })

  it('cookieSession() refuses the page of a captive portal, or a page for unknown paths', async () => {
    const error = await backend(says('<html>Welcome', 200, { 'Content-Type': 'application/json' })).failure()
    expect(error.code).toBe('invalid_response')
    expect(error.cause).toBeUndefined()
  })

  it('cookieSession() reads times by the application’s own function if there is one', async () => {
    const times = async ({ headers }: Response) => ({ idleExpiresIn: Number(headers.get('X-Left')) })
    const made = backend(says('<html>', 200, { 'X-Left': '7' }), { times })
    await expect(made.check()).resolves.toEqual({ idleExpiresIn: 7 })
  })

  it.each([
    [401, 'rejected'],
    [400, 'server'],
    [403, 'server'],
    [404, 'server'],
    [429, 'rate_limited'],
    [500, 'server'],
    [503, 'server'],
  ])('a response of %i is %s', async (status, code) => {
    vi.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000)
    const error = await backend(says('<html>', status, { 'Retry-After': '30' })).failure()
    expect(error.code).toBe(code)
    expect(error.message).toContain(String(status))
    expect(error.retryAt).toBe(1_800_000_030_000)
  })

  it('a request without a response is offline, and is left to the session', async () => {
    const cause = new TypeError('Failed to fetch')
    expect(await backend(async () => Promise.reject(cause)).failure()).toMatchObject({ code: 'offline', cause })
  })

  it.each([
    [401, 'rejected'],
    [200, null],
    [403, null],
    [503, null],
  ])('a response to the application’s own request of %i is: %s', (status, asks) => {
    expect(cookieSession({}).challenge!(new Response(null, { status }))).toBe(asks)
  })
})

describe('isOver of cookieSession()', () => {
  const is = (...statuses: number[]): Partial<CookieOptions> => ({ isOver: ({ status }) => statuses.includes(status) })

  it.each([403, 410, 419, 440])(
    'isOver of cookieSession() names another status for the end, in place of 401: %i',
    async (status) => {
      expect((await backend(says('', status), is(status)).failure()).code).toBe('rejected')
      expect((await backend(says('', 401), is(status)).failure()).code).toBe('server')
      const { server } = backend(undefined, is(status))
      expect([status, 401, 200].map((each) => server.challenge!(new Response(null, { status: each })))).toEqual([
        'rejected',
        null,
        null,
      ])
    },
  )

  it('isOver of cookieSession() may read a header of a successful response, and leaves its body', async () => {
    const isOver = ({ headers }: Response): boolean => headers.has('X-Signed-Out')
    expect((await backend(says('{}', 200, { 'X-Signed-Out': '1' }), { isOver }).failure()).code).toBe('rejected')
    await expect(backend(says('{"idleExpiresIn":5}'), { isOver }).check()).resolves.toEqual({ idleExpiresIn: 5 })
    const answer = new Response('the page', { headers: { 'X-Signed-Out': '1' } })
    expect(backend(undefined, { isOver }).server.challenge!(answer)).toBe('rejected')
    await expect(answer.text()).resolves.toBe('the page')
  })

  it('isOver of cookieSession() gets the redirect to a login page, which is no end without it', async () => {
    const redirect = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
    const { check, calls } = backend(async () => redirect, { isOver: ({ type }) => type === 'opaqueredirect' })
    await expect(check()).rejects.toMatchObject({ code: 'rejected' })
    expect(calls.mock.calls[0]![1].redirect).toBe('manual')
    const other = await backend(async () => redirect, is(419)).failure()
    expect(other).toMatchObject({ code: 'server', message: withLink('server', 'The server answered with a redirect.') })
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('written in a hurry')
      },
      'sojourn: isOver threw: Error: written in a hurry',
    ],
    ['returns a promise', async () => Promise.resolve(true), 'sojourn: isOver returned neither true nor false.'],
    ['returns nothing', () => undefined, 'sojourn: isOver returned neither true nor false.'],
  ] as [string, () => never, string][])(
    'isOver of cookieSession() that %s ends nothing, and causes one warning',
    async (_what, isOver, warning) => {
      const made = backend(says('{"idleExpiresIn":5}'), { isOver })
      await expect(made.check()).resolves.toEqual({ idleExpiresIn: 5 })
      expect(made.server.challenge!(new Response(null, { status: 401 }))).toBeNull()
      expect(warnings()).toEqual([warning])
    },
  )

  it.each([7, 'status', null, [419]])(
    'isOver of cookieSession() is refused as an option if it is no function: %j',
    (isOver) => {
      expect(() => cookieSession({ ...urls, isOver: isOver as never })).toThrow(
        expect.objectContaining({ code: 'invalid_options', message: expect.stringMatching(/isOver.*Give/) as string }),
      )
    },
  )
})

describe('a wrong endpoint of a backend', () => {
  const end = 'Mend the URL, or say with isOver that this means the end of the session.'

  it.each([403, 404, 405, 419])(
    'a wrong endpoint of a backend causes a warning at its first failure, once for each: %i',
    async (status) => {
      const made = backend(says('<html>', status), { check: '/session?key=1' })
      for (const call of [made.check, made.check, made.keepAlive, made.signOut])
        await expect(call()).rejects.toMatchObject({ code: 'server' })
      expect(warnings()).toEqual([
        `sojourn: check (/session) answered ${status}. ${end}`,
        `sojourn: keepAlive (/session/alive) answered ${status}. ${end}`,
        `sojourn: signOut (/logout) answered ${status}. ${end}`,
      ])
    },
  )

  it('a wrong endpoint of a backend causes a warning if it returns a page', async () => {
    await backend(says('<html>')).failure()
    expect(warnings()).toEqual([
      'sojourn: check (https://app.example/session) answered 200 without JSON. Mend the URL, or read the reply with times.',
    ])
  })

  it.each([401, 429, 500, 503])(
    'an endpoint causes no warning if it is busy, or says that the session is over: %i',
    async (status) => {
      await backend(says('', status)).failure()
      expect(warnings()).toEqual([])
    },
  )
})

describe('a session by cookie', () => {
  /** A backend with a clock and limits of its own. */
  function limits(world: World) {
    const state = {
      idle: 10 * 60,
      absolute: 3600,
      activeAt: 0,
      startedAt: 0,
      over: false,
      fault: null as Answer | null,
    }
    const now = () => world.time.clock().mono / 1e3
    state.activeAt = state.startedAt = now()
    const { server, calls } = backend(async (url, init) => {
      if (state.fault) return state.fault(url, init)
      const idleExpiresIn = state.activeAt + state.idle - now()
      const absoluteExpiresIn = state.startedAt + state.absolute - now()
      if (state.over || Math.min(idleExpiresIn, absoluteExpiresIn) <= 0) return new Response(null, { status: 401 })
      if (init.method === 'GET') return Response.json({ idleExpiresIn, absoluteExpiresIn })
      if (url === urls.signOut) state.over = true
      else state.activeAt = now()
      return Response.json({ idleExpiresIn: state.idle, absoluteExpiresIn })
    })
    return { state, server, paths: () => calls.mock.calls.map(([url]) => url) }
  }

  const open = async (world: World, server: ReturnType<typeof limits>['server'], login = 'one'): Promise<Tab> => {
    const tab = world.tab({ server, idleTimeout: '15m', warnBefore: '2m' })
    await world.until(tab.session.signIn(undefined, { login }))
    return tab
  }
  const left = (world: World, tab: Tab) => tab.session.deadlines()!.endAt - world.time.clock().wall

  it('a session by cookie shows the server’s shorter limits, and extends them with the server', async () => {
    const world = createWorld()
    const { server } = limits(world)
    const tab = await open(world, server)
    await world.advance(MINUTE)
    tab.hint('focus')
    await world.advance(SECOND)
    expect(left(world, tab)).toBe(9 * MINUTE - 1005)
    await world.advance(7.5 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', canExtend: true })
    expect(await world.until(tab.session.extend())).toBe(true)
    expect(tab.phase()).toBe('active')
    expect(left(world, tab)).toBe(10 * MINUTE - 5)
  })

  // Spring Security, Django, Rails and Laravel answer a sign-out with a redirect to their login page.
  it('a sign-out that is answered with a redirect is sent once, and not again by the next page', async () => {
    const world = createWorld()
    const { server, state, paths } = limits(world)
    const tab = await open(world, server)
    const redirect = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
    state.fault = async (_url, init) =>
      init.redirect === 'manual' ? Promise.resolve(redirect) : Promise.reject(new TypeError('Failed to fetch'))
    await world.until(tab.session.signOut())
    state.fault = null
    world.tab({ server })
    await world.advance(SECOND)
    expect(paths()).toEqual([urls.signOut])
    // It may be one to another address of the endpoint, and then nothing was done.
    expect(warnings()).toEqual([
      'sojourn: signOut (/logout) answered with a redirect, which counts as done. If it only leads to a slash, mend the URL.',
    ])
  })

  it.each([
    ['503', says('', 503)],
    ['429', says('', 429, { 'Retry-After': '1' })],
    ['no network', async () => Promise.reject(new TypeError('Failed to fetch'))],
    ['a page instead of JSON', says('<html>')],
  ] as [string, Answer][])(
    'a session by cookie keeps the dialog right if the server did not agree (%s)',
    async (_what, fault) => {
      const world = createWorld()
      const { server, state } = limits(world)
      const tab = await open(world, server)
      await world.advance(13.5 * MINUTE - 5 * MINUTE)
      expect(tab.phase()).toBe('active')
      tab.hint('focus')
      await world.advance(SECOND)
      expect(tab.phase()).toBe('warning')
      const { endAt } = tab.session.deadlines()!
      state.fault = fault
      expect(await world.until(tab.session.extend())).toBe(false)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endAt, canExtend: true })
      state.fault = null
      expect(await world.until(tab.session.extend())).toBe(true)
      expect(tab.phase()).toBe('active')
    },
  )

  it('a session by cookie is not ended by any failure but 401, which ends it in every tab', async () => {
    const world = createWorld()
    const { server, state } = limits(world)
    const tabs = [await open(world, server), world.tab({ server }), world.tab({ server })]
    for (const fault of [
      says('', 500),
      says('', 403),
      says('<html>'),
      async () => Promise.reject(new TypeError('cut')),
    ]) {
      state.fault = fault
      await world.advance(15 * SECOND)
      for (const tab of tabs) tab.hint('focus')
      await world.advance(SECOND)
      for (const tab of tabs) expect(tab.phase()).toBe('active')
    }
    state.fault = says('', 401)
    await world.advance(MINUTE)
    for (const tab of tabs) expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  it('a session by cookie continues on every page load, ends with its login, and is replaced by another', async () => {
    const world = createWorld()
    const { server, state, paths } = limits(world)
    const one = await open(world, server)
    const { id } = one.session.getSnapshot() as { id: string }
    const two = await open(world, server)
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'active', id })
    expect(one.takeEvents().filter(({ type }) => type !== 'signedIn')).toEqual([])
    await world.until(two.session.signOut())
    expect(state.over).toBe(true)
    expect(paths().filter((path) => path === urls.signOut)).toHaveLength(1)
    const late = world.tab({ server })
    await world.until(late.session.signIn(undefined, { login: 'one' }))
    expect(late.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    state.over = false
    await world.until(late.session.signIn(undefined, { login: 'two' }))
    for (const tab of [one, two, late]) expect(tab.session.check()).toMatchObject({ phase: 'active' })
    expect(one.session.getSnapshot()).not.toMatchObject({ id })
  })
})
