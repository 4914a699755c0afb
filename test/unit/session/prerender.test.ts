import { credentials } from '../../../src/fetch.js'
import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createSessionWith } from '../../../src/testing.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import type { TokenSession, TokenResponse } from '../../../src/types.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const AHEAD = { prerendered: true } as const
const COOKIE = { methods: ['keepAlive', 'check', 'signOut'] } as const
const REQUEST = 'https://api.example.com/'

/** Everything that a tab could leave behind, as text. */
const traces = (world: World): string =>
  JSON.stringify({
    stored: [...world.storage.stored],
    tokens: world.tokens.stored,
    calls: world.server.calls,
    posted: world.channel.posted.map(({ message }) => message),
  })

/** A promise whose outcome can be read without waiting: `waits` until it is settled. */
function watched(promise: Promise<unknown>): { value: unknown } {
  const seen: { value: unknown } = { value: 'waits' }
  void outcome(promise).then((value) => {
    seen.value = value
  })
  return seen
}

describe('a prerendered page', () => {
  it('a prerendered page shows the right phase at once, and `ready` resolves at once', async () => {
    const world = createWorld()
    const before = world.tab({}, AHEAD)
    expect([before.phase(), (await before.session.ready).phase]).toEqual(['signedOut', 'signedOut'])
    const tab = await world.signedIn()
    const active = world.tab({}, AHEAD)
    expect([active.phase(), (await active.session.ready).phase]).toEqual(['active', 'active'])
    await world.advance(13 * MINUTE + SECOND)
    expect([tab.phase(), before.phase(), active.phase(), world.tab({}, AHEAD).phase()]).toEqual(
      Array(4).fill('warning'),
    )
    expect(active.visible()).toBe('nothing')
    active.activate()
    expect(active.visible()).toBe('warning')
  })

  it('S96: a prerendered page returns a valid token at once', async () => {
    const world = createWorld()
    await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    expect(await world.until(ahead.session.getAccessToken(), 0)).toBe('access-f1-1')
    expect((await credentials(ahead.session).authorize(new Request(REQUEST)))?.headers.get('Authorization')).toBe(
      'Bearer access-f1-1',
    )
    expect(world.server.count('refresh')).toBe(0)
  })

  it.each([
    ['has expired', {}],
    ['is to be newer', { forceRefresh: true }],
    ['is to be valid for longer', { minValidity: '2m' }],
  ] as const)(
    'S96: a prerendered page waits with a token that %s until it is opened, however long',
    async (_why, options) => {
      const world = createWorld()
      await world.signedIn({ idleTimeout: false })
      await world.advance('4m')
      if (!Object.keys(options).length) await world.advance('2m')
      const ahead = world.tab({ idleTimeout: false }, AHEAD)
      const token = watched(ahead.session.getAccessToken(options))
      await world.advance('10m')
      expect([token.value, world.server.count('refresh')]).toEqual(['waits', 0])
      ahead.activate()
      await world.advance(SECOND)
      expect([token.value, world.server.count('refresh')]).toEqual(['access-f1-2', 1])
    },
  )

  it('a prerendered page uses newer tokens of a crashed tab, and updates the record when it is opened', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { stored } = world.tokens
    if (!stored) throw new Error('There are no tokens.')
    world.tokens.stored = { ...stored, generation: 2, tokens: { ...stored.tokens, access_token: 'newer' } }
    tab.crash()
    const ahead = world.tab({ refreshBefore: 0 }, AHEAD)
    for (let call = 0; call < 2; call++) expect(await world.until(ahead.session.getAccessToken())).toBe('newer')
    expect([ahead.takeEvents(), world.record()['generation']]).toEqual([[], 1])
    ahead.activate()
    expect(await world.until(ahead.session.getAccessToken())).toBe('newer')
    expect([ahead.takeEvents(), world.record()['generation']]).toEqual([[{ type: 'refreshed', generation: 2 }], 2])
  })

  it('a prerendered page starts the time limit for the lock when it is opened', async () => {
    const world = createWorld()
    const holder = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    world.server.reply = () => ({ after: HOUR })
    void outcome(holder.session.getAccessToken({ forceRefresh: true }))
    await world.advance(SECOND)
    holder.frozen = true
    await world.advance('6m')
    const token = watched(ahead.session.getAccessToken())
    await world.advance('1m')
    ahead.activate()
    await world.advance(15 * SECOND - 1)
    expect(token.value).toBe('waits')
    await world.advance(1)
    expect(token.value).toBe('timeout')
  })

  it('a prerendered page does not reject by the state of network and server before it is opened', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance('6m')
    world.server.reply = () => ({ fails: new SessionError('server', { retryAt: world.time.clock().wall + MINUTE }) })
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('server')
    const [offline, backingOff] = [world.tab({}, AHEAD), world.tab({}, AHEAD)]
    offline.online = false
    const tokens = [offline, backingOff].map(({ session }) => watched(session.getAccessToken()))
    await world.advance('90s')
    expect(tokens).toEqual([{ value: 'waits' }, { value: 'waits' }])
    world.server.reply = () => ({})
    offline.online = true
    offline.activate()
    backingOff.activate()
    await world.advance(SECOND)
    expect(tokens).toEqual([{ value: 'access-f1-2' }, { value: 'access-f1-2' }])
  })

  it('a prerendered page lets a caller stop waiting', async () => {
    const world = createWorld()
    await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    const stop = new AbortController()
    const token = watched(ahead.session.getAccessToken({ forceRefresh: true, signal: stop.signal }))
    await world.advance(SECOND)
    stop.abort(new Error('enough'))
    await world.advance(0)
    expect(token.value).toEqual(new Error('enough'))
  })

  it('a prerendered page rejects waiting calls with `signed_out` at destroy(), and reports a lost sign-out', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, COOKIE)
    const ahead = world.tab({}, AHEAD)
    const { session } = ahead
    const before = traces(world)
    const calls = [
      session.getAccessToken({ forceRefresh: true }),
      session.signIn(world.grant()),
      session.setTokens(world.grant()),
      session.extend(),
      session.signOut(),
    ].map(watched)
    await world.advance(SECOND)
    expect(calls.map(({ value }) => value)).toEqual(Array(5).fill('waits'))
    session.destroy()
    await world.advance(10)
    const out = 'signed_out'
    expect(calls.map(({ value }) => value)).toEqual([out, out, out, false, undefined])
    expect(ahead.reports).toMatchObject([
      { code: 'signed_out', message: expect.stringContaining('destroy()') as string },
    ])
    ahead.activate()
    await world.advance('1m')
    expect(traces(world)).toBe(before)
    expect(tab.phase()).toBe('active')
  })
})

