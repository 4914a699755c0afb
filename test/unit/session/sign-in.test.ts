import { describe, expect, it, vi } from 'vitest'
import { decode } from '../../../src/core/record.js'
import { SessionError } from '../../../src/errors.js'
import type { Tab } from '../../../src/testing.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { webStorageTokens } from '../../../src/tokens/stores/web-storage.js'
import type { SessionServer, TokenResponse } from '../../../src/types.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, START, stranger, type World } from './world.js'

describe('signIn()', () => {
  it('signIn() counts the life of its tokens from the call, also if the machine sleeps while other tabs are queried', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    const signedIn = tab.session.signIn(world.grant())
    world.sleep(10 * MINUTE)
    await world.until(signedIn)
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('signIn() begins a session in all tabs, with its tokens in the store', async () => {
    const world = createWorld()
    const one = world.tab()
    const two = world.tab()
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(one.takeEvents()).toEqual([{ type: 'signedIn', id: 'session-0001', where: 'here' }])
    expect(two.takeEvents()).toEqual([{ type: 'signedIn', id: 'session-0001', where: 'elsewhere' }])
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001', generation: 1 })
    expect(await world.until(two.session.getAccessToken())).toBe('access-f1-1')
    expect(world.server.calls).toEqual([])
  })

  it('signIn() stores the tokens before the record shows the session', async () => {
    const world = createWorld()
    const tab = world.tab()
    const seen: unknown[] = []
    tab.session.on('signedIn', () => seen.push(world.tokens.stored?.id))
    await world.until(tab.session.signIn(world.grant()))
    expect(seen).toEqual(['session-0001'])
  })

  it('signIn() lets listeners use the same lock at once, and does not wait for them', async () => {
    const world = createWorld()
    const tab = world.tab()
    let next: Promise<unknown> | undefined
    tab.session.on('signedIn', () => {
      next ??= tab.session.signIn(world.grant())
    })
    await world.until(tab.session.signIn(world.grant()))
    await world.until(next!)
    expect(tab.session.getSnapshot()).toMatchObject({ id: 'session-0002' })
  })

  it('signIn() without tokens begins a session by cookie', async () => {
    const world = createWorld()
    const tab = world.tab({ server: {} })
    await world.until(tab.session.signIn())
    expect(tab.phase()).toBe('active')
    expect(world.tokens.stored).toBeNull()
    await expect(world.until(tab.session.getAccessToken())).rejects.toMatchObject({ code: 'no_tokens' })
    expect(tab.phase()).toBe('active')
  })

  it.each([null, 7, 'token', {}, { access_token: '' }, { access_token: 7 }, { refresh_token: 'r' }])(
    'I12: signIn() rejects a malformed token response, and changes nothing: %j',
    async (tokens) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const { stored } = world.tokens
      for (const take of ['signIn', 'setTokens'] as const)
        await expect(world.until(tab.session[take](tokens as never))).rejects.toMatchObject({
          name: 'SessionError',
          code: 'invalid_response',
        })
      expect(world.tokens.stored).toBe(stored)
      expect(tab.heard).toEqual([])
    },
  )

  it('signIn() as another user replaces the session everywhere, and other tabs get `switched`', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(two.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(one.takeEvents()).toEqual([{ type: 'switched', from: 'session-0001', to: 'session-0002' }])
    expect(two.takeEvents()).toEqual([{ type: 'signedIn', id: 'session-0002', where: 'here' }])
    expect(await world.until(one.session.getAccessToken())).toBe('access-f2-1')
    expect(world.tokens.stored).toMatchObject({ id: 'session-0002' })
    // The server may count old and new tokens as one grant, and a revocation would end both.
    expect(world.server.count('signOut')).toBe(0)
  })

  it('signIn() in another tab is followed by `switched` and the warning in a tab that learns late', async () => {
    const world = createWorld({ engine: 'firefox' })
    const one = await world.signedIn()
    world.tab()
    await world.advance(13 * MINUTE)
    expect(one.takeEvents()).toMatchObject([{ type: 'warning' }])
    one.frozen = true
    const two = world.tab()
    await world.until(two.session.signIn(world.grant()))
    await world.advance(14 * MINUTE)
    one.frozen = false
    await world.advance(SECOND)
    expect(one.takeEvents()).toMatchObject([{ type: 'switched', to: 'session-0002' }, { type: 'warning' }])
  })

  it('signIn() in another tab is not taken for one of this tab whose activity counts in the same step', async () => {
    const world = createWorld({ engine: 'firefox' })
    const one = world.tab()
    one.session.hold()
    one.frozen = true
    await world.until(world.tab().session.signIn(world.grant()))
    await world.advance(14 * MINUTE)
    one.frozen = false
    await world.advance(SECOND)
    expect(one.takeEvents()[0]).toEqual({ type: 'signedIn', id: 'session-0001', where: 'elsewhere' })
    expect(one.phase()).toBe('active')
  })

  it('signIn() as another user is followed by `switched` where input in a tab that learns late closes its warning', async () => {
    const world = createWorld()
    const one = await world.signedIn({ activityDuringWarning: 'extend' })
    one.timersEvery = Infinity
    world.storage.delay = world.channel.delay = Infinity
    await world.until(world.tab().session.signIn(world.grant()))
    await world.advance(14 * MINUTE)
    one.takeEvents()
    one.input()
    expect(one.takeEvents()).toEqual([{ type: 'switched', from: 'session-0001', to: 'session-0002' }])
  })

  it('signIn() in two tabs at once leaves one session, the same in both, and tokens for it', async () => {
    const world = createWorld()
    const one = world.tab()
    const two = world.tab()
    await world.until(Promise.all([one.session.signIn(world.grant()), two.session.signIn(world.grant())]))
    await world.advance(SECOND)
    expect(one.session.getSnapshot()).toEqual(two.session.getSnapshot())
    const { id } = one.session.getSnapshot() as { id: string }
    expect(world.tokens.stored!.id).toBe(id)
    expect(await world.until(one.session.getAccessToken())).toBe(await world.until(two.session.getAccessToken()))
  })

  it('signIn() goes ahead after 5 s if another tab does not release the lock', async () => {
    const world = createWorld()
    const frozen = await world.signedIn()
    world.server.reply = () => ({ hangs: true })
    void frozen.session.getAccessToken({ forceRefresh: true }).catch(() => {})
    await world.advance(SECOND)
    frozen.frozen = true
    const two = world.tab()
    const began = world.time.clock().mono
    await world.until(two.session.signIn(world.grant()))
    expect(world.time.clock().mono - began).toBe(5005)
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })

  it('signIn() works again after a sign-out, as a new session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.signOut())
    tab.takeEvents()
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.takeEvents()).toEqual([{ type: 'signedIn', id: 'session-0002', where: 'here' }])
    expect(world.tab().session.getSnapshot()).toEqual(tab.session.getSnapshot())
  })

  it('signIn() counts the lifetime of tokens from the call, although the lock took long', async () => {
    const world = createWorld()
    world.server.expiresIn = 6
    const frozen = await world.signedIn()
    void outcome(frozen.session.getAccessToken({ forceRefresh: true }))
    await world.advance(5)
    frozen.frozen = true
    const two = world.tab()
    await world.until(two.session.signIn(world.grant()))
    await world.advance(2 * SECOND)
    expect(await world.until(two.session.getAccessToken())).toBe('access-f2-2')
  })

  it.each([
    ['waits for its turn', 0, 100],
    ['stores them', 10, 0],
  ])(
    'signIn() does not lengthen the lifetime of tokens if the clock is set back while it %s',
    async (_what, ms, age) => {
      const world = createWorld()
      world.tokens.delay = () => 100
      const tab = world.tab()
      await world.advance(SECOND)
      const signedIn = tab.session.signIn({ ...world.grant(), authorization_expires_in: 600 })
      if (ms > 0) await world.advance(ms)
      world.setClock(-24 * HOUR)
      await world.until(signedIn)
      const { startedAt, tokenAt, tokenExpiresAt, grantEndsAt } = decode(world.storage.stored.get(KEY), START)!
      expect(startedAt - tokenAt).toBe(age)
      expect([tokenExpiresAt - tokenAt, grantEndsAt - tokenAt]).toEqual([5 * MINUTE, 10 * MINUTE])
    },
  )

  it('signIn() does not shorten the lifetime of tokens if its page learns of a clock set back', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const removed = Object.fromEntries(world.storage.stored)
    world.setClock(-10 * MINUTE)
    world.storage.stored.clear()
    world.tokens.delay = () => 100
    const two = world.tab()
    const signedIn = two.session.signIn(world.grant())
    await world.advance(10)
    world.storage.change(removed)
    one.session.check()
    await world.until(signedIn)
    const { startedAt, tokenAt, skew } = world.record() as Record<string, number>
    expect([skew, startedAt! - tokenAt!]).toEqual([10 * MINUTE, 300])
  })

  it('signIn() gives a full absolute and idle timeout, whatever came before', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: '1h' })
    await world.advance(20 * MINUTE)
    const { wall } = world.time.clock()
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.session.deadlines()!.endAt - wall).toBe(15 * MINUTE + 1)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active' })
  })
})

