import { afterEach, describe, expect, it, vi } from 'vitest'
import { isSessionError, type SessionError } from '../../../src/errors.js'
import { oauth, type OAuthOptions } from '../../../src/servers/oauth.js'
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
    refresh: async (tokens: TokenResponse | null = held, during = signal) => made.refresh!(tokens, { signal: during }),
    signOut: async (tokens: TokenResponse | null = held, during = signal) =>
      made.signOut!(tokens, { signal: during, reason: 'signOut' }),
    /** What a refresh fails with. */
    async failure(during = signal): Promise<SessionError> {
      const error: unknown = await made.refresh!(held, { signal: during }).catch((reason: unknown) => reason)
      if (!isSessionError(error)) throw new Error(`no SessionError: ${String(error)}`)
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

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the refresh of oauth()', () => {
  it('asks by the form of RFC 6749 §6', async () => {
    const { refresh, calls } = server(json({ access_token: 'new', token_type: 'Bearer', expires_in: 60 }))
    await expect(refresh()).resolves.toEqual({ access_token: 'new', token_type: 'Bearer', expires_in: 60 })
    const { url, init, form } = sent(calls)
    expect(url).toBe('https://id.example/token')
    expect(init.method).toBe('POST')
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: held.refresh_token, client_id: 'app' })
    expect(calls).toHaveBeenCalledTimes(1)
  })

  it('needs no preflight, is not cached, follows no redirect, and ends with its signal', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    const { init } = sent(calls)
    expect(init).toMatchObject({ cache: 'no-store', redirect: 'error', headers: { Accept: 'application/json' } })
    expect(init.signal).toBe(signal)
    expect(new Request(urls.tokenEndpoint, init).headers.get('Content-Type')).toMatch(
      /^application\/x-www-form-urlencoded/,
    )
    expect(init.credentials).toBeUndefined()
  })

  it('sends extra parameters, which replace none of the standard', async () => {
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

  it.each([null, { access_token: 'a' }, { access_token: 'a', refresh_token: '' }])(
    'fails with no_tokens, and asks nobody, when there is nothing to ask with: %j',
    async (tokens) => {
      const { refresh, calls } = server(json({ access_token: 'new' }))
      await expect(refresh(tokens)).rejects.toMatchObject({ name: 'SessionError', code: 'no_tokens' })
      expect(calls).not.toHaveBeenCalled()
    },
  )

  it('calls fetch as the browser wants it to be called, without a receiver', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    expect(calls.mock.contexts).toEqual([undefined])
  })

  it('uses the global fetch as it is at the call, so that mocks made later count', async () => {
    const made = oauth({ ...urls, clientId: 'app' })
    vi.stubGlobal('fetch', json({ access_token: 'mocked' }))
    await expect(made.refresh!(held, { signal })).resolves.toEqual({ access_token: 'mocked' })
  })
})