const anyWindow = { closed: false, addEventListener: () => undefined } as unknown as Window

/** Each method of a session, as a page may call it on load. */
const methods: Readonly<
  Record<keyof Omit<TokenSession, 'ready'> | '~context', (session: TokenSession, tokens: TokenResponse) => unknown>
> = {
  signIn: (session, tokens) => session.signIn(tokens, { login: 'tuesday' }),
  setTokens: (session, tokens) => session.setTokens(tokens),
  getSnapshot: (session) => session.getSnapshot(),
  subscribe: (session) => session.subscribe(() => undefined),
  on: (session) => session.on('signedOut', () => undefined),
  inspect: (session) => session.inspect(() => undefined),
  signOut: (session) => session.signOut(),
  extend: (session) => session.extend(),
  touch: (session) => session.touch(),
  hold: (session) => session.hold(),
  watch: (session) => session.watch(anyWindow),
  verify: (session) => session.verify(),
  check: (session) => session.check(),
  deadlines: (session) => session.deadlines(),
  getAccessToken: (session) => session.getAccessToken({ forceRefresh: true }),
  getIdToken: (session) => session.getIdToken(),
  '~context': async (session) => {
    const request = await credentials(session).authorize(new Request(REQUEST))
    return credentials(session).authorize(new Request(REQUEST), {
      request: request ?? new Request(REQUEST),
      response: new Response(null, { status: 401 }),
    })
  },
  destroy: (session) => session.destroy(),
}

