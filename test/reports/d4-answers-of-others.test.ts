import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { cookieSession } from '../../src/servers/cookie.js'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld, MINUTE, outcome, SECOND } from '../unit/session/world.js'

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const html = { 'Content-Type': 'text/html' }

describe('responses that say nothing of the session', () => {
  // There, every 4xx from the token endpoint counted as a refused refresh token, so that the 408 or 429 page of a proxy signed out
  // all users. Right: only JSON with `error` (RFC 6749 §5.2) comes from the authorization server.
  it.each([
    [401, '<html>Sign in to the network</html>', html],
    [401, '', {}],
    [401, '{"message":"Unauthorized"}', {}],
    [401, '{"statusCode":401,"error":"Unauthorized"}', {}],
    [400, '{"status":400,"error":"Bad Request","path":"/token"}', {}],
    [403, '<html>Blocked</html>', html],
    [407, '', {}],
    [408, '<html>Please try again later</html>', html],
    [429, '<html>Please try again later</html>', html],
    // RFC 6585 §6: a captive portal. Other portals answer with 200.
    [511, '<html>Welcome to the hotel</html>', html],
    [200, '<html>Welcome to the hotel</html>', html],
  ])('matrix-org/matrix-js-sdk#5495: a proxy ends no session with %i %s', async (status, body, headers) => {
    const world = createWorld()
    const state = { portal: true }
    const server = oauth({
      tokenEndpoint: 'https://id.example/token',
      clientId: 'app',
      fetch: async () =>
        Promise.resolve(
          state.portal
            ? new Response(body, { status, headers })
            : Response.json({ access_token: 'new', expires_in: 300, refresh_token: 'next' }),
        ),
    })
    const tabs = [world.tab({ server }), world.tab({ server })] as const
    await world.until(tabs[0].session.signIn({ ...world.grant(), expires_in: 30 }))
    await world.advance(MINUTE)
    for (const tab of tabs)
      expect(await world.until(outcome(tab.session.getAccessToken()))).toMatch(
        /^(server|rate_limited|invalid_response)$/,
      )
    for (const tab of tabs) expect(tab.phase()).toBe('active')
    state.portal = false
    await world.advance(MINUTE)
    for (const tab of tabs) expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('new')
  })

  /** A session by cookie whose backend gives this response to every request. */
  const answered = async (
    respond: () => Response,
    isOver?: (response: Response) => boolean,
  ): Promise<{ check: unknown; own: unknown; seen: number }> => {
    const open = async () => {
      const world = createWorld()
      const send = async (): Promise<Response> => Promise.resolve(respond())
      const server = cookieSession({ check: '/session', fetch: send, ...(isOver && { isOver }) })
      const tab = world.tab({ server })
      await world.until(tab.session.signIn(undefined, { login: 'one' }))
      await world.advance(MINUTE)
      return { world, tab, send }
    }
    const one = await open()
    one.tab.hint('focus')
    await one.world.advance(SECOND)
    const other = await open()
    const api = createFetch(other.tab.session, { origins: ['https://app.example'], fetch: other.send })
    const response = await other.world.until(api('https://app.example/orders'))
    return { check: one.tab.session.getSnapshot(), own: other.tab.session.getSnapshot(), seen: response.status }
  }
  const over = { phase: 'signedOut', reason: 'rejected' }

  // Backends have no common status for the end of a session. Users saw Laravel's 419 for an expired page as an error; Vaadin went
  // from 410 over 404 to 403. Right: the application decides which response is the end, and no other response ends the session.
  const isEndWhereSaid = async (status: number): Promise<void> => {
    const respond = (): Response => new Response('Page expired', { status })
    const result = await answered(respond, (response) => response.status === status)
    expect(result).toMatchObject({ check: over, own: over, seen: status })
    const silent = await answered(respond)
    expect(silent).toMatchObject({ check: { phase: 'active' }, own: { phase: 'active' }, seen: status })
  }
  it('geoff-maddock/events-tracker#1668: S103: a 419 ends a session by cookie only by isOver', async () => {
    await isEndWhereSaid(419)
  })
  it.each([403, 404, 410])('vaadin/framework#11964: a %i ends a session by cookie only by isOver', isEndWhereSaid)
  it('a 440 of IIS ends a session by cookie only by isOver', async () => {
    await isEndWhereSaid(440)
  })

  // There, the sign-out of a session that had expired was answered with 419, and the user stayed where they were. Right: a sign-out
  // ends the session in all tabs, whatever the answer. Where `isOver` knows the status, the server needs no second one.
  it.each([
    ['and is sent again at online', undefined, 2],
    ['and is not sent again where isOver knows it', ({ status }: Response) => status === 419, 1],
  ])('laravel-enso/core#82: a sign-out that gets a 419 ends the session in all tabs, %s', async (_, isOver, calls) => {
    const world = createWorld()
    const send = vi.fn(async () => Promise.resolve(new Response('Page expired', { status: 419 })))
    const server = cookieSession({ signOut: '/logout', fetch: send, ...(isOver && { isOver }) })
    const tabs = [world.tab({ server }), world.tab({ server })] as const
    await world.until(tabs[0].session.signIn(undefined, { login: 'one' }))
    await world.advance(SECOND)
    await world.until(tabs[0].session.signOut())
    await world.advance(SECOND)
    for (const tab of tabs) expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    tabs[0].hint('online')
    await world.advance(SECOND)
    expect(send).toHaveBeenCalledTimes(calls)
  })

  // There, a proxy answered the requests of the page with 401 after the end of its own session, and the page repeated them endlessly.
  it('Donkie/Spoolman#923: a 401 of a proxy that keeps the session ends it by default', async () => {
    expect(await answered(() => new Response('', { status: 401 }))).toMatchObject({ check: over, own: over, seen: 401 })
  })

  it('a login page with 200 ends a session if isOver recognises it by a header', async () => {
    const respond = (): Response => new Response('<form>', { headers: { ...html, 'X-Login': 'required' } })
    const result = await answered(respond, ({ headers }) => headers.has('X-Login'))
    expect(result).toMatchObject({ check: over, own: over, seen: 200 })
  })
})
