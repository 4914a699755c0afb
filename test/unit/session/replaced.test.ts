import { credentials } from '../../../src/fetch.js'
import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { customServer } from '../../../src/servers/custom.js'
import { createSessionWith } from '../../../src/testing.js'
import type { SessionServer, TokenResponse } from '../../../src/types.js'
import { createWorld, KEY, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const token = (tab: Tab, options?: Parameters<Tab['session']['getAccessToken']>[0]): Promise<unknown> =>
  outcome(tab.session.getAccessToken(options))
const forced = { forceRefresh: true } as const
/** The refresh tokens that were revoked at the server, in order. */
const revoked = (world: World): (string | undefined)[] =>
  world.server.calls.flatMap(({ method, tokens }) => (method === 'signOut' ? [tokens?.refresh_token] : []))
const events = (tab: Tab): string[] => tab.takeEvents().map(({ type }) => type)

describe('a refusal of tokens that have been replaced meanwhile', () => {
  /** The first tab has a slow refresh that will be refused. Meanwhile the second one sets tokens of a new login for the same session. */
  const refusedLate = async (): Promise<[World, Tab, Tab, Promise<unknown>]> => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.server.reply = () => ({ after: 8 * SECOND, fails: new SessionError('rejected') })
    const refused = token(one, forced)
    await world.advance(SECOND)
    await world.until(two.session.setTokens(world.grant()))
    return [world, one, two, refused]
  }

  it('a refusal of replaced tokens ends nothing: the refused tab takes the newer ones', async () => {
    const [world, one, two, refused] = await refusedLate()
    expect(await world.until(refused)).toBe('access-f2-1')
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(events(one)).toEqual(['refreshed'])
    world.server.reply = () => ({})
    expect(await world.until(token(one, forced))).toBe('access-f2-2')
  })

  it('a refusal of replaced tokens ends nothing if the store has newer ones and the record does not', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    world.server.reply = () => ({ after: SECOND, fails: new SessionError('rejected') })
    const refused = token(one, forced)
    await world.advance(100)
    world.tokens.stored = {
      ...world.tokens.stored!,
      generation: 2,
      tokens: { access_token: 'of another tab', refresh_token: 'its refresh token' },
    }
    expect(await world.until(refused)).toBe('of another tab')
    expect(one.phase()).toBe('active')
  })

  it('a refusal of replaced tokens ends nothing if only another tab has the newer ones', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.server.reply = () => ({ after: 8 * SECOND, fails: new SessionError('rejected') })
    const refused = token(one, forced)
    await world.advance(SECOND)
    // The other tab cannot store its new tokens.
    world.tokens.fault = (method) => (method === 'set' ? 'fails' : 'works')
    await world.until(two.session.setTokens(world.grant()))
    expect(await world.until(refused)).toBe('no_tokens')
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(await world.until(token(two))).toBe('access-f2-1')
  })

  it('a refusal of current tokens ends the session in all tabs', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.server.reply = () => ({ after: 8 * SECOND, fails: new SessionError('rejected') })
    expect(await world.until(token(one, forced))).toBe('signed_out')
    await world.advance(SECOND)
    for (const tab of [one, two]) expect(tab.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
  })

  it.each(['keepAlive', 'check'] as const)(
    'a refusal of replaced tokens by %s leads to one more call, with the newer ones',
    async (method) => {
      const world = createWorld()
      const tab = await world.signedIn({ keepAliveEvery: '30s' }, { methods: [method] })
      await world.advance(MINUTE)
      world.server.reply = () => ({ after: 3 * SECOND, fails: new SessionError('rejected') })
      if (method === 'keepAlive') tab.input()
      else tab.hint('focus')
      await world.advance(SECOND)
      world.server.reply = () => ({})
      await world.until(tab.session.setTokens(world.grant()))
      await world.advance(MINUTE)
      expect(tab.phase()).toBe('active')
      expect(world.server.count(method)).toBe(2)
    },
  )

  it('a refusal of a request that was sent with older tokens ends nothing', async () => {
    const world = createWorld()
    const challenge: NonNullable<SessionServer['challenge']> = ({ status }) => (status === 419 ? 'rejected' : null)
    const tab = await world.signedIn({ server: { challenge } })
    const request = new Request('https://api.example/')
    const sent = (await world.until(credentials(tab.session).authorize(request)))!
    await world.until(tab.session.setTokens(world.grant()))
    const response = new Response('', { status: 419 })
    const again = await world.until(credentials(tab.session).authorize(request, { request: sent, response }))
    expect(again?.headers.get('Authorization')).toBe('Bearer access-f2-1')
    expect(tab.phase()).toBe('active')
    // The same response to the newer tokens ends the session.
    expect(await world.until(credentials(tab.session).authorize(request, { request: again!, response }))).toBeNull()
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
  })
})