describe('a prerendered page that nobody opens', () => {
  it('a prerendered page is tested with each method of a session', () => {
    const { ready, ...all } = createWorld().tab().session
    expect(ready).toBeInstanceOf(Promise)
    expect(Object.keys(methods).sort()).toEqual(Object.keys(all).sort())
  })

  it.each(Object.entries(methods))(
    'a prerendered page that nobody opens leaves nothing behind, although it calls %s()',
    async (_name, call) => {
      const world = createWorld()
      const tab = await world.signedIn({ idleTimeout: '1h' })
      await world.advance('4m')
      const ahead = world.tab({ idleTimeout: '1h' }, AHEAD)
      const tokens = world.grant()
      const before = traces(world)
      void outcome(Promise.resolve(call(ahead.session, tokens)))
      await world.advance('10m')
      expect(traces(world)).toBe(before)
      expect([ahead.listensToInput(), world.locks.isUsedBy(ahead)]).toEqual([false, false])
      ahead.crash()
      await world.advance('10m')
      expect(traces(world)).toBe(before)
      expect(tab.phase()).toBe('active')
    },
  )

  it('a prerendered page does nothing by itself: no refresh, keep-alive, check or removal of tokens', async () => {
    const world = createWorld()
    const methods = ['refresh', 'keepAlive', 'check', 'signOut'] as const
    const tab = await world.signedIn({}, { methods })
    tab.input()
    tab.crash()
    const ahead = world.tab({}, { methods, ...AHEAD })
    const before = traces(world)
    for (const cause of ['pageshow', 'focus', 'online', 'visibilitychange', 'resume']) ahead.hint(cause)
    await world.advance('30m')
    expect(ahead.phase()).toBe('signedOut')
    expect(traces(world)).toBe(before)
    expect(ahead.listensToInput()).toBe(false)
  })

  it('a prerendered page that nobody opens does not remove leftovers of a crash', async () => {
    const world = createWorld()
    await world.signedIn()
    world.storage.stored.clear()
    const ahead = world.tab({}, AHEAD)
    await world.advance('1m')
    expect([world.tokens.stored?.tokens.access_token, world.server.count('signOut')]).toEqual(['access-f1-1', 0])
    ahead.activate()
    await world.advance('1m')
    expect([world.tokens.stored, world.server.count('signOut')]).toEqual([null, 1])
  })

  it('a prerendered page that nobody opens ends no session by its own shorter limits', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '1h' })
    const ahead = world.tab({ idleTimeout: '5m' }, AHEAD)
    await world.advance('6m')
    expect([ahead.phase(), tab.phase()]).toEqual(['signedOut', 'active'])
    tab.input()
    ahead.activate()
    await world.advance(SECOND)
    expect([ahead.visible(), tab.visible()]).toEqual(['active', 'active'])
    expect(ahead.page).toEqual({ hidden: false, reloads: 0 })
  })

  it('a prerendered page that nobody opens writes no tombstone if site data were cleared', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    tab.crash()
    world.storage.clear()
    await world.advance(SECOND)
    expect(ahead.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
    expect([...world.storage.stored]).toEqual([])
    ahead.activate()
    await world.advance(SECOND)
    expect([...world.storage.stored.keys()]).not.toEqual([])
    expect(ahead.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })
})