describe('what oauth() makes of an answer', () => {
  it('keeps what the server adds', async () => {
    const body = { access_token: 'new', scope: 'a', id_token: 'i', refresh_token: 'r', vendor: { x: 1 } }
    await expect(server(json(body)).refresh()).resolves.toEqual(body)
  })

  it.each([
    [60, 60],
    ['60', 60],
    ['59.5', 59.5],
    [0, 0],
  ])('reads expires_in %j', async (given, expected) => {
    const tokens = await server(json({ access_token: 'new', expires_in: given })).refresh()
    expect(tokens.expires_in).toBe(expected)
  })

  it.each([undefined, null, '', 'soon', -5, true, {}, '-5'])(
    'goes on without expires_in where it says nothing: %j',
    async (given) => {
      const tokens = await server(json({ access_token: 'new', expires_in: given })).refresh()
      expect(tokens).toEqual({ access_token: 'new' })
    },
  )

  it.each([null, ''])('takes a refresh_token of %j for none, so that the old one stays', async (given) => {
    const tokens = await server(json({ access_token: 'new', refresh_token: given })).refresh()
    expect(tokens).toEqual({ access_token: 'new' })
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
    '{"access_token":"a","refresh_token":{}}',
    '{"access_token":"a","refresh_token":7}',
    `{"access_token":7,"refresh_token":"${SECRET}","id_token":"${SECRET}"}`,
  ])('I9: fails with invalid_response for %s, and repeats none of it', async (body) => {
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
    [401, undefined, 'rejected'],
    [401, 'invalid_token', 'rejected'],
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
    if (error) expect(failure.message).toContain(error)
  })

  it.each(['<html>', '', 'null', '{"error":{"invalid_grant":1}}'])(
    'sorts by status alone where the body says nothing: %s',
    async (body) => {
      expect((await server(text(body, 502)).failure()).code).toBe('server')
      expect((await server(text(body, 401)).failure()).code).toBe('rejected')
    },
  )

  it('tells the developer that a refused client is his to mend, not the user’s', async () => {
    const { message } = await server(json({ error: 'invalid_client' }, 401)).failure()
    expect(message).toContain('clientId')
  })

  it.each([408, 425, 500, 503])(
    'does not send the developer looking for a mistake where there is none (%i)',
    async (status) => {
      expect((await server(text('', status)).failure()).message).not.toContain('clientId')
    },
  )

  it('repeats no error name that could be something else', async () => {
    const { message } = await server(json({ error: `the token ${SECRET} is bad` }, 400)).failure()
    expect(message).not.toContain('bad')
  })

  it('calls a failed fetch offline, and keeps its cause', async () => {
    const cause = new TypeError('Failed to fetch')
    const error = await server(async () => Promise.reject(cause)).failure()
    expect(error).toMatchObject({ code: 'offline', cause })
  })

  it('calls an answer that was cut off offline, so that it is asked for again', async () => {
    const cut = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"access_token":'))
        controller.error(new TypeError('network error'))
      },
    })
    expect((await server(async () => new Response(cut)).failure()).code).toBe('offline')
  })

  it('calls it a timeout when the signal timed out', async () => {
    const controller = new AbortController()
    controller.abort(new DOMException('took too long', 'TimeoutError'))
    const error = await server(async (_url, init) => Promise.reject(init.signal?.reason as Error)).failure(
      controller.signal,
    )
    expect(error.code).toBe('timeout')
  })

  it('calls it a timeout when a fetch of your own gave up', async () => {
    const error = await server(async () => Promise.reject(new DOMException('5 s', 'TimeoutError'))).failure()
    expect(error.code).toBe('timeout')
  })

  it.each([new DOMException('gone', 'AbortError'), new Error('signed out'), 'a reason'])(
    'rejects with the reason of whoever aborted: %s',
    async (reason) => {
      const controller = new AbortController()
      controller.abort(reason)
      const { refresh } = server(async () => Promise.reject(new DOMException('aborted', 'AbortError')))
      await expect(refresh(held, controller.signal)).rejects.toBe(reason)
    },
  )

  it('rejects with what fetch said where the browser knows no reason for an abort', async () => {
    const aborted = new DOMException('aborted', 'AbortError')
    const { refresh } = server(async () => Promise.reject(aborted))
    await expect(refresh(held, { aborted: true } as AbortSignal)).rejects.toBe(aborted)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2030-01-01T12:00:00Z')
  const retryAt = async (headers: Record<string, string>, status = 429) => {
    vi.useFakeTimers({ now, toFake: ['Date'] })
    return (await server(text('', status, headers)).failure()).retryAt
  }

  it.each([429, 503])('in seconds counts from now (%i)', async (status) => {
    await expect(retryAt({ 'Retry-After': '5' }, status)).resolves.toBe(now + 5000)
  })

  it('as a date counts by the server’s clock where its Date can be read', async () => {
    const headers = { 'Retry-After': 'Tue, 01 Jan 2030 15:00:30 GMT', Date: 'Tue, 01 Jan 2030 15:00:00 GMT' }
    await expect(retryAt(headers)).resolves.toBe(now + 30_000)
  })

  it.each([{}, { Date: 'yesterday' }])('as a date counts by our clock otherwise: %j', async (headers) => {
    await expect(retryAt({ 'Retry-After': 'Tue, 01 Jan 2030 12:00:30 GMT', ...headers })).resolves.toBe(now + 30_000)
  })

  it.each(['', 'soon', '-5', 'Tue, 01 Jan 2030 11:00:00 GMT', '1e3 s'])('says nothing when it is %j', async (value) => {
    await expect(retryAt({ 'Retry-After': value })).resolves.toBeUndefined()
  })

  it('is absent where the server did not send it', async () => {
    await expect(retryAt({})).resolves.toBeUndefined()
  })
})

