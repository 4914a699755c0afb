import { describe, expect, it, vi } from 'vitest'
import { oauth } from '../../src/servers/oauth.js'
import type { TokenResponse } from '../../src/types.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type Tab, type World } from '../unit/session/world.js'

/** A tab whose token endpoint returns `answer`. */
async function tabWith(world: World, answer: (call: number) => Response): Promise<{ tab: Tab; calls: () => number }> {
  const send = vi.fn(() => Promise.resolve(answer(send.mock.calls.length)))
  const server = oauth({ tokenEndpoint: 'https://id.example/token', clientId: 'app', fetch: send })
  const tab = world.tab({ server })
  await world.until(tab.session.signIn({ access_token: 'a0', refresh_token: 'r0', expires_in: 300 }))
  tab.takeEvents()
  return { tab, calls: () => send.mock.calls.length }
}

const refreshed = (world: World, tab: Tab): Promise<unknown> =>
  world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))

describe('a token response with a strange expires_in', () => {
  // There, a missing, negative, too large or textual value became NaN or Infinity, so that a token counted as always valid, or as
  // expired at each check. Right: a numeric string counts as its number, and any other value means an unknown lifetime.
  const lifetimes: readonly (readonly [name: string, value: unknown, refreshes: number])[] = [
    ['text', '300', 1],
    ['text with spaces', ' 300 ', 1],
    ['no number', 'soon', 0],
    ['a number with a unit', '1h', 0],
    ['a date', '2026-01-01T00:00:00Z', 0],
    ['an empty text', ' ', 0],
    ['null', null, 0],
    ['NaN', NaN, 0],
    ['too large for a date', Number.MAX_VALUE, 0],
    ['negative', -5, 0],
    ['zero', 0, 0],
  ]
  it.each(lifetimes)(
    'lidge-jun/opencodex#1417: an expires_in that is %s leads to no loop',
    async (_name, life, refreshes) => {
      const world = createWorld()
      const { tab, calls } = await tabWith(world, (call) =>
        Response.json({ access_token: `a${call}`, refresh_token: `r${call}`, expires_in: life }),
      )
      expect(await refreshed(world, tab)).toBe('a1')
      // A user is active for five minutes. Only a token whose expiry is known gets a background refresh.
      for (let second = 0; second < 300; second += 10) {
        tab.input()
        await world.advance('10s')
        expect(await world.until(tab.session.getAccessToken())).toBe(calls() > 1 ? `a${calls()}` : 'a1')
      }
      expect(calls() - 1).toBe(refreshes)
      expect(tab.phase()).toBe('active')
    },
  )

  it('an expires_in of one second costs an active user one refresh every two seconds', async () => {
    const world = createWorld()
    world.server.expiresIn = 1
    const tab = await world.signedIn()
    for (let second = 0; second < 60; second++) {
      tab.input()
      await world.advance('1s')
    }
    expect(world.server.count('refresh')).toBe(30)
  })
})

describe('a token response with Retry-After', () => {
  const START = Date.UTC(2026, 0, 1)
  const wait = async (header: string, at = START): Promise<number> => {
    vi.setSystemTime(at)
    const send = (): Promise<Response> =>
      Promise.resolve(new Response(null, { status: 429, headers: { 'Retry-After': header } }))
    const server = oauth({ tokenEndpoint: 'https://id.example/token', clientId: 'app', fetch: send })
    const { signal } = new AbortController()
    const error: unknown = await server.refresh!(
      { access_token: 'a', refresh_token: 'r' },
      { signal, activeAt: 0 },
    ).catch((reason: unknown) => reason)
    vi.useRealTimers()
    return (error as { retryAt?: number }).retryAt! - at
  }

  // There, a date was read by parseInt: NaN, so that the next try came at once.
  it('supabase/supabase-js#2634, elizaOS/eliza#22162: a date in Retry-After is waited for', async () => {
    expect(await wait('Thu, 01 Jan 2026 00:02:00 GMT')).toBe(2 * MINUTE)
    expect(await wait('120')).toBe(2 * MINUTE)
  })

  // There, an invalid date became NaN, passed every comparison, and led to a wait of 0 ms. V8 reads '-1' and '10s' as old dates.
  // Right: the header counts as missing, and the ordinary back-off applies.
  it('earendil-works/pi#9571: a Retry-After that is malformed, or in the past, counts as none', async () => {
    for (const header of ['Thu, 99 Foo 2026', 'soon', '10s', '-1', '0', 'Thu, 01 Jan 2015 00:00:00 GMT', '120, 60'])
      expect(await wait(header)).toBeNaN()
  })

  // There, a server could make a client wait for a day, because the value had no upper limit.
  it('supabase/supabase-js#2634: a Retry-After delays by at most an hour', async () => {
    const world = createWorld()
    const { tab, calls } = await tabWith(world, (call) =>
      call === 1
        ? new Response(null, { status: 503, headers: { 'Retry-After': '86400' } })
        : Response.json({ access_token: 'a2', expires_in: 300 }),
    )
    const release = tab.session.hold()
    await outcome(refreshed(world, tab))
    const failedAt = world.time.clock().wall
    await world.advance('10m')
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('server')
    while (calls() < 2) await world.advance('1s')
    expect(Math.round((world.time.clock().wall - failedAt) / SECOND)).toBe(HOUR / SECOND)
    expect(await world.until(tab.session.getAccessToken())).toBe('a2')
    release()
  })
})