describe('a prerendered page that is opened', () => {
  it('a page that is opened gets a valid token, however often others refreshed in the meantime', async () => {
    const world = createWorld()
    world.server.expiresIn = 30
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    await world.advance(60 * SECOND)
    const waiting = ahead.session.getAccessToken()
    for (const seconds of [16, 60]) {
      await world.until(tab.session.getAccessToken({ forceRefresh: true }))
      // This call does not wait.
      if (seconds === 16) await world.until(ahead.session.getAccessToken(), 10)
      await world.advance(seconds * SECOND)
    }
    expect(world.server.count('refresh')).toBe(2)
    ahead.activate()
    expect(await world.until(waiting)).toBe('access-f1-4')
    expect(world.server.count('refresh')).toBe(3)
  })

  it('S97: a page that is opened ends the session once if it had called signOut()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    const done = watched(ahead.session.signOut())
    ahead.hint('focus')
    await world.advance('2m')
    expect([done.value, tab.phase(), world.server.count('signOut')]).toEqual(['waits', 'active', 0])
    ahead.activate()
    await world.advance(SECOND)
    expect([done.value, tab.phase(), world.server.count('signOut')]).toEqual([undefined, 'signedOut', 1])
    expect(tab.takeEvents()).toEqual([{ type: 'signedOut', reason: 'signOut', where: 'elsewhere' }])
    expect(ahead.takeEvents()).toEqual([{ type: 'signedOut', reason: 'signOut', where: 'here' }])
  })

  it('S98: a page that is opened is active from the first input on, and not by the opening', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const endAt = tab.session.deadlines()?.endAt ?? 0
    const ahead = world.tab({}, AHEAD)
    ahead.session.touch()
    await world.advance('1m')
    ahead.activate()
    await world.advance(SECOND)
    expect([ahead.listensToInput(), ahead.session.deadlines()?.endAt]).toEqual([true, endAt])
    ahead.input()
    expect(ahead.session.deadlines()?.endAt).toBe(world.time.clock().wall + 15 * MINUTE)
  })

  it('S98: a page that is opened begins with its holds', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const endAt = tab.session.deadlines()?.endAt ?? 0
    const ahead = world.tab({}, AHEAD)
    const release = ahead.session.hold()
    await world.advance('1m')
    expect(ahead.session.deadlines()?.endAt).toBe(endAt)
    ahead.activate()
    expect(ahead.session.deadlines()?.endAt).toBe(world.time.clock().wall + 15 * MINUTE)
    release()
  })

  it.each(['keepAlive', 'check'] as const)(
    'a page that is opened calls the server for %s if that is due',
    async (method) => {
      const world = createWorld()
      const setup = { methods: [method] }
      const tab = await world.signedIn({}, setup)
      const ahead = world.tab({}, { ...setup, ...AHEAD })
      tab.online = false
      tab.input()
      await world.advance('5m')
      expect(world.server.calls).toEqual([])
      ahead.activate()
      await world.advance(SECOND)
      expect(world.server.calls).toMatchObject([{ method, from: ahead.name }])
    },
  )

  const stale: readonly [string, (world: World, tab: Tab) => Promise<unknown>, ...string[]][] = [
    ['ended', (world, tab) => world.until(tab.session.signOut()), 'signedOut'],
    ['was replaced', (world, tab) => world.until(tab.session.signIn(world.grant())), 'switched'],
    [
      'ran out',
      async (world) => {
        world.sleep(HOUR)
        await world.advance(0)
      },
      'signedOut',
    ],
    [
      'ended, and another began',
      async (world, tab) => {
        await world.until(tab.session.signOut())
        await world.until(tab.session.signIn(world.grant()))
      },
      'signedOut',
      'signedIn',
    ],
  ]

  it.each(stale)(
    'S98: a page that is opened shows nothing of a session that %s meanwhile, not in one frame',
    async (_how, end) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const ahead = world.tab({}, AHEAD)
      await end(world, tab)
      ahead.activate()
      expect(ahead.page).toEqual({ hidden: true, reloads: 1 })
    },
  )

  it.each(stale)(
    'S98: a page that is opened only gets events of a session that %s, if stalePage says so',
    async (_how, end, ...events) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const ahead = world.tab({ stalePage: 'event' }, AHEAD)
      await end(world, tab)
      ahead.activate()
      await world.advance(SECOND)
      expect(ahead.page).toEqual({ hidden: false, reloads: 0 })
      expect(ahead.session.getSnapshot()).toEqual(tab.session.getSnapshot())
      expect(ahead.takeEvents().map(({ type }) => type)).toEqual(events)
    },
  )

  it('S98: a page that is opened shows nothing of a session that began and ended meanwhile', async () => {
    const world = createWorld()
    const tab = world.tab()
    const ahead = world.tab({}, AHEAD)
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(ahead.phase()).toBe('active')
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    ahead.activate()
    expect(ahead.page).toEqual({ hidden: true, reloads: 1 })
  })

  it('a page that is opened stays as it is if the session is the same, or began meanwhile', async () => {
    const world = createWorld()
    const early = world.tab({}, AHEAD)
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    tab.input()
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    early.activate()
    ahead.activate()
    await world.advance(SECOND)
    expect([early, ahead].map(({ page, visible }) => [page, visible()])).toEqual(
      Array(2).fill([{ hidden: false, reloads: 0 }, 'active']),
    )
    ahead.activate()
    expect(ahead.page.reloads).toBe(0)
  })

  it('a page that is opened where nobody ever signed in waits for no other tab', async () => {
    const world = createWorld()
    const ahead = world.tab({}, AHEAD)
    await world.advance(SECOND)
    ahead.activate()
    expect([ahead.phase(), ahead.timers()]).toEqual(['signedOut', 0])
  })

  it('a page that is opened past the deadline without other pages ends and revokes once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    tab.crash()
    await world.advance('20m')
    expect(world.record()).not.toHaveProperty('endedAt')
    ahead.activate()
    await world.advance(SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'signOut', reason: 'idle' }])
    expect(world.tokens.stored).toBeNull()
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })
})