describe('a refresh or write at destroy()', () => {
  /** The page destroys its session object while the reply of a refresh is on its way, and creates another one. */
  const again = async (after: number, wait: number): Promise<[World, Tab, Tab]> => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    await world.until(token(other))
    world.server.reply = () => ({ after })
    void token(tab, forced)
    await world.advance(wait)
    tab.session.destroy()
    world.server.reply = () => ({})
    const session = createSessionWith(tab.ports, { tokenStore: world.tokens.of(tab), server: world.server.of(tab) })
    return [world, Object.assign(tab, { session, phase: () => session.getSnapshot().phase }), other]
  }

  it.each([
    [20, 5],
    [20, 15],
    [4 * SECOND, SECOND],
    [4 * SECOND, 3.9 * SECOND],
    [9 * SECOND, 6 * SECOND],
  ])(
    'a refresh at destroy() is finished, and the next session object waits for it (%i ms, %i ms)',
    async (after, wait) => {
      const [world, next, other] = await again(after, wait)
      expect(await world.until(token(next, forced))).toBe('access-f1-2')
      await world.advance(SECOND)
      expect(await world.until(token(other, forced))).toBe('access-f1-3')
      expect(world.server.reuseCount).toBe(0)
      expect([next.phase(), other.phase()]).toEqual(['active', 'active'])
    },
  )

  it('a refresh at destroy() is kept also if the reply takes longer than requestTimeout', async () => {
    const [world, next] = await again(14 * SECOND, SECOND)
    expect(await world.until(token(next, forced))).toMatch(/timeout|server/)
    await world.advance(6 * SECOND)
    expect(await world.until(token(next))).toBe('access-f1-2')
    expect(world.server.reuseCount).toBe(0)
  })

  it('a refresh at destroy() calls no listener, and leaves no timer and no lock in the end', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const received: string[] = []
    for (const type of ['refreshed', 'refreshFailed', 'signedOut', 'signedIn'] as const)
      tab.session.on(type, () => received.push(type))
    tab.session.inspect(() => received.push('step'))
    world.server.reply = () => ({ after: 4 * SECOND })
    const waiting = token(tab, forced)
    await world.advance(SECOND)
    received.length = 0
    const shown = tab.session.getSnapshot()
    tab.session.destroy()
    expect(await Promise.race([waiting, world.advance(0)])).toBe('signed_out')
    await world.advance(10 * SECOND)
    expect(received).toEqual([])
    expect(tab.session.getSnapshot()).toBe(shown)
    expect(tab.timers()).toBe(0)
    expect(world.locks.isHeld(KEY)).toBe(false)
    expect(world.record()).toMatchObject({ generation: 2 })
  })

  it('I5: a refresh at destroy() is discarded and revoked if the session has ended since', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.server.reply = (method) => ({ after: method === 'refresh' ? 4 * SECOND : 20 })
    void token(one, forced)
    await world.advance(SECOND)
    one.session.destroy()
    // The server has rotated by now.
    await world.advance(2 * SECOND)
    await world.until(two.session.signOut())
    await world.advance(10 * SECOND)
    expect(world.tokens.stored).toBeNull()
    expect(two.phase()).toBe('signedOut')
    const revoked = world.server.calls.filter(({ method }) => method === 'signOut')
    expect(revoked.map(({ tokens }) => tokens?.refresh_token)).toEqual(['refresh-f1-1', 'refresh-f1-2'])
  })

  it('I5: a refresh at destroy() revokes nothing twice if its reply has no new refresh token', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    world.server.reply = (method) =>
      method === 'refresh' ? { after: 4 * SECOND, replies: { access_token: 'new', expires_in: 300 } } : {}
    void token(one, forced)
    await world.advance(SECOND)
    one.session.destroy()
    // The server has replied by now.
    await world.advance(2 * SECOND)
    await world.until(two.session.signOut())
    await world.advance(10 * SECOND)
    expect(revoked(world)).toEqual(['refresh-f1-1'])
  })

  it('I5: a refresh at destroy() leaves new tokens that were stored to the tab that ended the session', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    world.server.reply = (method) => ({ after: method === 'refresh' ? 4 * SECOND : 20 })
    void token(one, forced)
    await world.advance(SECOND)
    one.session.destroy()
    world.tokens.stored = null
    let writes = 0
    world.tokens.delay = (access) => {
      // The store is found empty, and written once more: meanwhile the user signs out in the other tab.
      if (access === 'set' && ++writes === 3) void two.session.signOut()
      return { get: 1, set: 10, clear: 15 }[access]
    }
    await world.advance(10 * SECOND)
    expect([writes, world.tokens.stored, revoked(world)]).toEqual([3, null, ['refresh-f1-2']])
  })

  it('activity and holds of a destroyed session object do not keep the session alive', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.session.hold()
    world.server.reply = () => ({ after: 15 * SECOND })
    await world.advance(50 * SECOND)
    void token(tab, forced)
    await world.advance(SECOND)
    const { activeAt } = world.record()
    tab.session.destroy()
    tab.input()
    // By now the hold would have been renewed.
    await world.advance(20 * SECOND)
    expect(world.record()).toMatchObject({ generation: 2, activeAt })
  })

  it('a refresh at destroy() is not aborted by a caller who stops waiting', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ after: 4 * SECOND })
    const controller = new AbortController()
    const waiting = token(tab, { ...forced, signal: controller.signal })
    await world.advance(SECOND)
    controller.abort()
    await waiting
    await world.advance(4 * SECOND)
    expect(world.tokens.stored).toMatchObject({ generation: 2 })
  })

  it('a refusal after destroy() ends the session in the other tabs', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.server.reply = () => ({ after: 4 * SECOND, fails: new SessionError('rejected') })
    void token(one, forced)
    await world.advance(SECOND)
    one.session.destroy()
    await world.advance(4 * SECOND)
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  it('tokens set at destroy() are stored, because the old ones may be used up', async () => {
    const world = createWorld()
    const page = world.page()
    const receive = () => new Promise<void>((resolve) => page.ports.after(50, resolve))
    const session = createSessionWith(page.ports, {
      server: customServer({ ...world.server.of(page), receive }),
      tokenStore: world.tokens.of(page),
    })
    await world.until(session.signIn(world.grant()))
    const set = outcome(session.setTokens(world.grant()))
    await world.advance(20)
    session.destroy()
    expect(await world.until(set)).toBe('signed_out')
    expect(await world.until(token(world.tab()))).toBe('access-f2-1')
  })

  it('a refresh at destroy() leaves the tokens of a sign-in whose record is on its way', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    await world.until(token(two))
    world.server.reply = () => ({ after: 5.2 * SECOND })
    void token(one, forced)
    await world.advance(100)
    one.session.destroy()
    world.storage.lag = 200
    // It waits 5 s for the lock.
    await world.until(two.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(await world.until(token(world.tab()))).toBe('access-f2-1')
  })

  it.each(['signIn', 'setTokens'] as const)(
    'a write that %s had begun at destroy() is finished, because the old tokens are used up',
    async (what) => {
      const world = createWorld()
      world.tokens.delay = (method) => (method === 'set' ? 50 : 1)
      const tab = await world.signedIn()
      const other = world.tab()
      const done = outcome(tab.session[what](world.grant()))
      await world.advance(20)
      tab.session.destroy()
      expect(await world.until(done)).toBe('signed_out')
      await world.advance(SECOND)
      expect(other.phase()).toBe('active')
      expect(await world.until(token(other))).toBe('access-f2-1')
      expect(world.locks.isHeld(KEY)).toBe(false)
    },
  )
})