describe('signIn() with a login', () => {
  const login = 'login-of-monday'

  it('signIn() with the same login continues the session on every page load, without a request', async () => {
    const world = createWorld()
    const one = world.tab({ server: {} })
    await world.until(one.session.signIn(undefined, { login }))
    const before = one.session.getSnapshot()
    await world.advance(MINUTE)
    const two = world.tab({ server: {} })
    const { writes } = world.storage.count
    await world.until(two.session.signIn(undefined, { login }))
    await world.until(one.session.signIn(undefined, { login }))
    expect(two.session.getSnapshot()).toEqual(before)
    expect(world.storage.count.writes).toBe(writes)
    expect(two.heard).toEqual([])
  })

  it('signIn() with a login is no activity', async () => {
    const world = createWorld()
    const tab = world.tab({ server: {} })
    await world.until(tab.session.signIn(undefined, { login }))
    const { endAt } = tab.session.deadlines()!
    await world.advance(10 * MINUTE)
    await world.until(tab.session.signIn(undefined, { login }))
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
  })

  it('signIn() with a login takes newer tokens for the session that it continues', async () => {
    const world = createWorld()
    const tab = world.tab()
    await world.until(tab.session.signIn(world.grant(), { login }))
    await world.until(tab.session.signIn(world.grant(), { login }))
    expect(tab.session.getSnapshot()).toMatchObject({ id: 'session-0001' })
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f2-1')
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001', generation: 2 })
  })

  it.each(['signOut', 'idle', 'wiped'])(
    'I5: signIn() with a login never revives a session that ended by %s, with or without tokens',
    async (reason) => {
      const world = createWorld()
      const tab = world.tab()
      await world.until(tab.session.signIn(world.grant(), { login }))
      if (reason === 'signOut') await world.until(tab.session.signOut())
      if (reason === 'idle') await world.advance(HOUR)
      if (reason === 'wiped') world.storage.change({ [KEY]: null })
      await world.advance(SECOND)
      const ended = tab.session.getSnapshot()
      expect(ended).toMatchObject({ phase: 'signedOut', reason })
      await world.until(tab.session.signIn(undefined, { login }))
      await world.until(world.tab().session.signIn(undefined, { login }))
      const again = world.until(tab.session.signIn(world.grant(), { login }))
      await expect(again).rejects.toMatchObject({ code: 'invalid_options' })
      expect(tab.session.getSnapshot()).toEqual(ended)
      expect(world.tokens.stored).toBeNull()
    },
  )

  it('signIn() with another login replaces the session, live or ended', async () => {
    const world = createWorld()
    const tab = world.tab({ server: {} })
    await world.until(tab.session.signIn(undefined, { login }))
    await world.until(tab.session.signIn(undefined, { login: 'login-of-tuesday' }))
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(undefined, { login: 'login-of-wednesday' }))
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0003' })
  })

  it.each(['', 7, 1_800_000_000, true, {}])(
    'signIn() with a login that is no string is refused, not mistaken for another: %j',
    async (wrong) => {
      const world = createWorld()
      const tab = world.tab({ server: {} })
      expect(await world.until(outcome(tab.session.signIn(undefined, { login: wrong as never })))).toBe(
        'invalid_options',
      )
      expect(tab.phase()).toBe('signedOut')
    },
  )

  it('signIn() with a login replaces a session that began without one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.signIn(world.grant(), { login }))
    expect(tab.session.getSnapshot()).toMatchObject({ id: 'session-0002' })
  })

  it('I9: signIn() with a login keeps a hash of it only', async () => {
    const world = createWorld()
    const tab = world.tab()
    const steps: unknown[] = []
    tab.session.inspect((step) => steps.push(step))
    await world.until(tab.session.signIn(world.grant(), { login }))
    await world.until(tab.session.signOut())
    expect(
      JSON.stringify([[...world.storage.stored], world.channel.posted.map(({ message }) => message), steps]),
    ).not.toContain(login)
  })
})