describe('a sign-in that a prerendered page begins', () => {
  it('a sign-in of a prerendered page happens when it is opened, and its tokens count from the call', async () => {
    const world = createWorld()
    const ahead = world.tab({}, AHEAD)
    const done = watched(ahead.session.signIn(world.grant()))
    await world.advance('4m')
    expect([done.value, ahead.phase(), world.tokens.stored]).toEqual(['waits', 'signedOut', null])
    ahead.activate()
    await world.advance(SECOND)
    expect([done.value, ahead.visible()]).toEqual([undefined, 'active'])
    expect(world.tokens.stored?.expiresAt).toBe(world.time.clock().wall + MINUTE - SECOND)
  })

  it('a sign-in by cookie of a prerendered page continues the existing session at once', async () => {
    const world = createWorld()
    const tab = world.tab({}, COOKIE)
    await world.until(tab.session.signIn(undefined, { login: 'monday' }))
    const ahead = world.tab({}, { ...COOKIE, ...AHEAD })
    await world.until(ahead.session.signIn(undefined, { login: 'monday' }), 0)
    expect(ahead.session.getSnapshot()).toEqual(tab.session.getSnapshot())
  })

  it('a sign-in by cookie of a prerendered page shortens that session alone, when it is opened', async () => {
    const world = createWorld()
    const tab = world.tab({}, COOKIE)
    await world.until(tab.session.signIn(undefined, { login: 'monday' }))
    const [same, other] = [world.tab({}, { ...COOKIE, ...AHEAD }), world.tab({}, { ...COOKIE, ...AHEAD })]
    for (const { session } of [same, other])
      await world.until(session.signIn(undefined, { login: 'monday', idleTimeout: '5m' }), 0)
    const idleTime = (): number => {
      const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
      return (tab.session.deadlines()?.endAt ?? 0) - startedAt
    }
    await world.advance(SECOND)
    expect(idleTime()).toBe(15 * MINUTE)
    same.activate()
    await world.advance(SECOND)
    expect(idleTime()).toBe(5 * MINUTE)
    await world.until(tab.session.signIn(undefined, { login: 'tuesday' }))
    other.activate()
    await world.advance(SECOND)
    expect(idleTime()).toBe(15 * MINUTE)
  })

  it('a sign-in by cookie of a prerendered page sends an owed sign-out when it is opened', async () => {
    const world = createWorld()
    const tab = world.tab({}, COOKIE)
    await world.until(tab.session.signIn(undefined, { login: 'monday' }))
    world.server.reply = () => ({ fails: new SessionError('offline') })
    await world.until(tab.session.signOut())
    tab.crash()
    world.server.reply = () => ({})
    const sent = world.server.count('signOut')
    const ahead = world.tab({}, { ...COOKIE, ...AHEAD })
    await world.until(ahead.session.signIn(undefined, { login: 'monday' }), 0)
    await world.advance('1m')
    expect(world.server.count('signOut')).toBe(sent)
    ahead.activate()
    await world.advance(SECOND)
    expect(world.server.count('signOut')).toBe(sent + 1)
  })

  it('a sign-in of a prerendered page is refused, and revoked, if another sign-in came after it', async () => {
    const world = createWorld()
    const tab = world.tab()
    const ahead = world.tab({}, AHEAD)
    const byLogin = watched(ahead.session.signIn(undefined, { login: 'monday' }))
    const given = world.grant()
    const byTokens = watched(ahead.session.signIn(given))
    const sameLogin = watched(ahead.session.signIn(undefined, { login: 'tuesday' }))
    await world.advance('1m')
    await world.until(tab.session.signIn(world.grant(), { login: 'tuesday' }))
    const { id } = tab.session.getSnapshot() as { id: string }
    ahead.activate()
    await world.advance(SECOND)
    expect([byLogin.value, byTokens.value, sameLogin.value]).toEqual(['signed_out', 'signed_out', undefined])
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id })
    expect(world.server.calls).toMatchObject([{ method: 'signOut', tokens: given }])
  })

  it('a sign-in of a prerendered page replaces the session that it had found', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    const done = watched(ahead.session.signIn(world.grant()))
    await world.advance('1m')
    ahead.activate()
    await world.advance(SECOND)
    expect(done.value).toBeUndefined()
    expect(tab.takeEvents()).toMatchObject([{ type: 'switched' }])
  })

  it('a sign-in of a prerendered page is cancelled by a later sign-out, and not by an earlier one', async () => {
    const world = createWorld()
    const first = world.tab({}, AHEAD)
    const given = world.grant()
    const refused = watched(first.session.signIn(given))
    void first.session.signOut()
    first.activate()
    await world.advance(SECOND)
    expect([refused.value, first.phase()]).toEqual(['signed_out', 'signedOut'])
    expect(world.server.calls).toMatchObject([{ method: 'signOut', tokens: given }])

    const old = await world.signedIn()
    const second = world.tab({}, AHEAD)
    void second.session.signOut()
    const accepted = watched(second.session.signIn(world.grant()))
    second.activate()
    await world.advance(SECOND)
    expect([accepted.value, second.phase()]).toEqual([undefined, 'active'])
    expect(old.takeEvents()).toMatchObject([{ type: 'signedOut' }, { type: 'signedIn' }])
  })

  it('tokens set for a session that was replaced do not get into the next one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    const given = world.grant()
    const done = watched(ahead.session.setTokens(given))
    await world.advance(SECOND)
    await world.until(tab.session.signIn(world.grant()))
    ahead.activate()
    await world.advance(SECOND)
    expect(done.value).toBe('signed_out')
    expect(world.tokens.stored?.tokens.access_token).not.toBe(given.access_token)
  })
})

