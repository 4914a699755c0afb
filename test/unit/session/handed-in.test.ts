/** What the application hands in, and what it does where it is called back, that its types do not say. */
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../../src/connect.js'
import { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import { journal } from '../../../src/journal.js'
import { customServer, customTokens } from '../../../src/servers/custom.js'
import { createSessionWith } from '../../../src/testing.js'
import type { SessionServer, StoredTokens, TokenStore } from '../../../src/types.js'
import { createViews } from '../../../src/util/session-view.js'
import { createWorld, MINUTE, outcome } from './world.js'

/** What is thrown for an answer with `Retry-After: Wed, 21 Oct 2026 07:28:00 GMT`, read as a number of seconds. */
const misread = (): SessionError => new SessionError('rate_limited', { retryAt: Date.now() + Number('Wed, 21') * 1e3 })

describe('a request that nobody waits for', () => {
  it('a sign-out is not aborted because signOut() of the server returns at once', async () => {
    const world = createWorld()
    const signals: AbortSignal[] = []
    const signOut: SessionServer['signOut'] = async (_tokens, { signal }) => void signals.push(signal)
    const tab = await world.signedIn({ server: customServer({ signOut }) })
    await world.until(tab.session.signOut())
    await world.advance('1m')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  it('entries of a journal are not aborted because send() returns at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const signals: AbortSignal[] = []
    const log = journal(tab.session, { send: async (_entries, { signal }) => void signals.push(signal) })
    await log.flush()
    await world.advance('1m')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })
})

describe('an error whose retryAt is NaN', () => {
  it('a failed refresh is not repeated at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails: misread() })
    const ask = (): Promise<unknown> => world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    expect([await ask(), await ask(), await ask()]).toEqual(['rate_limited', 'rate_limited', 'rate_limited'])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('the server hears of later activity', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '15m' }, { methods: ['keepAlive'] })
    world.server.reply = () => (world.server.count('keepAlive') > 1 ? {} : { fails: misread() })
    for (let minute = 0; minute < 60; minute++) {
      tab.input()
      await world.advance(MINUTE)
    }
    // Once per five minutes, and once more for the one that failed.
    expect(world.server.count('keepAlive')).toBe(12)
  })
})

describe('an async function in place of one that answers at once', () => {
  it('challenge() causes no refresh, and no second request', async () => {
    const world = createWorld()
    const challenge = (async () => null) as unknown as NonNullable<SessionServer['challenge']>
    const { refresh } = world.server.of({ name: 'tab', frozen: false, gone: false })
    const tab = await world.signedIn({ server: customServer({ refresh, challenge }) })
    const send = vi.fn(async () => Promise.resolve(new Response('done')))
    const api = createFetch(tab.session, { origins: ['https://api.example.com'], fetch: send })
    await world.until(api('https://api.example.com/orders', { method: 'POST', body: 'one' }))
    expect(send).toHaveBeenCalledTimes(1)
    expect(world.server.count('refresh')).toBe(0)
  })

  it('isRefused() does not make a refusal of each connection that is lost', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const states: string[] = []
    connect(tab.session, async () => Promise.resolve(), {
      isRefused: (async () => Promise.resolve(false)) as unknown as () => boolean,
      onState: ({ state }) => states.push(state),
    })
    await world.advance('1m')
    expect(states.slice(0, 3)).toEqual(['connecting', 'waiting', 'connecting'])
    expect(states).not.toContain('refused')
  })
})

describe('a token store', () => {
  it('tokens are revoked at a sign-out where the store is null', async () => {
    const world = createWorld()
    const { ports } = world.page()
    const revoked: unknown[] = []
    const server = customServer({
      refresh: async () => Promise.resolve(world.grant()),
      signOut: async (tokens) => void revoked.push(tokens?.refresh_token),
    })
    const session = createSessionWith(ports, { server, tokenStore: null as unknown as TokenStore })
    await world.until(session.signIn(world.grant()))
    await world.until(session.signOut())
    expect(revoked).toEqual(['refresh-f1-1'])
  })

  it.each([null, undefined])(
    'a session whose tokens are gone ends where the store says %o for nothing',
    async (nothing) => {
      const world = createWorld()
      let stored: unknown = nothing
      const store = customTokens({
        shared: true,
        get: async () => Promise.resolve(stored as StoredTokens),
        set: async (value) => Promise.resolve(!!(stored = value)),
        clear: async () => Promise.resolve(null),
      })
      const tab = await world.signedIn({ tokenStore: store })
      tab.close()
      stored = nothing
      const next = world.tab({ tokenStore: store })
      await world.advance('1s')
      expect(next.session.check()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
    },
  )
})

describe('what the application changes', () => {
  it('a server that writes its answer into the tokens that it was given ends the session when the answer says', async () => {
    const world = createWorld()
    const { ports } = world.page()
    const claims = btoa(JSON.stringify({ iat: 0, session_expiry: 600 }))
    const answer = { access_token: 'b', refresh_token: 's', expires_in: 300, id_token: `a.${claims}.c` }
    const server = customServer({ refresh: async (tokens) => Promise.resolve(Object.assign(tokens!, answer)) })
    const session = createSessionWith(ports, { server })
    const first = { access_token: 'a', refresh_token: 'r', expires_in: 300, id_token: 'a.e30.c' }
    await world.until(session.signIn(first))
    const { wall } = world.time.clock()
    await world.until(session.getAccessToken({ forceRefresh: true }))
    expect(session.deadlines()).toMatchObject({ endsBy: 'server', endAt: wall + 600_000 })
  })

  it('a listener of steps that removes the id from what it is told harms nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.session.inspect(({ record }) => {
      delete (record as { id?: string }).id
    })
    const { id } = tab.session.check() as { readonly id: string }
    for (let count = 0; count < 3; count++) {
      tab.input()
      await world.advance('10s')
    }
    expect(world.record()).toMatchObject({ id })
    expect(tab.session.check()).toMatchObject({ phase: 'active', id })
    expect(tab.heard).toEqual([])
  })
})

describe('what comes from elsewhere', () => {
  it.each(['{}', 'true', '[]'])(
    'an element that has the name of the library’s own global hinders no request (%s)',
    async (element) => {
      for (const name of ['sojourn', '~sojourn']) vi.stubGlobal(name, JSON.parse(element))
      const world = createWorld()
      const tab = await world.signedIn()
      const send = vi.fn(async (request: Request) =>
        Promise.resolve(new Response(request.headers.get('Authorization'))),
      )
      const api = createFetch(tab.session, {
        origins: ['https://api.example.com'],
        fetch: send as unknown as typeof fetch,
      })
      const response = await world.until(api('https://api.example.com/orders'))
      expect(await response.text()).toBe('Bearer access-f1-1')
      vi.unstubAllGlobals()
    },
  )

  it('the TypeError of another realm says as well that the server cannot be reached', async () => {
    const world = createWorld()
    const fails: unknown = runInNewContext("new TypeError('Failed to fetch')")
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails })
    expect(await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))).toBe('offline')
  })

  it('what a server knew may be null, as JSON has it for nothing', async () => {
    const tab = await createWorld().signedIn()
    expect(createViews(tab.session, null).first).toEqual({ phase: 'loading', session: tab.session })
  })
})