describe('setTokens()', () => {
  it('setTokens() replaces the tokens of the running session, in all tabs', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(two.session.getAccessToken())
    await world.until(one.session.setTokens(world.grant()))
    await world.advance(SECOND)
    expect(one.session.getSnapshot()).toMatchObject({ id: 'session-0001' })
    expect(await world.until(two.session.getAccessToken())).toBe('access-f2-1')
    expect(two.takeEvents()).toEqual([{ type: 'refreshed', generation: 2 }])
  })

  it('setTokens() repairs a session that has lost its own tokens', async () => {
    const world = createWorld()
    const tab = world.tab({ tokenStore: memoryTokens(), server: {} })
    await world.until(tab.session.signIn(world.grant()))
    const reloaded = world.tab({ tokenStore: memoryTokens(), server: {} })
    expect(reloaded.phase()).toBe('active')
    await expect(world.until(reloaded.session.getAccessToken())).rejects.toMatchObject({ code: 'no_tokens' })
    await world.until(reloaded.session.setTokens(world.grant()))
    expect(await world.until(reloaded.session.getAccessToken())).toBe('access-f2-1')
  })

  it('setTokens() is refused without a live session', async () => {
    const world = createWorld()
    const tab = world.tab()
    await expect(world.until(tab.session.setTokens(world.grant()))).rejects.toMatchObject({ code: 'signed_out' })
    const signedOut = await world.signedIn()
    await world.until(signedOut.session.signOut())
    await expect(world.until(signedOut.session.setTokens(world.grant()))).rejects.toMatchObject({ code: 'signed_out' })
    expect(world.tokens.stored).toBeNull()
  })

  it('setTokens() is refused, and its tokens revoked, if the session ends while they are being stored', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const set = outcome(tab.session.setTokens(world.grant()))
    await world.advance(0)
    void tab.session.signOut()
    await world.advance(SECOND)
    expect(await set).toBe('signed_out')
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls.map(({ tokens }) => tokens?.refresh_token)).toContain('refresh-f2-1')
  })

  it('setTokens() is no activity', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { endAt } = tab.session.deadlines()!
    await world.advance(5 * MINUTE)
    await world.until(tab.session.setTokens(world.grant()))
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
  })
})