describe('a prerendered page where storage is denied', () => {
  const denied = (): World => {
    const world = createWorld()
    world.storage.isAvailable = false
    return world
  }

  it('a prerendered page without storage is loading until it is opened, and then queries the others', async () => {
    const world = denied()
    const tab = await world.signedIn()
    await world.advance(SECOND)
    const [ahead, alone] = [world.tab({}, AHEAD), world.tab({ name: 'alone' }, AHEAD)]
    const posted = world.channel.posted.length
    await world.advance('10s')
    expect([ahead.phase(), alone.phase(), world.channel.posted.length - posted]).toEqual(['loading', 'loading', 0])
    ahead.activate()
    alone.activate()
    const queries = world.channel.posted.filter(({ from }) => from === ahead || from === alone)
    expect(queries.map(({ message }) => message)).toEqual([{}, {}])
    await world.advance(299)
    expect([ahead.session.getSnapshot(), alone.phase()]).toEqual([tab.session.getSnapshot(), 'loading'])
    await world.advance(1)
    expect(alone.phase()).toBe('signedOut')
  })

  it('a prerendered page without storage learns of messages meanwhile', async () => {
    const world = denied()
    const ahead = world.tab({}, AHEAD)
    const tab = await world.signedIn()
    expect([ahead.phase(), (await world.until(ahead.session.ready)).phase]).toEqual(['active', 'active'])
    await world.until(tab.session.signOut())
    await world.advance(SECOND)
    expect(ahead.phase()).toBe('signedOut')
  })

  it('a prerendered page without storage answers no query: its answer would be late and outdated', async () => {
    const world = denied()
    const tab = await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    await world.until(tab.session.extend())
    await world.advance(SECOND)
    expect(ahead.phase()).toBe('active')
    const asking = world.tab()
    await world.advance(SECOND)
    await world.until(tab.session.signOut())
    await world.advance(SECOND)
    tab.crash()
    asking.crash()
    const late = world.tab()
    await world.advance(SECOND)
    ahead.activate()
    await world.advance(SECOND)
    expect([late.phase(), late.takeEvents(), ahead.phase()]).toEqual(['signedOut', [], 'signedOut'])
  })

  it('a prerendered page without storage ends by signOut() the session that it learns of when opened', async () => {
    const world = denied()
    const tab = await world.signedIn()
    await world.advance(SECOND)
    const ahead = world.tab({}, AHEAD)
    const done = watched(ahead.session.signOut())
    ahead.activate()
    await world.advance(SECOND)
    expect([done.value, tab.phase()]).toEqual([undefined, 'signedOut'])
  })

  it('a prerendered page without storage signs in after a sign-out that was called before', async () => {
    for (const setup of [AHEAD, {}]) {
      const world = denied()
      const page = world.page(setup)
      // Without tokens a sign-in waits for no lock.
      const session = createSessionWith(page.ports)
      const out = watched(session.signOut())
      const done = watched(session.signIn(undefined, { login: 'ada' }))
      page.activate()
      await world.advance(SECOND)
      expect([out.value, done.value, session.getSnapshot().phase]).toEqual([undefined, undefined, 'active'])
    }
  })

  it('a prerendered page without storage cancels a sign-in if a sign-out follows while it is loading', async () => {
    for (const setup of [AHEAD, {}]) {
      const world = denied()
      const tab = world.tab({}, setup)
      const done = watched(tab.session.signIn(world.grant()))
      void tab.session.signOut()
      tab.activate()
      await world.advance(SECOND)
      expect([done.value, tab.phase()]).toEqual(['signed_out', 'signedOut'])
    }
  })
})