describe('a token response without a new refresh token', () => {
  // Cases of RFC 6749 §6 that servers write in different ways.
  it.each([undefined, null, ''])(
    'a token response without a new refresh token leaves the old one in use if it has %s',
    async (refresh_token) => {
      const world = createWorld()
      const sent: (string | null)[] = []
      const send = ((_url: string, { body }: { body: URLSearchParams }) => {
        sent.push(body.get('refresh_token'))
        return Promise.resolve(Response.json({ access_token: `a${sent.length}`, expires_in: 300, refresh_token }))
      }) as unknown as typeof fetch
      const server = oauth({ tokenEndpoint: 'https://id.example/token', clientId: 'app', fetch: send })
      const tab = world.tab({ server })
      const tokens: TokenResponse = { access_token: 'a0', refresh_token: 'r0', expires_in: 300 }
      await world.until(tab.session.signIn(tokens))
      await refreshed(world, tab)
      expect(await refreshed(world, tab)).toBe('a2')
      expect(sent).toEqual(['r0', 'r0'])
    },
  )
})

describe('an error of the token endpoint with status 200', () => {
  // There, the response counted as new tokens because of its status. GitHub sends its errors in this form.
  it.each(['bad_refresh_token', 'invalid_grant'])(
    'lelylan/simple-oauth2#459, speakeasy-api/gram#6088: an error with status 200 ends by %s',
    async (error) => {
      const world = createWorld()
      const { tab, calls } = await tabWith(world, () => Response.json({ error, error_description: 'expired' }))
      expect(await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))).toBe('signed_out')
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
      expect(calls()).toBe(1)
    },
  )

  it('speakeasy-api/gram#6088: a response with status 200, no tokens and no error ends nothing', async () => {
    const world = createWorld()
    const { tab } = await tabWith(world, () => Response.json({}))
    await refreshed(world, tab)
    expect(tab.phase()).toBe('active')
    expect(await world.until(tab.session.getAccessToken())).toBe('a0')
  })
})

describe('a token response that repeats less than the first', () => {
  // There, the ID token of the sign-in was lost at the first refresh, and the server's own sign-out needs it. Right: OpenID Connect
  // Core §12.2 and RFC 6749 §5.1 let a response omit members that stay as they are.
  it('volverjs/auth-vue#50: a token response without ID token and scope leaves them as they are', async () => {
    const world = createWorld()
    let ended: TokenResponse | null = null
    const tab = world.tab({
      server: {
        refresh: () => Promise.resolve({ access_token: 'a1', refresh_token: 'r1', id_token: '', extra: 'e1' }),
        signOut: (tokens) => {
          ended = tokens
          return Promise.resolve()
        },
      },
    })
    const tokens = {
      access_token: 'a0',
      refresh_token: 'r0',
      id_token: 'i0',
      scope: 'openid',
      expires_in: 300,
      extra: 'e0',
    }
    await world.until(tab.session.signIn(tokens))
    await refreshed(world, tab)
    await world.until(tab.session.signOut())
    // Members that belong to the token alone, such as its lifetime, do not stay.
    expect(ended).toEqual({ access_token: 'a1', refresh_token: 'r1', id_token: 'i0', scope: 'openid', extra: 'e1' })
  })

  it('a token response with other members replaces those', async () => {
    const world = createWorld()
    let ended: TokenResponse | null = null
    const tab = world.tab({
      server: {
        refresh: () => Promise.resolve({ access_token: 'a1', id_token: 'i1', scope: 'less' }),
        signOut: (tokens) => {
          ended = tokens
          return Promise.resolve()
        },
      },
    })
    await world.until(tab.session.signIn({ access_token: 'a0', refresh_token: 'r0', id_token: 'i0', scope: 'openid' }))
    await refreshed(world, tab)
    await world.until(tab.session.signOut())
    expect(ended).toEqual({ access_token: 'a1', refresh_token: 'r0', id_token: 'i1', scope: 'less' })
  })
})
