import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toSessionError, type SessionError } from '../../../src/errors.js'
import { customDpop, type Proofs } from '../../../src/servers/custom.js'
import { oauth, type OAuthOptions } from '../../../src/servers/oauth.js'
import { parseTokenResponse } from '../../../src/tokens/token-response.js'
import type { TokenResponse } from '../../../src/types.js'

const SECRET = 'tHiSiSsEcReT'
const held: TokenResponse = { access_token: `access-${SECRET}`, refresh_token: `refresh-${SECRET}` }
const urls = { tokenEndpoint: 'https://id.example/token', revocationEndpoint: 'https://id.example/revoke' } as const
const { signal } = new AbortController()

type Answer = (url: string, init: RequestInit) => Promise<Response>

function server(answer: Answer, options: Partial<OAuthOptions> = {}) {
  const calls = vi.fn(answer)
  const made = oauth({ ...urls, clientId: 'app', fetch: calls as unknown as typeof fetch, ...options })
  return {
    calls,
    refresh: async (tokens: TokenResponse | null = held, during = signal) =>
      made.refresh!(tokens, { signal: during, activeAt: 0 }),
    signOut: async (tokens: TokenResponse | null = held, during = signal) =>
      made.signOut!(tokens, { signal: during, reason: 'signOut' }),
    /** What a refresh fails with, as the session sees it. */
    failure: async (during = signal): Promise<SessionError> => {
      const outcome: unknown = await made.refresh!(held, { signal: during, activeAt: 0 })
        .then(parseTokenResponse)
        .catch((reason: unknown) => toSessionError(reason))
      const error = outcome as SessionError
      expect(error.name).toBe('SessionError')
      expect(error.message + String(error.cause) + JSON.stringify(error)).not.toContain(SECRET)
      return error
    },
  }
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  async () =>
    new Response(JSON.stringify(body), { status, headers })
const text =
  (body: string, status = 200, headers: Record<string, string> = {}): Answer =>
  async () =>
    new Response(body, { status, headers })
const sent = (calls: ReturnType<typeof server>['calls'], call = 0) => {
  const [url, init] = calls.mock.calls[call]!
  return { url, init, form: Object.fromEntries(init.body as URLSearchParams) }
}

/** What the developer reads in the console. */
const warnings = (): string[] => vi.mocked(console.warn).mock.calls.map((call) => call.join(' '))

beforeEach(() => {
  vi.spyOn(console, 'warn')
    .mockReset()
    .mockImplementation(() => undefined)
})
afterEach(() => {
  expect(warnings().join()).not.toContain(SECRET)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the refresh of oauth()', () => {
  it('the refresh of oauth() sends the form of RFC 6749 §6', async () => {
    const { refresh, calls } = server(json({ access_token: 'new', token_type: 'Bearer', expires_in: 60 }))
    await expect(refresh()).resolves.toEqual({ access_token: 'new', token_type: 'Bearer', expires_in: 60 })
    const { url, init, form } = sent(calls)
    expect(url).toBe('https://id.example/token')
    expect(init.method).toBe('POST')
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: held.refresh_token, client_id: 'app' })
    expect(calls).toHaveBeenCalledTimes(1)
  })

  it('the refresh of oauth() needs no preflight, follows no redirect, and ends with its signal', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    const { init } = sent(calls)
    expect(init.redirect).toBe('error')
    expect(init.signal).toBe(signal)
    const headers = Object.fromEntries(new Request(urls.tokenEndpoint, init).headers)
    expect(Object.keys(headers)).toEqual(['content-type'])
    expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
    expect(init.credentials).toBeUndefined()
  })

  it('the refresh of oauth() sends extra parameters, which replace none of the standard', async () => {
    const parameters = { scope: 'a b', grant_type: 'password', refresh_token: 'x', client_id: 'y' }
    const { refresh, calls } = server(json({ access_token: 'new' }), { parameters })
    await refresh()
    expect(sent(calls).form).toEqual({
      scope: 'a b',
      grant_type: 'refresh_token',
      refresh_token: held.refresh_token,
      client_id: 'app',
    })
  })

  it('the refresh of oauth() names the resource that it is for, in place of one of the parameters', async () => {
    const calls = vi.fn(json({ access_token: 'new' }))
    const parameters = { resource: 'https://all.example' }
    const made = oauth({ ...urls, clientId: 'app', fetch: calls as unknown as typeof fetch, parameters })
    await made.refresh!(held, { signal, activeAt: 0, resource: 'https://orders.example' })
    await made.refresh!(held, { signal, activeAt: 0 })
    expect(sent(calls).form['resource']).toBe('https://orders.example')
    expect(sent(calls, 1).form['resource']).toBe('https://all.example')
  })

  it.each(['invalid_target', 'interaction_required', 'consent_required'])(
    'a refresh for one resource that fails with %s is no end and no failure of the server',
    async (error) => {
      const made = oauth({ ...urls, clientId: 'app', fetch: json({ error }, 400) as unknown as typeof fetch })
      const refreshed = made.refresh!(held, { signal, activeAt: 0, resource: 'https://orders.example' })
      await expect(refreshed).rejects.toMatchObject({ code: 'invalid_options', cause: error })
      expect(warnings()).toEqual([])
    },
  )

  it.each([null, { access_token: 'a' }, { access_token: 'a', refresh_token: '' }])(
    'the refresh of oauth() fails with no_tokens, and sends nothing, without a refresh token: %j',
    async (tokens) => {
      const { refresh, calls } = server(json({ access_token: 'new' }))
      await expect(refresh(tokens)).rejects.toMatchObject({ name: 'SessionError', code: 'no_tokens' })
      expect(calls).not.toHaveBeenCalled()
    },
  )

  it('the refresh of oauth() calls fetch without a receiver, as browsers require', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    expect(calls.mock.contexts).toEqual([undefined])
  })

  it('the refresh of oauth() reads the global fetch at each call, so that later mocks are used', async () => {
    const made = oauth({ ...urls, clientId: 'app' })
    vi.stubGlobal('fetch', json({ access_token: 'mocked' }))
    await expect(made.refresh!(held, { signal, activeAt: 0 })).resolves.toEqual({ access_token: 'mocked' })
  })
})