describe('a request that a prerendered page sends', () => {
  const refused = async (tab: Tab): Promise<unknown> => {
    const request = (await credentials(tab.session).authorize(new Request(REQUEST))) ?? new Request(REQUEST)
    return credentials(tab.session).authorize(new Request(REQUEST), {
      request,
      response: new Response(null, { status: 401 }),
    })
  }

  it('a request of a prerendered page waits for the refresh that a 401 calls for', async () => {
    const world = createWorld()
    await world.signedIn()
    const ahead = world.tab({}, AHEAD)
    const answer = watched(refused(ahead))
    await world.advance('1m')
    expect([answer.value, world.server.count('refresh')]).toEqual(['waits', 0])
    ahead.activate()
    await world.advance(SECOND)
    expect((answer.value as Request).headers.get('Authorization')).toBe('Bearer access-f1-2')
  })

  it('a request of a prerendered page is sent at once in a session by cookie', async () => {
    const world = createWorld()
    const tab = world.tab({}, COOKIE)
    await world.until(tab.session.signIn(undefined, { login: 'monday' }))
    const ahead = world.tab({}, { ...COOKIE, ...AHEAD })
    expect(await world.until(credentials(ahead.session).authorize(new Request(REQUEST)), 20)).toBeInstanceOf(Request)
  })

  it('a request of a prerendered page ends a session by cookie after a 401, when it is opened', async () => {
    const world = createWorld()
    const server = { challenge: () => 'rejected' as const }
    const tab = world.tab({ server })
    await world.until(tab.session.signIn(undefined, { login: 'monday' }))
    const ahead = world.tab({ server }, AHEAD)
    const answer = watched(refused(ahead))
    await world.advance('1m')
    expect([answer.value, tab.phase()]).toEqual(['waits', 'active'])
    ahead.activate()
    await world.advance(SECOND)
    expect([answer.value, tab.session.getSnapshot()]).toMatchObject([null, { reason: 'rejected' }])
  })

  it('a request of a prerendered page waits for its own tokens if tabs share none', async () => {
    const world = createWorld()
    await world.signedIn({ tokenStore: memoryTokens() })
    const ahead = world.tab({ tokenStore: memoryTokens() }, AHEAD)
    const token = watched(ahead.session.getAccessToken())
    await world.advance('1m')
    expect([token.value, world.server.calls]).toEqual(['waits', []])
    ahead.activate()
    await world.advance(SECOND)
    expect(world.server.calls).toMatchObject([{ method: 'refresh', from: ahead.name, tokens: null }])
  })
})