describe('tokens that are overwritten', () => {
  it.each([0, 1, 5, 20, 50, 99, 100, 101, 150])(
    'overwritten tokens are revoked once if two tabs sign in right after the end (store: %i ms)',
    async (delay) => {
      const world = createWorld()
      const one = await world.signedIn()
      const two = world.tab()
      await world.until(token(two))
      world.tokens.delay = (method) => (method === 'clear' ? delay : 1)
      const again: Promise<void>[] = []
      for (const tab of [one, two]) tab.session.on('signedOut', () => again.push(tab.session.signIn(world.grant())))
      void one.session.signOut()
      await world.advance(2 * SECOND)
      await world.until(Promise.all(again))
      expect(again).toHaveLength(2)
      expect(revoked(world)).toEqual(['refresh-f1-1'])
      const [first, second] = [await world.until(token(one)), await world.until(token(two))]
      expect(first).toBe(second)
      expect(first).toMatch(/^access-f[23]-1$/)
    },
  )

  it('overwritten tokens of an ended session are revoked by the sign-in that finds them', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.tokens.delay = (method) => (method === 'clear' ? 2 * SECOND : 1)
    const out = one.session.signOut()
    await world.advance(10)
    await world.until(two.session.signIn(world.grant()))
    await world.until(out)
    await world.advance(3 * SECOND)
    expect(revoked(world)).toEqual(['refresh-f1-1'])
    expect(world.tokens.stored).toMatchObject({ tokens: { access_token: 'access-f2-1' } })
  })

  it('overwritten tokens of a live session are not revoked: a server may count both as one grant', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.until(world.tab().session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(revoked(world)).toEqual([])
    expect(one.phase()).toBe('active')
  })

  it('overwritten tokens are not revoked if the same ones are set again after the end', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const same = world.tokens.stored!.tokens
    world.tokens.delay = (method) => (method === 'clear' ? 2 * SECOND : 1)
    void one.session.signOut()
    await world.advance(10)
    await world.until(two.session.signIn(same))
    await world.advance(3 * SECOND)
    expect(revoked(world)).toEqual([])
  })

  it('I4: a late refresh of the session before does not displace the tokens of the new one', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.server.reply = (method) => ({ after: method === 'refresh' ? 8 * SECOND : 20 })
    const late = token(one, forced)
    await world.advance(SECOND)
    // The sign-in waits for the lock for at most five seconds, and its messages are lost.
    world.deafen()
    world.storage.lag = 100
    await world.until(two.session.signIn(world.grant()))
    await world.advance(9 * SECOND)
    expect(await late).not.toBe('access-f1-2')
    expect(world.tokens.stored).toMatchObject({ id: 'session-0002', tokens: { access_token: 'access-f2-1' } })
    // A server may count both as one grant.
    expect(revoked(world)).toEqual([])
  })

  it('tokens set during a refresh stay, although its reply would be of a later generation', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.server.reply = () => ({ after: 8 * SECOND })
    const late = token(one, forced)
    await world.advance(SECOND)
    await world.until(two.session.setTokens(world.grant()))
    expect(await world.until(late)).toBe('access-f2-1')
    expect(world.tokens.stored).toMatchObject({ generation: 2, tokens: { access_token: 'access-f2-1' } })
  })

  it.each([
    ['while the server takes the tokens', 'receive'],
    ['while they are stored', 'set'],
  ])('tokens set in a page that is frozen %s do not displace those of a sign-in', async (_when, where) => {
    const world = createWorld()
    const slow = (work: string): number => (work !== where ? 1 : work === 'set' ? 50 : 6 * SECOND)
    const page = world.page()
    let takes = 0
    const receive = () => new Promise<void>((resolve) => page.ports.after(takes, resolve))
    const session = createSessionWith(page.ports, {
      server: customServer({ ...world.server.of(page), receive }),
      tokenStore: world.tokens.of(page),
    })
    await world.until(session.signIn(world.grant()))
    world.tokens.delay = slow
    takes = slow('receive')
    const set = outcome(session.setTokens(world.grant()))
    await world.advance(20)
    page.frozen = true
    world.tokens.delay = () => 1
    const other = world.tab()
    await world.until(other.session.signIn(world.grant()))
    page.frozen = false
    // It learns of the tokens of the sign-in.
    expect(await world.until(outcome(session.getAccessToken()))).toBe('access-f3-1')
    expect(await world.until(set)).toBe('signed_out')
    await world.advance(SECOND)
    expect(await world.until(token(world.tab()))).toBe('access-f3-1')
    expect(revoked(world)).toEqual(['refresh-f2-1'])
  })

  it('tokens of a refresh in a page that is frozen while they are stored do not displace those of a sign-in', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const refreshed = token(one, forced)
    await world.advance(15)
    // Somebody has emptied the store.
    world.tokens.stored = null
    world.tokens.delay = (access) => (access === 'set' ? 50 : 1)
    await world.advance(130)
    one.frozen = true
    world.tokens.delay = () => 1
    const two = world.tab()
    await world.until(two.session.signIn(world.grant()))
    one.frozen = false
    expect(await world.until(refreshed)).toBe('signed_out')
    await world.advance(SECOND)
    expect(await world.until(token(world.tab()))).toBe('access-f2-1')
  })

  it('tokens set for the same session get a higher generation, although the record lags', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(token(two))
    world.tokens.stored = { ...world.tokens.stored!, generation: 2 }
    await world.until(one.session.setTokens(world.grant()))
    expect(world.tokens.stored).toMatchObject({ generation: 3, tokens: { access_token: 'access-f2-1' } })
    expect(world.record()).toMatchObject({ generation: 3 })
    expect(await world.until(token(two))).toBe('access-f2-1')
  })

  it('tokens that could not be stored stay in memory while a refresh of the session before runs without locks', async () => {
    const world = createWorld()
    world.locks.refuses = true
    const tab = await world.signedIn()
    world.tokens.fault = (access) => (access === 'set' ? 'lost' : 'works')
    world.tokens.delay = (access) => (access === 'clear' ? 800 : 1)
    const signedIn = outcome(tab.session.signIn(world.grant()))
    await world.advance(5010)
    const refreshed = outcome(tab.session.getAccessToken({ forceRefresh: true }))
    expect(await world.until(signedIn)).toBeUndefined()
    expect(await world.until(refreshed)).toBe('signed_out')
    expect(await world.until(token(tab))).toBe('access-f2-1')
    await world.advance(MINUTE)
    expect(tab.phase()).toBe('active')
  })

  it('tokens that could not be stored stay in memory while a call for the session before reads the store', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.fault = (access) => (access === 'set' ? 'fails' : 'works')
    world.tokens.delay = (access) => (access === 'clear' ? 100 : 10)
    const signedIn = tab.session.signIn(world.grant())
    await world.advance(50)
    expect(await world.until(token(tab))).toBe('access-f1-1')
    expect(await world.until(outcome(signedIn))).toBeUndefined()
    expect(await world.until(token(tab))).toBe('access-f2-1')
    expect(tab.phase()).toBe('active')
  })

  it('tokens in a store without support of `null` are overwritten as before', async () => {
    const world = createWorld()
    let stored: unknown = null
    const tokenStore = {
      shared: true,
      get: () => Promise.resolve(stored as never),
      set: (value: { id: string }, expected?: { id: string } | null) => {
        const free = !expected || (stored as { id: string } | null)?.id === expected.id
        if (free) stored = value
        return Promise.resolve(free)
      },
      clear: () => Promise.resolve(null),
    }
    const tab = world.tab({ tokenStore })
    for (const round of [1, 2]) {
      await world.until(tab.session.signIn(world.grant()))
      expect(await world.until(token(tab))).toBe(`access-f${round}-1`)
    }
  })

  it('tokens that cannot be read are overwritten in the end', async () => {
    const world = createWorld()
    const kept: { stored: { tokens?: TokenResponse } } = { stored: {} }
    const tokenStore = {
      shared: true,
      get: () => Promise.resolve(kept.stored as never),
      set: (value: { tokens: TokenResponse }, expected?: object | null) => {
        if (expected === null) return Promise.resolve(false)
        kept.stored = value
        return Promise.resolve(true)
      },
      clear: () => Promise.resolve(null),
    }
    const tab = world.tab({ tokenStore })
    await world.until(tab.session.signIn(world.grant()))
    expect(kept.stored.tokens?.access_token).toBe('access-f1-1')
  })
})