describe('what oauth() makes of an answer', () => {
  it.each([
    { access_token: 'new', scope: 'a', id_token: 'i', refresh_token: 'r', vendor: { x: 1 } },
    { access_token: 'new', expires_in: '60', refresh_token: null },
  ])('oauth() returns the tokens as the server sent them: %j', async (body) => {
    await expect(server(json(body)).refresh()).resolves.toEqual(body)
  })

  it.each([
    '',
    '<html>sign in at the hotel</html>',
    `{"access_token":"${SECRET}`,
    `{"access_token":"a"${SECRET}}`,
    'null',
    '[]',
    '7',
    '"text"',
    '{}',
    '{"access_token":""}',
    '{"access_token":7}',
    '{"access_token":null}',
    `{"access_token":7,"refresh_token":"${SECRET}","id_token":"${SECRET}"}`,
  ])('I9: oauth() fails with invalid_response for %s, and quotes none of it', async (body) => {
    const error = await server(text(body)).failure()
    expect(error.code).toBe('invalid_response')
    expect(error.cause).toBeUndefined()
  })
})

describe('how oauth() sorts failures', () => {
  it.each([
    [400, 'invalid_grant', 'rejected'],
    // As Auth0 answers.
    [403, 'invalid_grant', 'rejected'],
    [401, 'invalid_grant', 'rejected'],
    // Only JSON with `error` comes from the authorization server; anything else may be a proxy's.
    [401, undefined, 'server'],
    [401, 'Unauthorized', 'server'],
    [401, 'Bad credentials', 'server'],
    [403, 'Forbidden', 'server'],
    [400, 'Bad Request', 'server'],
    [401, 'invalid_token', 'rejected'],
    // As Auth0 answers where a user is blocked, and Spring where the user is gone.
    [401, 'unauthorized', 'rejected'],
    [401, 'temporarily_unavailable', 'server'],
    [400, 'slow_down', 'server'],
    // OpenID Connect Core §3.1.2.6, as Microsoft Entra ID sends them on the refresh grant.
    [400, 'interaction_required', 'rejected'],
    [400, 'login_required', 'rejected'],
    [400, 'consent_required', 'rejected'],
    [400, 'account_selection_required', 'rejected'],
    [400, 'bad_token', 'rejected'],
    [400, 'interrupted_user', 'rejected'],
    [403, 'mfa_required', 'rejected'],
    [403, 'access_denied', 'rejected'],
    [400, 'unmet_authentication_requirements', 'rejected'],
    [400, 'expired_token', 'rejected'],
    [400, 'token_expired', 'rejected'],
    [401, 'session_expired', 'rejected'],
    [400, 'invalid_refresh_token', 'rejected'],
    [401, 'INVALID_REFRESH_TOKEN', 'rejected'],
    [400, 'user_disabled', 'rejected'],
    // GitHub's status for an error.
    [200, 'bad_refresh_token', 'rejected'],
    [200, 'incorrect_client_credentials', 'server'],
    [400, 'invalid_target', 'server'],
    [429, 'interaction_required', 'rate_limited'],
    [503, 'login_required', 'server'],
    [401, 'invalid_client', 'server'],
    [401, 'invalid_request', 'server'],
    [401, 'invalid_scope', 'server'],
    [401, 'unauthorized_client', 'server'],
    [401, 'unsupported_grant_type', 'server'],
    [400, 'invalid_client', 'server'],
    [400, 'invalid_request', 'server'],
    [400, 'invalid_scope', 'server'],
    [400, 'unauthorized_client', 'server'],
    [400, 'unsupported_grant_type', 'server'],
    [400, undefined, 'server'],
    [403, undefined, 'server'],
    [404, undefined, 'server'],
    [408, undefined, 'server'],
    [425, undefined, 'server'],
    [429, undefined, 'rate_limited'],
    [429, 'invalid_grant', 'rate_limited'],
    [500, undefined, 'server'],
    [500, 'invalid_grant', 'server'],
    [503, 'temporarily_unavailable', 'server'],
  ])('%i %s is %s', async (status, error, code) => {
    const failure = await server(json({ error, error_description: `token ${SECRET} is unknown` }, status)).failure()
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(String(status))
    // The message repeats a code, not a text that anybody may have written.
    const [shown = ''] = /^\w+$/.exec(error ?? '') ?? []
    expect(failure.message).toContain(shown)
  })

  it.each(['<html>', '', 'null', '{"error":{"invalid_grant":1}}', '{"error":{"toString":1}}'])(
    'oauth() ends no session for a response that is not OAuth’s, whatever its status: %s',
    async (body) => {
      for (const status of [400, 401, 403, 407, 410, 440, 502, 511])
        expect((await server(text(body, status)).failure()).code).toBe('server')
    },
  )

  it('oauth() says in its error that a refused client is the developer’s to mend, not the user’s', async () => {
    const { message } = await server(json({ error: 'invalid_client' }, 401)).failure()
    expect(message).toContain('options of oauth()')
  })

  it.each([408, 425, 429, 500, 503])(
    'oauth() does not send the developer looking for a mistake that is none (%i)',
    async (status) => {
      const { failure, signOut } = server(text('', status))
      expect((await failure()).message).not.toContain('options')
      await signOut()
      const found = oauth({ issuer: 'https://id.example', clientId: 'app', fetch: text('', status) as typeof fetch })
      await expect(found.refresh!(held, { signal, activeAt: 0 })).rejects.toThrow()
      expect(warnings()).toEqual([])
    },
  )

  it('oauth() quotes no error code that could be something else', async () => {
    const { message } = await server(json({ error: `the token ${SECRET} is bad` }, 400)).failure()
    expect(message).not.toContain('bad')
  })

  it('oauth() reports a failed fetch as offline, and keeps its cause', async () => {
    const cause = new TypeError('Failed to fetch')
    const error = await server(async () => Promise.reject(cause)).failure()
    expect(error).toMatchObject({ code: 'offline', cause })
  })

  it('oauth() reports a truncated response as offline, so that the request is sent again', async () => {
    const cut = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"access_token":'))
        controller.error(new TypeError('network error'))
      },
    })
    expect((await server(async () => new Response(cut)).failure()).code).toBe('offline')
  })

  it('oauth() rejects with the reason of the signal', async () => {
    const controller = new AbortController()
    const reason = new Error('signed out')
    const { refresh } = server(async (_url, init) => Promise.reject(init.signal?.reason as Error))
    controller.abort(reason)
    await expect(refresh(held, controller.signal)).rejects.toBe(reason)
  })
})