describe('a server with receive()', () => {
  const seeing = (world: World, receive: NonNullable<SessionServer['receive']>): SessionServer => ({
    ...world.server.of(stranger('tab')),
    receive,
  })

  it('receive() gets the tokens of signIn() and setTokens() before they are stored, and no refreshed ones', async () => {
    const world = createWorld()
    const seen: unknown[] = []
    const receive = async ({ access_token }: TokenResponse): Promise<void> => {
      seen.push([access_token, world.tokens.stored?.tokens.access_token])
      return Promise.resolve()
    }
    const tab = await world.signedIn({ server: seeing(world, receive) })
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.until(tab.session.setTokens(world.grant()))
    await world.until(world.tab({ server: seeing(world, receive) }).session.signIn(undefined, { login: 'by cookie' }))
    expect(seen).toEqual([
      ['access-f1-1', undefined],
      ['access-f2-1', 'access-f1-2'],
    ])
  })

  it('receive() can refuse tokens, and nothing is changed', async () => {
    const world = createWorld()
    const receive = async (): Promise<void> => Promise.reject(new SessionError('invalid_response'))
    const tab = world.tab({ server: seeing(world, receive) })
    expect(await world.until(outcome(tab.session.signIn(world.grant())))).toBe('invalid_response')
    expect(tab.phase()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
    expect(world.locks.isHeld(KEY)).toBe(false)
  })

  it('I8: receive() may take 5 s', async () => {
    const world = createWorld()
    const tab = world.tab({ server: seeing(world, async () => new Promise(() => {})) })
    expect(await world.until(outcome(tab.session.signIn(world.grant())), 6 * SECOND)).toBe('timeout')
    await world.advance(10)
    expect(world.locks.isHeld(KEY)).toBe(false)
  })

  it('receive() can report a missing feature, to late listeners as well', async () => {
    const world = createWorld()
    const tab = await world.signedIn({
      server: seeing(world, async (_tokens, { degraded }) => {
        degraded('dpop', 'One tab only.')
        return Promise.resolve()
      }),
    })
    const late: unknown[] = []
    tab.session.on('degraded', (event) => late.push(event))
    await world.advance(0)
    for (const reported of [tab.degraded, late])
      expect(reported).toEqual([{ feature: 'dpop', consequence: 'One tab only.' }])
  })
})

describe('signOut()', () => {
  it('I2: signOut() ends the session everywhere at once, before anything is awaited', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const signedOut = one.session.signOut()
    expect(one.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    expect(world.storage.stored.has(`${KEY}:end`)).toBe(true)
    await world.advance(2)
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    await world.until(signedOut)
    expect(one.takeEvents()).toEqual([{ type: 'signedOut', reason: 'signOut', where: 'here' }])
    expect(two.takeEvents()).toEqual([{ type: 'signedOut', reason: 'signOut', where: 'elsewhere' }])
  })

  it.each([
    { storage: Infinity, channel: 1 },
    { storage: 2, channel: Infinity },
  ])('I2: signOut() reaches other tabs by channel or by storage alone: %j', async (delay) => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    Object.assign(world.storage, { delay: delay.storage })
    Object.assign(world.channel, { delay: delay.channel })
    void one.session.signOut()
    await world.advance(5)
    expect(two.phase()).toBe('signedOut')
  })

  it('I2: signOut() is found at the next hint if no message arrived', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(SECOND)
    world.deafen()
    void one.session.signOut()
    await world.advance(SECOND)
    expect(two.phase()).toBe('active')
    two.hint('visibilitychange')
    expect(two.phase()).toBe('signedOut')
  })

  it('I7: signOut() clears the store and revokes once, by the tab that removed the tokens', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const others = [world.tab(), world.tab(), world.tab()]
    await world.until(Promise.all(others.map((tab) => tab.session.getAccessToken())))
    await world.until(one.session.signOut())
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls).toMatchObject([
      { method: 'signOut', reason: 'signOut', tokens: { refresh_token: 'refresh-f1-1' } },
    ])
  })

  it.each([undefined, true])(
    'I7: signOut() revokes the tokens also if the own `clear` of a store returns %s',
    async (result) => {
      const world = createWorld()
      const store = memoryTokens()
      const clear = async (id: string): Promise<never> => {
        await store.clear(id)
        return result as never
      }
      const tab = world.tab({ tokenStore: { ...store, clear } })
      await world.until(tab.session.signIn(world.grant()))
      await world.until(tab.session.signOut())
      expect(world.server.calls).toMatchObject([
        { method: 'signOut', reason: 'signOut', tokens: { refresh_token: 'refresh-f1-1' } },
      ])
    },
  )

  it('I9: signOut() revokes the tokens of a refresh in another tab, also if that removes them first', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(two.session.getAccessToken())
    let clears = 0
    world.tokens.delay = (access) => (access === 'set' ? 20 : access === 'clear' && !clears++ ? 50 : 1)
    const late = outcome(two.session.getAccessToken({ forceRefresh: true }))
    await world.advance(30)
    expect(world.server.count('refresh')).toBe(1)
    void one.session.signOut()
    await world.advance(SECOND)
    expect(await late).toBe('signed_out')
    expect(world.tokens.stored).toBeNull()
    const revoked = world.server.calls.filter(({ method }) => method === 'signOut')
    expect(revoked).toMatchObject([{ from: 'tab 2', tokens: { refresh_token: 'refresh-f1-2' }, reason: 'signOut' }])
  })

  it('signOut() in two tabs at once calls the server once', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(Promise.all([one.session.signOut(), two.session.signOut(), one.session.signOut()]))
    expect(world.server.count('signOut')).toBe(1)
    expect(one.takeEvents()).toHaveLength(1)
    expect(two.takeEvents()).toHaveLength(1)
  })

  it('signOut() revokes in each tab the tokens that only it holds', async () => {
    const world = createWorld()
    const one = world.tab({ tokenStore: memoryTokens() })
    const two = world.tab({ tokenStore: memoryTokens() })
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    await world.until(two.session.setTokens(world.grant()))
    await world.until(one.session.signOut())
    await world.advance(SECOND)
    const revoked = world.server.calls.map(({ method, from, tokens }) => [method, from, tokens?.refresh_token])
    expect(revoked.sort()).toEqual([
      ['signOut', 'tab 1', 'refresh-f1-1'],
      ['signOut', 'tab 2', 'refresh-f2-1'],
    ])
  })

  it('signOut() of a session by cookie calls the server once, from the tab that ended it', async () => {
    const world = createWorld()
    const one = world.tab({}, { methods: ['signOut'] })
    const two = world.tab({}, { methods: ['signOut'] })
    await world.until(one.session.signIn())
    await world.advance(SECOND)
    await world.until(two.session.signOut())
    await world.advance(SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'signOut', from: 'tab 2', tokens: null, reason: 'signOut' }])
  })

  it('signOut() of a session by cookie calls the server once if each tab keeps its own tokens, too', async () => {
    const world = createWorld()
    const tabs = [1, 2, 3].map(() => world.tab({ tokenStore: memoryTokens() }, { methods: ['signOut'] }))
    await world.until(tabs[0]!.session.signIn())
    await world.advance(SECOND)
    await world.until(tabs[1]!.session.signOut())
    await world.advance(SECOND)
    expect(tabs.map((tab) => tab.phase())).toEqual(['signedOut', 'signedOut', 'signedOut'])
    expect(world.server.calls).toMatchObject([{ method: 'signOut', from: 'tab 2', tokens: null }])
  })

  it('signOut() revokes once with tokens in web storage, of which each process has a copy', async () => {
    const world = createWorld()
    world.storage.lag = 50
    const open = (): Tab => {
      const tab: Tab = world.tab({ tokenStore: webStorageTokens(() => world.storage.of(tab)) })
      return tab
    }
    const [one, two] = [open(), open()]
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(await world.until(two.session.getAccessToken())).toBe('access-f1-1')
    await world.until(one.session.signOut())
    await world.advance(SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'signOut', from: 'tab 1', reason: 'signOut' }])
  })

  it('I9: signOut() in a tab that crashes leaves no tokens: another tab removes and revokes them', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    world.tab()
    void one.session.signOut()
    one.crash()
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls).toMatchObject([
      { method: 'signOut', from: 'tab 2', tokens: { refresh_token: 'refresh-f1-1' }, reason: 'signOut' },
    ])
  })

  it('signOut() leaves no input behind that would count for the next session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.input()
    tab.input()
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
    tab.hint('focus')
    await world.advance(5 * SECOND)
    expect(world.record()['activeAt']).toBe(startedAt)
  })

  it('I8: signOut() waits at most 5 s for a server without a response, or for a store that hangs', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ hangs: true })
    const began = world.time.clock().mono
    await world.until(tab.session.signOut())
    expect(world.time.clock().mono - began).toBe(5005)
    const other = await world.signedIn()
    world.tokens.fault = () => 'hangs'
    await world.until(other.session.signOut())
    expect(other.phase()).toBe('signedOut')
  })

  it('signOut() never rejects: offline, with a broken server or store, twice, and signed out', async () => {
    const world = createWorld()
    const faults = [
      () => (world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })),
      () => (world.tokens.fault = () => 'fails'),
      () => (world.storage.isAvailable = false),
    ]
    for (const fault of faults) {
      const tab = await world.signedIn()
      fault()
      await world.until(tab.session.signOut())
      await world.until(tab.session.signOut())
      expect(tab.phase()).toBe('signedOut')
    }
    const nobody = createWorld().tab()
    await nobody.session.signOut()
    expect(nobody.heard).toEqual([])
  })

  it('signOut() works if the server’s signOut throws synchronously', async () => {
    const world = createWorld()
    const tab = await world.signedIn({
      server: {
        signOut() {
          throw new Error('written in a hurry')
        },
      },
    })
    await world.until(tab.session.signOut())
    expect(tab.phase()).toBe('signedOut')
    expect(tab.reports).toEqual([])
  })

  it('signOut() cancels a sign-in that is under way, which revokes its tokens', async () => {
    const world = createWorld()
    const tab = world.tab()
    const signIn = outcome(tab.session.signIn(world.grant()))
    await world.advance(0)
    await world.until(tab.session.signOut())
    await world.advance(SECOND)
    expect(await signIn).toBe('signed_out')
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls).toMatchObject([{ method: 'signOut', tokens: { refresh_token: 'refresh-f1-1' } }])
    expect(tab.heard).toEqual([])
  })

  it('signOut() cancels a sign-in that was called just before it', async () => {
    const world = createWorld()
    const tab = world.tab()
    const signIn = outcome(tab.session.signIn(world.grant()))
    const signedOut = tab.session.signOut()
    expect(await world.until(signIn)).toBe('signed_out')
    await world.until(signedOut)
    await world.advance(SECOND)
    expect(tab.phase()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls).toMatchObject([{ method: 'signOut', tokens: { refresh_token: 'refresh-f1-1' } }])
  })

  it('signOut() cancels a sign-in that still waits for the lock', async () => {
    const world = createWorld()
    const busy = await world.signedIn()
    world.server.reply = () => ({ after: 2 * SECOND })
    void busy.session.getAccessToken({ forceRefresh: true }).catch(() => {})
    await world.advance(100)
    const tab = world.tab()
    const signIn = outcome(tab.session.signIn(world.grant()))
    await world.advance(100)
    void tab.session.signOut()
    await world.advance(10 * SECOND)
    expect(await signIn).toBe('signed_out')
    expect(tab.phase()).toBe('signedOut')
    expect(world.tokens.stored).toBeNull()
  })

  it('signOut() does not affect a sign-in that comes after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    void tab.session.signOut()
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(10 * SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(world.tokens.stored).toMatchObject({ id: 'session-0002' })
    expect(world.server.calls.map(({ tokens }) => tokens?.refresh_token)).toEqual(['refresh-f1-1'])
  })

  it('I5: signOut() is not undone by a stale record that another process writes over it', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const stale = world.storage.stored.get(KEY)!
    await world.until(one.session.signOut())
    world.storage.change({ [KEY]: stale })
    await world.advance(SECOND)
    one.hint('focus')
    expect(one.phase()).toBe('signedOut')
    expect(world.tab().session.getSnapshot()).toEqual(one.session.getSnapshot())
  })

  it('signOut() waits for other tabs’ replies if storage is denied, and then ends their session', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    expect(two.phase()).toBe('loading')
    await world.until(two.session.signOut())
    await world.advance(SECOND)
    expect(one.phase()).toBe('signedOut')
    expect(two.phase()).toBe('signedOut')
  })
})

describe('a throwing listener', () => {
  it('a throwing listener affects no other: its error is reported, and all others are called', async () => {
    const world = createWorld()
    const tab = world.tab()
    const fault = new Error('a bug of the application')
    const throwing = (): void => {
      throw fault
    }
    const onSignedIn = vi.fn()
    tab.session.on('signedIn', throwing)
    tab.session.subscribe(throwing)
    tab.session.inspect(throwing)
    tab.session.on('signedIn', onSignedIn)
    await world.until(tab.session.signIn(world.grant()))
    expect(onSignedIn).toHaveBeenCalledExactlyOnceWith({ id: 'session-0001', where: 'here' })
    expect(new Set(tab.reports)).toEqual(new Set([fault]))
    expect(tab.phase()).toBe('active')
  })
})