describe('the sign-out of oauth()', () => {
  it('revokes the refresh token, once, in the form of RFC 7009, and outlives the page', async () => {
    const { signOut, calls } = server(text(''))
    await signOut()
    expect(calls).toHaveBeenCalledTimes(1)
    const { url, init, form } = sent(calls)
    expect(url).toBe('https://id.example/revoke')
    expect(form).toEqual({ token: held.refresh_token, token_type_hint: 'refresh_token', client_id: 'app' })
    expect(init).toMatchObject({ method: 'POST', keepalive: true, redirect: 'error' })
    expect(init.signal).toBe(signal)
  })

  it('revokes the access token where there is no refresh token', async () => {
    const { signOut, calls } = server(text(''))
    await signOut({ access_token: 'a' })
    expect(sent(calls).form).toEqual({ token: 'a', token_type_hint: 'access_token', client_id: 'app' })
  })

  it('does not outlive the page with a refresh', async () => {
    const { refresh, calls } = server(json({ access_token: 'new' }))
    await refresh()
    expect(sent(calls).init.keepalive).toBeUndefined()
  })

  it.each([400, 401, 429, 503])('does not mind what the server answers (%i)', async (status) => {
    await expect(server(text('<html>', status)).signOut()).resolves.toBeUndefined()
  })

  it('reports that the server could not be reached', async () => {
    const { signOut } = server(async () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(signOut()).rejects.toMatchObject({ code: 'offline' })
  })

  it('stays local without an endpoint, and without tokens', async () => {
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
    [{ tokenEndpoint: undefined }, 'tokenEndpoint'],
    [{ tokenEndpoint: '' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 'id.example/token' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 'https://' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 'ftp://id.example/token' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 'javascript:alert(1)' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 'https://me:word@id.example/token' }, 'tokenEndpoint'],
    [{ tokenEndpoint: 7 }, 'tokenEndpoint'],
    [{ revocationEndpoint: 'revoke' }, 'revocationEndpoint'],
    [{ revocationEndpoint: '' }, 'revocationEndpoint'],
    [{ clientId: undefined }, 'clientId'],
    [{ clientId: '' }, 'clientId'],
    [{ clientId: 7 }, 'clientId'],
  ])('say what is wrong with %j, and what would be right', (options, name) => {
    expect(make(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(`^oauth: ${name} .* Give `) as string,
      }),
    )
  })

  it.each(['https://id.example/token', 'http://localhost:8080/token', '/token', new URL('https://id.example/token')])(
    'allow %s',
    (tokenEndpoint) => {
      expect(make({ tokenEndpoint })).not.toThrow()
    },
  )

  it('say so when there are none, as a script without types may do it', () => {
    expect(() => oauth(undefined as unknown as OAuthOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })

  it('are read once: what happens to a URL object later changes nothing', async () => {
    const tokenEndpoint = new URL('https://id.example/token')
    const { refresh, calls } = server(json({ access_token: 'new' }), { tokenEndpoint })
    tokenEndpoint.host = 'evil.example'
    await refresh()
    expect(sent(calls).url).toBe('https://id.example/token')
  })
})