describe('a wrong endpoint', () => {
  const page = text(`<html>${SECRET}</html>`)
  const token = 'sojourn: tokenEndpoint (https://id.example/token) answered'

  it.each([
    [page, `${token} 200 without tokens. Is this the token endpoint?`],
    ...[401, 403, 404, 405, 410].map((status) => [
      text(`<html>${SECRET}</html>`, status),
      `${token} ${status} without an OAuth error. Is this the token endpoint? A proxy may have answered.`,
    ]),
    [
      json({ message: 'Not Found' }, 404),
      `${token} 404 without an OAuth error. Is this the token endpoint? A proxy may have answered.`,
    ],
    ...[
      'invalid_client',
      'unauthorized_client',
      'unsupported_grant_type',
      'invalid_scope',
      'invalid_target',
      'invalid_request',
    ].map((error) => [
      json({ error }, 400),
      `${token} 400 ${error}. Mend the options of oauth(), or the client there.`,
    ]),
  ] as [Answer, string][])(
    'a wrong endpoint causes a warning at its first failure, once (%#)',
    async (answer, warning) => {
      const { failure } = server(answer, { tokenEndpoint: 'https://id.example/token?key=1' })
      await failure()
      await failure()
      expect(warnings()).toEqual([warning])
    },
  )

  it.each([
    json({ access_token: 'new' }),
    json({ error: 'invalid_grant' }, 400),
    json({ error: 'interaction_required' }, 400),
  ])('an endpoint causes no warning if the server refuses the user (%#)', async (answer) => {
    const { refresh } = server(answer)
    await refresh().catch(() => undefined)
    expect(warnings()).toEqual([])
  })

  it.each([400, 401, 404])(
    'a wrong revocation endpoint causes a warning too, because nothing else would show it (%i)',
    async (status) => {
      const { signOut } = server(text('<html>', status))
      await signOut()
      await signOut()
      expect(warnings()).toEqual([
        `sojourn: revocationEndpoint (https://id.example/revoke) answered ${status}. Tokens may stay valid at the server after sign-out.`,
      ])
    },
  )

  it('a failed discovery causes a warning, and so does each endpoint', async () => {
    const answer: Answer = async (url) => new Response('', { status: url.endsWith('/revoke') ? 404 : 403 })
    const made = oauth({
      issuer: 'https://id.example',
      revocationEndpoint: urls.revocationEndpoint,
      clientId: 'app',
      fetch: answer as typeof fetch,
    })
    await expect(made.refresh!(held, { signal, activeAt: 0 })).rejects.toMatchObject({ code: 'server' })
    await made.signOut!(held, { signal, reason: 'signOut' })
    expect(warnings().map((text) => text.slice(0, 44))).toEqual([
      'sojourn: issuer (https://id.example) answere',
      'sojourn: revocationEndpoint (https://id.exam',
    ])
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2030-01-01T12:00:00Z')
  const retryAt = async (headers: Record<string, string>, status = 429) => {
    vi.useFakeTimers({ now, toFake: ['Date'] })
    return (await server(text('', status, headers)).failure()).retryAt
  }

  it.each([429, 503])('a Retry-After in seconds counts from now (%i)', async (status) => {
    await expect(retryAt({ 'Retry-After': '5' }, status)).resolves.toBe(now + 5000)
  })

  it('a Retry-After date counts by the server’s clock if its Date can be read', async () => {
    const headers = { 'Retry-After': 'Tue, 01 Jan 2030 15:00:30 GMT', Date: 'Tue, 01 Jan 2030 15:00:00 GMT' }
    await expect(retryAt(headers)).resolves.toBe(now + 30_000)
  })

  it.each([{}, { Date: 'yesterday' }])('a Retry-After date counts by our clock otherwise: %j', async (headers) => {
    await expect(retryAt({ 'Retry-After': 'Tue, 01 Jan 2030 12:00:30 GMT', ...headers })).resolves.toBe(now + 30_000)
  })

  it.each(['', 'soon', '-5', 'Tue, 01 Jan 2030 11:00:00 GMT', '1e3 s', '1e999'])(
    'a Retry-After of %j is ignored',
    async (value) => {
      await expect(retryAt({ 'Retry-After': value })).resolves.toBeUndefined()
    },
  )

  it('an error has no retryAt if the server sent no Retry-After', async () => {
    await expect(retryAt({})).resolves.toBeUndefined()
  })
})

describe('the sign-out of oauth()', () => {
  it('the sign-out of oauth() revokes the refresh token once, by RFC 7009, and outlives the page', async () => {
    const { signOut, calls } = server(text(''))
    await signOut()
    expect(calls).toHaveBeenCalledTimes(1)
    const { url, init, form } = sent(calls)
    expect(url).toBe('https://id.example/revoke')
    expect(form).toEqual({ token: held.refresh_token, token_type_hint: 'refresh_token', client_id: 'app' })
    expect(init).toMatchObject({ method: 'POST', keepalive: true, redirect: 'error' })
    expect(init.signal).toBe(signal)
  })

  it('the sign-out of oauth() revokes the access token if there is no refresh token', async () => {
    const { signOut, calls } = server(text(''))
    await signOut({ access_token: 'a' })
    expect(sent(calls).form).toEqual({ token: 'a', token_type_hint: 'access_token', client_id: 'app' })
  })

  it('a refresh of oauth() does not outlive the page', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    expect(sent(calls).init.keepalive).toBeUndefined()
  })

  it.each([400, 401, 429, 503])('the sign-out of oauth() ignores the status of the response (%i)', async (status) => {
    await expect(server(text('<html>', status)).signOut()).resolves.toBeUndefined()
  })

  it('the sign-out of oauth() reports that the server could not be reached', async () => {
    const { signOut } = server(async () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(signOut()).rejects.toThrow(TypeError)
  })

  it('the sign-out of oauth() stays local without an endpoint, and without tokens', async () => {
    const { calls, signOut } = server(text(''))
    await signOut(null)
    expect(calls).not.toHaveBeenCalled()
    const fetch = vi.fn<typeof globalThis.fetch>()
    await oauth({ tokenEndpoint: urls.tokenEndpoint, clientId: 'app', fetch }).signOut!(held, {
      signal,
      reason: 'idle',
    })
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('the options of oauth()', () => {
  const make = (options: object) => () => oauth({ ...urls, clientId: 'app', ...options })

  it.each([
    [{ tokenEndpoint: undefined }, 'tokenEndpoint or issuer is undefined'],
    [{ tokenEndpoint: '' }, 'token_endpoint is '],
    [{ tokenEndpoint: 'id.example/token' }, 'token_endpoint is id.example/token'],
    [{ tokenEndpoint: 'https://' }, 'token_endpoint'],
    [{ tokenEndpoint: 'ftp://id.example/token' }, 'token_endpoint'],
    [{ tokenEndpoint: 'javascript:alert(1)' }, 'token_endpoint'],
    [{ tokenEndpoint: 'https://me:word@id.example/token' }, 'token_endpoint'],
    [{ tokenEndpoint: 7 }, 'token_endpoint is 7'],
    [{ revocationEndpoint: 'revoke' }, 'revocation_endpoint is revoke'],
    [{ revocationEndpoint: '' }, 'revocation_endpoint is '],
    [{ issuer: 'id.example' }, 'issuer is id.example'],
    [{ issuer: '', tokenEndpoint: undefined }, 'issuer is '],
    [{ clientId: undefined }, 'clientId'],
    [{ clientId: '' }, 'clientId'],
  ])('the options of oauth() refuse %j, and the error says what is right', (options, text) => {
    expect(make(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(new RegExp(`^(?=.*Give ).*${text}`)) as string,
      }),
    )
  })

  it.each(['https://id.example/token', 'http://localhost:8080/token', '/token', new URL('https://id.example/token')])(
    'the options of oauth() allow %s',
    (tokenEndpoint) => {
      expect(make({ tokenEndpoint })).not.toThrow()
    },
  )

  it('the options of oauth() are required, also in a script without types', () => {
    expect(() => oauth(undefined as unknown as OAuthOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })

  it('the options of oauth() are read once: later changes of a URL object have no effect', async () => {
    const tokenEndpoint = new URL('https://id.example/token')
    const { refresh, calls } = server(json({ access_token: 'new' }), { tokenEndpoint })
    tokenEndpoint.host = 'evil.example'
    await refresh()
    expect(sent(calls).url).toBe('https://id.example/token')
  })
})

describe('discovery by issuer (RFC 8414)', () => {
  const issuer = 'https://id.example/realms/one'
  const oauthPlace = 'https://id.example/.well-known/oauth-authorization-server/realms/one'
  const openidPlace = `${issuer}/.well-known/openid-configuration`
  const metadata = {
    issuer,
    token_endpoint: 'https://id.example/t',
    revocation_endpoint: 'https://id.example/r',
  }

  /** A server that serves metadata at these places, and tokens. */
  const discovering = (places: Readonly<Record<string, unknown>>, options: Partial<OAuthOptions> = {}) => {
    const calls: string[] = []
    const answer = async (url: string): Promise<Response> => {
      calls.push(url)
      const found = places[url]
      if (found instanceof Error) throw found
      if (found instanceof Response) return found
      if (found) return Response.json(found)
      return url.includes('.well-known')
        ? new Response('<html>', { status: 404 })
        : Response.json({ access_token: 'new' })
    }
    const made = oauth({ issuer, clientId: 'app', fetch: answer as unknown as typeof fetch, ...options })
    return {
      calls,
      refresh: async () => made.refresh!(held, { signal, activeAt: 0 }),
      signOut: async () => made.signOut!(held, { signal, reason: 'signOut' }),
    }
  }

  it('discovery by issuer (RFC 8414) finds the endpoints where the RFC puts them, once', async () => {
    const { refresh, signOut, calls } = discovering({ [oauthPlace]: metadata })
    expect(calls).toEqual([])
    await refresh()
    await refresh()
    await signOut()
    expect(calls).toEqual([oauthPlace, 'https://id.example/t', 'https://id.example/t', 'https://id.example/r'])
  })

  it.each([
    undefined,
    new TypeError('Failed to fetch'),
    new Response('<html>'),
    { ...metadata, issuer: 'https://evil.example' },
  ])('discovery by issuer (RFC 8414) falls back to the place of OpenID Connect: %s', async (first) => {
    const { refresh, calls } = discovering({ [oauthPlace]: first, [openidPlace]: metadata })
    await refresh()
    expect(calls).toEqual([oauthPlace, openidPlace, 'https://id.example/t'])
  })

  it.each([
    ['https://id.example', 'https://id.example/.well-known/oauth-authorization-server'],
    ['https://id.example/', 'https://id.example/.well-known/oauth-authorization-server'],
    [new URL('https://id.example'), 'https://id.example/.well-known/oauth-authorization-server'],
    ['https://id.example:8443/a/b/', 'https://id.example:8443/.well-known/oauth-authorization-server/a/b'],
  ])('discovery by issuer (RFC 8414) of %s fetches %s, with or without a slash at the end', async (given, place) => {
    for (const named of [String(given).replace(/\/$/, ''), `${String(given).replace(/\/$/, '')}/`]) {
      const { refresh, calls } = discovering({ [place]: { ...metadata, issuer: named } }, { issuer: given })
      await refresh()
      expect(calls[0]).toBe(place)
    }
  })

  it.each([
    'https://id.example/realms/two',
    'https://id.example/realms',
    'https://evil.example/realms/one',
    undefined,
    7,
  ])('discovery by issuer (RFC 8414) refuses metadata of another issuer: %s', async (named) => {
    const other = { ...metadata, issuer: named }
    const { refresh, calls } = discovering({ [oauthPlace]: other, [openidPlace]: other })
    await expect(refresh()).rejects.toMatchObject({
      code: 'server',
      message: expect.stringContaining('metadata') as string,
    })
    expect(calls).toEqual([oauthPlace, openidPlace])
  })

  it('discovery by issuer (RFC 8414) that fails is tried again at the next refresh, and ends no session', async () => {
    const places: Record<string, unknown> = {}
    const { refresh, calls } = discovering(places)
    await expect(refresh()).rejects.toMatchObject({ code: 'server' })
    places[openidPlace] = metadata
    await refresh()
    expect(calls.at(-1)).toBe('https://id.example/t')
  })

  it.each([401, 503])('discovery by issuer (RFC 8414) at a server that answers %i ends no session', async (status) => {
    const refused = () => new Response(null, { status, headers: { 'Retry-After': '30' } })
    const { refresh } = discovering({ [oauthPlace]: refused(), [openidPlace]: refused() })
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
    const error = await refresh().catch(toSessionError)
    expect(error).toMatchObject({ code: 'server', retryAt: 1_800_000_030_000 })
  })

  it('discovery by issuer (RFC 8414) is not needed for endpoints that are given', async () => {
    const { refresh, signOut, calls } = discovering(
      { [oauthPlace]: metadata },
      { tokenEndpoint: '/mine', revocationEndpoint: '/over' },
    )
    await refresh()
    await signOut()
    expect(calls).toEqual(['/mine', '/over'])
  })

  it('discovery by issuer (RFC 8414) without a revocation endpoint leaves sign-out local', async () => {
    const { signOut, refresh, calls } = discovering({ [oauthPlace]: { issuer } })
    await signOut()
    await expect(refresh()).rejects.toMatchObject({ message: expect.stringContaining('token_endpoint') as string })
    expect(calls.filter((url) => !url.includes('.well-known'))).toEqual([])
  })
})

describe('oauth() with sender-constrained tokens', () => {
  const AS = 'https://id.example/token'
  const bound: TokenResponse = { access_token: 'new', token_type: 'DPoP', refresh_token: 'r2' }

  /** Proofs that say what they were made of. */
  const proofs = () => {
    const nonces: string[] = []
    const made = {
      prepare: vi.fn<Proofs['prepare']>(),
      receive: vi.fn<NonNullable<Proofs['receive']>>(async () => Promise.resolve()),
      proof: vi.fn<Proofs['proof']>(async (request) =>
        Promise.resolve(JSON.stringify({ ...request, nonce: nonces.at(-1) })),
      ),
      nonce: vi.fn<Proofs['nonce']>(({ headers }) => {
        const nonce = headers.get('DPoP-Nonce')
        if (!nonce || nonces.at(-1) === nonce) return false
        nonces.push(nonce)
        return true
      }),
    }
    return made
  }
  const refused = (error: string, nonce = 'n1', status = 400) => json({ error }, status, { 'DPoP-Nonce': nonce })
  const proofOf = (calls: ReturnType<typeof server>['calls'], call = 0): unknown =>
    JSON.parse(new Headers(sent(calls, call).init.headers).get('DPoP') ?? 'null')

  it('oauth() with bound tokens proves possession at the token endpoint', async () => {
    const { refresh, calls } = server(json(bound), { dpop: customDpop(proofs()) })
    await expect(refresh()).resolves.toEqual(bound)
    expect(proofOf(calls)).toEqual({ method: 'POST', url: AS })
  })

  it('oauth() with bound tokens proves possession with the keys of the session that it serves', async () => {
    const [all, own] = [proofs(), proofs()]
    const forSession = vi.fn(() => own)
    const calls = vi.fn(json(bound))
    const send = calls as unknown as typeof fetch
    const server = oauth({ ...urls, clientId: 'app', fetch: send, dpop: customDpop({ ...all, forSession }) })
      .forSession!('shop')
    await server.refresh!(held, { signal, activeAt: 0 })
    await server.receive!(bound, { signal, degraded: () => undefined })
    expect([own.proof, own.receive, all.proof, all.receive].map((made) => made.mock.calls.length)).toEqual([1, 1, 0, 0])
    expect(forSession).toHaveBeenCalledWith('shop')
    // Keys of the application's own making, which know no sessions, serve them all.
    const alone = oauth({ ...urls, clientId: 'app', fetch: send, dpop: customDpop(all) }).forSession!('shop')
    await alone.refresh!(held, { signal, activeAt: 0 })
    expect(all.proof).toHaveBeenCalledTimes(1)
    expect(calls.mock.calls.map(([url]) => url)).toEqual([AS, AS])
  })

  it('customDpop() takes proofs whose methods are those of a class', async () => {
    class Keys {
      readonly #pair = { privateKey: {}, publicKey: {} } as CryptoKeyPair
      #made = 0
      prepare(): Promise<CryptoKeyPair> {
        return Promise.resolve(this.#pair)
      }
      proof({ method }: { method: string }): Promise<string> {
        return Promise.resolve(`proof ${++this.#made} of ${method}`)
      }
      nonce(): boolean {
        return this.#made > 0
      }
    }
    const keys = new Keys()
    const made = customDpop(keys)
    expect(await made.prepare()).toBe(await keys.prepare())
    expect([await made.proof({ method: 'GET', url: AS }), made.nonce(new Response())]).toEqual(['proof 1 of GET', true])
    expect(await made.forSession('shop').proof({ method: 'POST', url: AS })).toBe('proof 2 of POST')
  })

  it.each(['use_dpop_nonce', 'invalid_dpop_proof'])(
    'oauth() with bound tokens tries once more after a new %s, with the same token and a new proof',
    async (error) => {
      const answers = [refused(error), json(bound)]
      const { refresh, calls } = server(async (...call) => answers.shift()!(...call), { dpop: customDpop(proofs()) })
      await expect(refresh()).resolves.toEqual(bound)
      expect([0, 1].map((call) => sent(calls, call).form['refresh_token'])).toEqual([
        held.refresh_token,
        held.refresh_token,
      ])
      expect([0, 1].map((call) => proofOf(calls, call))).toMatchObject([
        { method: 'POST' },
        { method: 'POST', nonce: 'n1' },
      ])
    },
  )

  it('oauth() with bound tokens tries no third time, whatever nonces come, and the session stays', async () => {
    let count = 0
    const { calls, failure } = server(async (...call) => refused('use_dpop_nonce', `n${count++}`)(...call), {
      dpop: customDpop(proofs()),
    })
    expect((await failure()).code).toBe('server')
    expect(calls).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['invalid_grant', 'n1', 400, 'rejected'],
    ['invalid_client', 'n1', 401, 'server'],
    ['invalid_dpop_proof', '', 400, 'server'],
    ['invalid_dpop_proof', '', 401, 'server'],
  ])(
    'oauth() with bound tokens tries no second time if that cannot help: %s, nonce %j, %i',
    async (error, nonce, status, code) => {
      const { calls, failure } = server(refused(error, nonce, status), { dpop: customDpop(proofs()) })
      expect((await failure()).code).toBe(code)
      expect(calls).toHaveBeenCalledTimes(1)
    },
  )

  it('oauth() with bound tokens learns the next nonce from successful responses', async () => {
    const dpop = proofs()
    const { refresh, calls } = server(json(bound, 200, { 'DPoP-Nonce': 'n1' }), { dpop: customDpop(dpop) })
    await refresh()
    await refresh()
    expect(proofOf(calls, 1)).toMatchObject({ nonce: 'n1' })
  })

  it.each(['Bearer', undefined, 'bearer', 'DPoPs'])(
    'oauth() with bound tokens refuses other tokens, in a response and at sign-in: %s',
    async (kind) => {
      const dpop = proofs()
      const tokens = { access_token: 'new', ...(kind && { token_type: kind }) }
      expect(await server(json(tokens), { dpop: customDpop(dpop) }).failure()).toMatchObject({
        code: 'invalid_response',
      })
      const made = oauth({ ...urls, clientId: 'app', dpop: customDpop(dpop) })
      await expect(made.receive!(tokens, { signal, degraded: () => undefined })).rejects.toMatchObject({
        code: 'invalid_response',
      })
      expect(dpop.receive.mock.calls).toEqual([])
    },
  )

  it('oauth() with bound tokens passes the tokens of a sign-in to the proofs', async () => {
    const dpop = proofs()
    const init = { signal, degraded: () => undefined }
    await oauth({ ...urls, clientId: 'app', dpop: customDpop(dpop) }).receive!({ ...bound, token_type: 'dpop' }, init)
    expect(dpop.receive.mock.calls).toEqual([[{ ...bound, token_type: 'dpop' }, init]])
  })

  it('oauth() with bound tokens accepts proofs without `receive`', async () => {
    const { receive: _, ...dpop } = proofs()
    await expect(
      oauth({ ...urls, clientId: 'app', dpop: customDpop(dpop) }).receive!(bound, {
        signal,
        degraded: () => undefined,
      }),
    ).resolves.toBeUndefined()
  })

  it('oauth() with bound tokens authorizes requests by token and proof', async () => {
    const request = new Request('https://api.example/orders?x=1', { method: 'PUT', body: 'two' })
    const next = await oauth({ ...urls, clientId: 'app', dpop: customDpop(proofs()) }).authorize!(request, bound)
    expect(next.headers.get('Authorization')).toBe('DPoP new')
    expect(JSON.parse(next.headers.get('DPoP') ?? '')).toEqual({
      method: 'PUT',
      url: 'https://api.example/orders?x=1',
      accessToken: 'new',
    })
    await expect(next.text()).resolves.toBe('two')
  })

  it.each([
    [200, '', 'n1', null],
    [403, 'DPoP error="insufficient_scope"', 'n1', null],
    [401, 'DPoP error="use_dpop_nonce"', 'n1', 'resend'],
    // Another request has learned it already.
    [401, 'DPoP error="use_dpop_nonce"', '', 'resend'],
    [401, 'Bearer realm="x", DPoP algs="ES256", error="invalid_dpop_proof"', 'n1', 'resend'],
    [401, 'DPoP error="invalid_dpop_proof"', '', 'refresh'],
    [401, 'DPoP error="invalid_token"', 'n1', 'refresh'],
    [401, 'DPoP error="invalid_token"', '', 'refresh'],
    // CORS hides what was wrong.
    [401, '', 'n1', 'resend'],
    [401, '', '', 'refresh'],
  ])('oauth() with bound tokens takes %i with %j and nonce %j as: %s', (status, asks, nonce, expected) => {
    const made = oauth({ ...urls, clientId: 'app', dpop: customDpop(proofs()) })
    const headers = { ...(asks && { 'WWW-Authenticate': asks }), ...(nonce && { 'DPoP-Nonce': nonce }) }
    expect(made.challenge!(new Response(null, { status, headers }))).toBe(expected)
  })

  it('oauth() leaves requests to the session if tokens are bearer tokens', () => {
    expect(oauth({ ...urls, clientId: 'app' })).not.toHaveProperty('authorize')
    expect(oauth({ ...urls, clientId: 'app' })).not.toHaveProperty('challenge')
  })
})
