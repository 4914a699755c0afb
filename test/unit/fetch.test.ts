import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFetch, type FetchOptions } from '../../src/fetch.js'
import type { Credentials } from '../../src/servers/credentials.js'
import { contextMember, type SessionContext } from '../../src/session/context.js'
import type { Session } from '../../src/types.js'

// What a session authorizes has tests of its own: here it is a list.
vi.mock('../../src/servers/credentials.js', () => ({ credentials: (session: unknown) => session }))

const API = 'https://api.example.com'
const bearer = 'Bearer access-1'

type Sent = Parameters<typeof fetch>

/** As the session does it: a new request with one more header. */
const authorize = async (request: Request): Promise<Request | null> => {
  const next = new Request(request)
  next.headers.set('Authorization', bearer)
  return next
}

/** `answers`: what is left to answer with, by default always the same. `again`: what the session makes of an answer. */
function harness(
  options: FetchOptions = { origins: [API] },
  credentials = authorize,
  answers: Response[] = [],
  again: Credentials['authorize'] = async () => null,
) {
  const sent: Sent[] = []
  const asked = vi.fn(credentials)
  const shown = vi.fn(again)
  const ok = vi.fn(async (...call: Sent) => {
    sent.push(call)
    return answers.shift() ?? new Response('ok')
  })
  const session = {
    authorize: async (...call: Parameters<Credentials['authorize']>) => (call[1] ? shown(...call) : asked(call[0])),
  } as unknown as Session
  const api = createFetch(session, { fetch: ok, ...options })
  return {
    api,
    asked,
    shown,
    sent,
    /** The request as the network would see it. */
    get last() {
      return new Request(...sent.at(-1)!)
    },
  }
}

beforeEach(() => {
  vi.stubGlobal('location', { origin: 'https://app.example.com' })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('createFetch', () => {
  it('createFetch adds the session’s credentials to requests to the origins that it was given', async () => {
    const { api, sent } = harness()
    const response = await api(`${API}/orders?page=2`)
    await expect(response.text()).resolves.toBe('ok')
    const [request] = sent[0]! as [Request]
    expect(request.url).toBe(`${API}/orders?page=2`)
    expect(request.headers.get('Authorization')).toBe(bearer)
  })

  it.each([
    'https://api.example.com.evil.io/orders',
    'https://api.example.com:8443/orders',
    'http://api.example.com/orders',
    'https://evil.io/https://api.example.com/',
    'https://evil.io/?https://api.example.com/',
    'https://evil.io#https://api.example.com/',
    'https://xapi.example.com/',
    'https://example.com/',
    'https://a.api.example.com/',
    'https://api.example.comevil.io/',
    'https:\\\\evil.io\\api.example.com',
    'https://api.example.com%2eevil.io/',
    'https://аpi.example.com/',
    'wss://api.example.com/',
    'data:text/plain,hello',
    'blob:https://api.example.com/6a1b',
  ])('createFetch gets no credentials for %s, and passes the request on unchanged', async (url) => {
    const { api, asked, sent } = harness()
    const init = { headers: { 'X-Mine': '1' } }
    await api(url, init)
    expect(asked).not.toHaveBeenCalled()
    expect(sent).toEqual([[url, init]])
    expect(sent[0]![1]).toBe(init)
  })

  it('createFetch sends nothing if the URL has a user name, as fetch does', async () => {
    const { api, sent } = harness()
    await expect(api('https://api.example.com@evil.io/')).rejects.toThrow(TypeError)
    await expect(api('https://me:word@api.example.com/')).rejects.toThrow(TypeError)
    expect(sent).toEqual([])
  })

  it.each([
    'HTTPS://API.Example.COM/x',
    'https://api.example.com:443/x',
    'https:\\\\api.example.com\\x',
    ' https://api.example.com/x\n',
  ])('createFetch recognises the origin however it is written: %j', async (url) => {
    expect((await sending(url)).last.headers.get('Authorization')).toBe(bearer)
  })

  it('createFetch recognises the origin in a URL object and in a Request', async () => {
    for (const input of [new URL(`${API}/x`), new Request(`${API}/x`)])
      expect((await sending(input)).last.headers.get('Authorization')).toBe(bearer)
    const { api, asked, sent } = harness()
    const foreign = new Request('https://evil.io/', { method: 'POST', body: 'text' })
    await api(foreign)
    expect(asked).not.toHaveBeenCalled()
    expect(sent).toEqual([[foreign, undefined]])
    expect(foreign.bodyUsed).toBe(false)
  })

  it('createFetch adds credentials for the page’s own origin by default, and for no other', async () => {
    const { api, asked, sent } = harness({})
    await api('https://app.example.com/me')
    expect(asked).toHaveBeenCalledTimes(1)
    await api(`${API}/orders`)
    await api('https://app.example.com.evil.io/')
    expect(asked).toHaveBeenCalledTimes(1)
    expect(sent).toHaveLength(3)
  })

  it.each([undefined, { origin: 'null' }])(
    'createFetch adds no credentials by default if there is no origin: %j',
    async (location) => {
      vi.stubGlobal('location', location)
      const { api, asked } = harness({})
      await api(`${API}/orders`)
      await api('data:text/plain,hello')
      expect(asked).not.toHaveBeenCalled()
    },
  )

  it('createFetch adds no credentials if the list is empty', async () => {
    const { api, asked } = harness({ origins: [] })
    await api('https://app.example.com/')
    expect(asked).not.toHaveBeenCalled()
  })

  it('S66: createFetch leaves the caller’s own Authorization as it is', async () => {
    const { api, asked, sent } = harness()
    await api(`${API}/x`, { headers: { authorization: 'Basic mine' } })
    await api(new Request(`${API}/x`, { headers: [['AUTHORIZATION', 'Basic mine']] }))
    expect(asked).not.toHaveBeenCalled()
    for (const call of sent) {
      const request = new Request(...call)
      expect(request.headers.get('Authorization')).toBe('Basic mine')
      expect(request.redirect).toBe('follow')
    }
  })

  it('createFetch keeps method, headers, body and modes', async () => {
    const { last } = await sending(`${API}/x`, {
      method: 'PUT',
      headers: { 'Content-Type': 'text/csv', 'X-Mine': '1' },
      body: 'a;b',
      credentials: 'include',
      cache: 'no-cache',
      keepalive: true,
      integrity: 'sha256-x',
      referrer: '',
      referrerPolicy: 'no-referrer',
    })
    expect(last).toMatchObject({
      method: 'PUT',
      credentials: 'include',
      cache: 'no-cache',
      keepalive: true,
      integrity: 'sha256-x',
      referrer: '',
      referrerPolicy: 'no-referrer',
    })
    expect(last.headers.get('X-Mine')).toBe('1')
    expect(last.headers.get('Content-Type')).toBe('text/csv')
    await expect(last.text()).resolves.toBe('a;b')
  })

  it('createFetch keeps the body of a Request, and the changes of the init', async () => {
    const request = new Request(`${API}/x`, { method: 'POST', body: 'text' })
    const { last } = await sending(request, { method: 'PATCH' })
    expect(last.method).toBe('PATCH')
    await expect(last.text()).resolves.toBe('text')
  })

  it('createFetch never follows a redirect with credentials, because browsers before 2023 send them on', async () => {
    expect((await sending(`${API}/x`)).last.redirect).toBe('error')
    expect((await sending(`${API}/x`, { redirect: 'error' })).last.redirect).toBe('error')
    expect((await sending(`${API}/x`, { redirect: 'manual' })).last.redirect).toBe('manual')
    expect((await sending(new Request(`${API}/x`, { redirect: 'follow' }))).last.redirect).toBe('error')
  })

  it('createFetch follows no redirect with any other header that authorize adds', async () => {
    const { api, sent } = harness({ origins: [API] }, async (request) => {
      request.headers.set('X-Api-Key', 'secret')
      return request
    })
    await api(`${API}/x`)
    expect(new Request(...sent[0]!).redirect).toBe('error')
  })

  it('createFetch follows redirects in a session without credentials, such as by cookie', async () => {
    const { api, sent } = harness({ origins: [API] }, async (request) => request)
    await api(`${API}/x`)
    expect(new Request(...sent[0]!).redirect).toBe('follow')
  })

  it('createFetch sends the request unchanged if the session adds nothing', async () => {
    const { api, sent } = harness({ origins: [API] }, async () => null)
    await api(`${API}/x`, { method: 'POST', body: 'text' })
    const request = new Request(...sent[0]!)
    expect(request.headers.has('Authorization')).toBe(false)
    await expect(request.text()).resolves.toBe('text')
  })

  it('createFetch sends nothing if the session refuses, and rejects with its error', async () => {
    const refused = new Error('signed out')
    const { api, sent } = harness({ origins: [API] }, async () => Promise.reject(refused))
    await expect(api(`${API}/x`)).rejects.toBe(refused)
    expect(sent).toEqual([])
  })

  it('createFetch stops waiting for the session when the caller aborts', async () => {
    const controller = new AbortController()
    const { api, sent } = harness({ origins: [API] }, async () => new Promise<Request>(() => {}))
    const response = api(`${API}/x`, { signal: controller.signal })
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(response).rejects.toBe(reason)
    await expect(api(`${API}/x`, { signal: controller.signal })).rejects.toBe(reason)
    expect(sent).toEqual([])
  })

  it('createFetch passes the caller’s signal to fetch', async () => {
    const controller = new AbortController()
    const { last } = await sending(`${API}/x`, { signal: controller.signal })
    expect(last.signal.aborted).toBe(false)
    controller.abort()
    expect(last.signal.aborted).toBe(true)
  })

  it('createFetch reads the global fetch at each call, so that later mocks are used', async () => {
    const { api } = harness({ origins: [API], fetch: undefined } as unknown as FetchOptions)
    const mock = vi.fn(async () => new Response('mocked'))
    vi.stubGlobal('fetch', mock)
    await expect((await api(`${API}/x`)).text()).resolves.toBe('mocked')
    await expect((await api('https://elsewhere.example/')).text()).resolves.toBe('mocked')
  })

  it('createFetch can replace the global fetch without calling itself', async () => {
    const original = vi.fn(async () => new Response('real'))
    vi.stubGlobal('fetch', original)
    const { api } = harness({ origins: [API], fetch: undefined } as unknown as FetchOptions)
    vi.stubGlobal('fetch', api)
    await expect((await fetch(`${API}/x`)).text()).resolves.toBe('real')
    expect(original).toHaveBeenCalledTimes(1)
  })

  it('createFetch calls fetch without a receiver, as browsers require', async () => {
    const own = vi.fn(async () => new Response(''))
    await createFetch({ authorize: async () => null } as unknown as Session, { origins: [API], fetch: own })(`${API}/x`)
    expect(own.mock.contexts).toEqual([undefined])
  })

  const wrong: readonly unknown[] = [
    ...['api.example.com', '*', 'null', '', null, undefined, 7, '/relative', 'https://', 'ftp://api.example.com'],
    ...['wss://api.example.com', 'https://*.example.com', 'https://api.example.com/v1', 'https://api.example.com?x'],
    ...['https://api.example.com#x', 'https://me@api.example.com', 'data:,https://api.example.com'],
  ]
  it.each([
    ...wrong.map((origin) => ({ origins: [API, origin] })),
    { origins: API },
    { origins: 7 },
    { origins: null },
    ...['api.example.com', '*', '', `${API}/v1`].map((origin) => ({ origins: { [origin]: 'orders' } })),
    ...[null, 7, ['orders']].map((resource) => ({ origins: { [API]: resource } })),
  ])('createFetch refuses values that are no origins, and says what is right: %j', (options) => {
    expect(() => harness(options as unknown as FetchOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(/^createFetch: origins .* Give /) as string,
      }),
    )
  })

  it.each(['https://api.example.com/', 'HTTPS://API.example.com:443', 'http://localhost:3000', 'https://[::1]:8443'])(
    'createFetch accepts %s as an origin',
    async (origin) => {
      const made = harness({ origins: [origin] })
      await made.api(`${origin}/x`)
      expect(made.last.headers.get('Authorization')).toBe(bearer)
    },
  )
})

describe('the replay of createFetch', () => {
  const refused = (): Response => new Response('who are you?', { status: 401 })
  /** A session that has newer credentials for whatever was refused. */
  const renew: Credentials['authorize'] = async (request, previous) =>
    previous?.response.status === 401 ? authorize(request) : null

  const replaying = (answers: Response[], again = renew) => harness({ origins: [API] }, authorize, answers, again)

  it('the replay of createFetch sends a refused request again unchanged, and returns the response', async () => {
    const { api, sent, shown } = replaying([refused(), new Response('yours')])
    const form = new URLSearchParams({ order: '7' })
    const response = await api(`${API}/orders?x=1`, { method: 'POST', body: form, headers: { 'X-Mine': '1' } })
    await expect(response.text()).resolves.toBe('yours')
    const requests = sent.map((call) => new Request(...call))
    expect(requests).toHaveLength(2)
    for (const request of requests) {
      expect(request).toMatchObject({ url: `${API}/orders?x=1`, method: 'POST', redirect: 'error' })
      expect(request.headers.get('X-Mine')).toBe('1')
      expect(request.headers.get('Content-Type')).toContain('urlencoded')
      await expect(request.text()).resolves.toBe('order=7')
    }
    expect(shown).toHaveBeenCalledTimes(2)
  })

  it('the replay of createFetch passes the session each response with the request that was sent', async () => {
    const answers = [refused(), new Response('yours')]
    const [first, second] = answers
    const { api, sent, shown } = replaying([...answers])
    await api(`${API}/x`)
    const previous = shown.mock.calls.map(([, before]) => before)
    expect(previous).toEqual([
      { request: sent[0]![0], response: first },
      { request: sent[1]![0], response: second },
    ])
    expect(previous[0]!.request).toBe(sent[0]![0])
    expect(previous[1]!.response).toBe(second)
  })

  const bodies: [string, () => BodyInit][] = [
    ['text', () => 'a;b'],
    ['bytes', () => new Uint8Array([97, 59, 98])],
    ['a Blob', () => new Blob(['a;b'])],
  ]
  it.each(bodies)('the replay of createFetch sends a body again that is %s', async (_kind, body) => {
    const { api, sent } = replaying([refused(), refused(), new Response('yours')])
    await api(`${API}/x`, { method: 'PUT', body: body() })
    expect(sent).toHaveLength(3)
    for (const call of sent) await expect(new Request(...call).text()).resolves.toBe('a;b')
  })

  it('the replay of createFetch sends a form with a file again', async () => {
    const { api, sent } = replaying([refused(), new Response('yours')])
    const body = new FormData()
    body.set('file', new Blob(['a;b']), 'a.csv')
    await api(`${API}/x`, { method: 'POST', body })
    for (const call of sent) await expect(new Request(...call).formData()).resolves.toBeInstanceOf(FormData)
    expect(sent).toHaveLength(2)
  })

  it('the replay of createFetch sends the body of a Request again, which is then used, as with fetch', async () => {
    const { api, sent } = replaying([refused(), new Response('yours')])
    const mine = new Request(`${API}/x`, { method: 'POST', body: 'a;b' })
    await api(mine)
    expect(mine.bodyUsed).toBe(true)
    for (const call of sent) await expect(new Request(...call).text()).resolves.toBe('a;b')
    await expect(api(mine)).rejects.toThrow(TypeError)
    expect(sent).toHaveLength(2)
  })

  it('the replay of createFetch returns the first response for a stream, and still lets it refresh', async () => {
    const { api, sent, shown } = replaying([refused(), new Response('yours')])
    const body = new Blob(['a;b']).stream()
    const response = await api(`${API}/x`, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(response.status).toBe(401)
    await expect(response.text()).resolves.toBe('who are you?')
    expect(sent).toHaveLength(1)
    expect(shown).toHaveBeenCalledTimes(1)
    await expect(new Request(...sent[0]!).text()).resolves.toBe('a;b')
  })

  it('the replay of createFetch returns the first response, unread, if no remedy is left', async () => {
    const { api, sent } = replaying([refused()], async () => null)
    const response = await api(`${API}/x`)
    await expect(response.text()).resolves.toBe('who are you?')
    expect(sent).toHaveLength(1)
  })

  it('the replay of createFetch gives up after two replays', async () => {
    const { api, sent } = replaying([refused(), refused(), refused(), refused()])
    expect((await api(`${API}/x`)).status).toBe(401)
    expect(sent).toHaveLength(3)
  })

  it('the replay of createFetch stops waiting for a refresh on abort, and does not cancel that', async () => {
    const controller = new AbortController()
    let given: Request | undefined
    const { api, sent } = replaying([refused()], async (request) => {
      given = request
      return new Promise(() => {})
    })
    const response = api(`${API}/x`, { signal: controller.signal })
    await vi.waitFor(() => expect(given).toBeDefined())
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(response).rejects.toBe(reason)
    expect(sent).toHaveLength(1)
  })

  it('the replay of createFetch rejects as fetch does if the replay fails', async () => {
    const cut = new TypeError('Failed to fetch')
    const send = vi.fn<typeof fetch>().mockResolvedValueOnce(refused()).mockRejectedValueOnce(cut)
    const session = { authorize: async (request: Request) => authorize(request) } as unknown as Session
    await expect(createFetch(session, { origins: [API], fetch: send })(`${API}/x`)).rejects.toBe(cut)
  })
})

describe('the resources of createFetch', () => {
  const ORDERS = 'https://orders.example.com'

  it('createFetch asks for the token of the resource that its origin has', async () => {
    const asked: (string | undefined)[] = []
    const session = {
      authorize: async (request: Request, _previous: unknown, resource?: string) => {
        if (!_previous) asked.push(resource)
        return _previous ? null : authorize(request)
      },
    } as unknown as Session
    const sent = async (...call: Sent): Promise<Response> =>
      new Response(new Request(...call).headers.get('Authorization'))
    const api = createFetch(session, {
      origins: { [ORDERS]: 'urn:orders', [API]: '' },
      fetch: sent,
    })
    expect(await (await api(`${ORDERS}/1`)).text()).toBe(bearer)
    expect(await (await api(`${API}/1`)).text()).toBe(bearer)
    expect(await (await api('https://elsewhere.example/1')).text()).toBe('')
    expect(asked).toEqual(['urn:orders', ''])
  })

  it('createFetch gives nobody credentials for an object without origins', async () => {
    const { asked, api } = harness({ origins: {} })
    await api(`${API}/x`)
    expect(asked).not.toHaveBeenCalled()
  })
})

describe('the step-up of createFetch', () => {
  const weak = (parameters: string): Response =>
    new Response('not like this', {
      status: 401,
      headers: { 'WWW-Authenticate': `Bearer error="insufficient_user_authentication"${parameters}` },
    })
  const steppingUp = (
    answers: Response[],
    stepUp: FetchOptions['stepUp'],
    ids = ['a'],
  ): { api: typeof fetch; sent: Request[] } => {
    const sent: Request[] = []
    const { signal } = new AbortController()
    const session = {
      ...contextMember({ ports: { onWake: () => () => undefined }, signal: () => signal } as unknown as SessionContext),
      check: () => ({ phase: 'active', id: ids.length > 1 ? ids.shift() : ids[0] }),
      authorize: async (request: Request, previous?: unknown) => (previous ? null : authorize(request)),
    } as unknown as Session
    const send = async (request: Request): Promise<Response> => {
      sent.push(request)
      return answers.shift() ?? new Response('done')
    }
    return {
      sent,
      api: createFetch(session, { origins: [API], fetch: send as unknown as typeof fetch, stepUp: stepUp! }),
    }
  }

  it.each([
    [', acr_values="gold silver", max_age="300"', { acrValues: 'gold silver', maxAge: 300_000 }],
    [', max_age=5', { maxAge: 5000 }],
    [', acr_values=gold, max_age=5', { acrValues: 'gold', maxAge: 5000 }],
    [', acr_values="", max_age=0', { maxAge: 0 }],
    [', error_description="acr"', {}],
  ])(
    'S133: createFetch calls stepUp with the challenge %s and sends the request again',
    async (parameters, challenge) => {
      const stepUp = vi.fn(async () => true)
      const { api, sent } = steppingUp([weak(parameters)], stepUp)
      const response = await api(`${API}/x`, { method: 'POST', body: 'order' })
      expect(await response.text()).toBe('done')
      expect(stepUp.mock.calls).toEqual([[challenge]])
      expect(await Promise.all(sent.map((request) => request.text()))).toEqual(['order', 'order'])
    },
  )

  it('createFetch returns the first response if stepUp resolves with false', async () => {
    const { api, sent } = steppingUp([weak('')], async () => false)
    expect(await (await api(`${API}/x`)).text()).toBe('not like this')
    expect(sent).toHaveLength(1)
  })

  it('createFetch sends no request again for another session than the one that sent it', async () => {
    const { api, sent } = steppingUp([weak('')], async () => true, ['a', 'a', 'b'])
    expect(await (await api(`${API}/x`)).text()).toBe('not like this')
    expect(sent).toHaveLength(1)
  })

  it('createFetch asks for no step-up where the session was over before the response came', async () => {
    const stepUp = vi.fn(async () => true)
    const { api } = steppingUp([weak('')], stepUp, ['a', 'b'])
    expect(await (await api(`${API}/x`)).text()).toBe('not like this')
    expect(stepUp).not.toHaveBeenCalled()
  })

  it('createFetch calls stepUp once per request, even if that did not help', async () => {
    const stepUp = vi.fn(async () => true)
    const { api, sent } = steppingUp([weak(''), weak('')], stepUp)
    expect((await api(`${API}/x`)).status).toBe(401)
    expect(stepUp).toHaveBeenCalledTimes(1)
    expect(sent).toHaveLength(2)
  })

  it('createFetch calls stepUp once for several requests that wait, and again for the next', async () => {
    let finish: (value: boolean) => void = () => undefined
    const stepUp = vi.fn(
      () =>
        new Promise<boolean>((resolve) => {
          finish = resolve
        }),
    )
    const { api } = steppingUp([weak(''), weak(''), weak('')], stepUp)
    const both = Promise.all([api(`${API}/x`), api(`${API}/y`), api(`${API}/z`)])
    await vi.waitFor(() => expect(stepUp).toHaveBeenCalledTimes(1))
    finish(true)
    expect((await both).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(stepUp).toHaveBeenCalledTimes(1)
    const next = steppingUp([weak('')], stepUp).api(`${API}/x`)
    await vi.waitFor(() => expect(stepUp).toHaveBeenCalledTimes(2))
    finish(false)
    expect((await next).status).toBe(401)
  })

  it('createFetch rejects with what stepUp rejects with', async () => {
    const reason = new Error('the window is blocked')
    await expect(steppingUp([weak('')], async () => Promise.reject(reason)).api(`${API}/x`)).rejects.toBe(reason)
  })

  it('createFetch stops waiting for stepUp on abort', async () => {
    const controller = new AbortController()
    const stepUp = vi.fn(async () => new Promise<boolean>(() => undefined))
    const response = steppingUp([weak('')], stepUp).api(`${API}/x`, { signal: controller.signal })
    await vi.waitFor(() => expect(stepUp).toHaveBeenCalledTimes(1))
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(response).rejects.toBe(reason)
  })

  it('createFetch asks for no step-up where the body is a stream, which cannot be sent again', async () => {
    const stepUp = vi.fn(async () => true)
    const body = new Blob(['order']).stream()
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await steppingUp([weak('')], stepUp).api(`${API}/x`, init)).status).toBe(401)
    expect(stepUp).not.toHaveBeenCalled()
  })

  it('createFetch asks for no step-up where a response demands none', async () => {
    const stepUp = vi.fn(async () => true)
    const { api } = steppingUp([new Response('no', { status: 401 })], stepUp)
    expect((await api(`${API}/x`)).status).toBe(401)
    expect(stepUp).not.toHaveBeenCalled()
  })
})

async function sending(...call: Sent) {
  const made = harness()
  await made.api(...call)
  return made
}
