import { describe, expect, it } from 'vitest'
import type { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import { lease as browserLease } from '../../../src/ports/lease.js'
import type { SessionStep } from '../../../src/types.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

/** Matches a text with these words. */
const like = (words: RegExp): string => expect.stringMatching(words) as string

/** A lease that each tab has at once: there is no localStorage here. */
const lease = { ...browserLease, run: async (...[, , , start]: unknown[]) => (start as () => Promise<void>)() }

/** The causes of all steps from now on. */
function causesIn(tab: Tab): string[] {
  const causes: string[] = []
  tab.session.inspect(({ cause }) => causes.push(cause))
  return causes
}

describe('inspect()', () => {
  it('inspect() reports the cause of each step', async () => {
    const world = createWorld()
    const tab = world.tab()
    const causes = causesIn(tab)
    const taken = (): Set<string> => new Set(causes.splice(0))

    await world.until(tab.session.signIn(world.grant()))
    expect(taken()).toEqual(new Set(['signIn']))
    tab.session.check()
    tab.session.hold()()
    expect([...taken()]).toEqual(['check', 'hold'])
    tab.session.watch({ closed: false, addEventListener: () => undefined } as unknown as Window)()
    expect([...taken()]).toEqual(['watch'])
    await world.advance(MINUTE)
    tab.input()
    expect(taken()).toContain('activity')
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect([...taken()]).toEqual(['refresh', 'refreshed'])
    world.tokens.stored = { ...world.tokens.stored!, generation: 9 }
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(taken()).toContain('adopted')
    world.server.reply = () => ({ fails: new Error('broken') })
    await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    expect(taken()).toContain('refresh failed')
    await world.advance(13 * MINUTE)
    expect(taken()).toEqual(new Set(['timer']))
    await world.until(tab.session.extend())
    // The user is active again, and the token has expired.
    expect([...taken()]).toEqual(['extend', 'refresh'])
    const other = world.tab()
    await world.until(other.session.signOut())
    await world.advance(SECOND)
    expect(taken()).toEqual(new Set(['storage', 'channel']))
  })

  it('inspect() reports tokens that are gone as `wiped`', async () => {
    const world = createWorld()
    await world.signedIn()
    const tab = world.tab()
    await world.advance(SECOND)
    world.tokens.stored = null
    const causes = causesIn(tab)
    await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    expect(causes).toContain('wiped')
  })
})

describe('inspect(), and a listener that calls the session', () => {
  const acts: Record<string, readonly [act: (tab: Tab) => unknown, causes: readonly string[]]> = {
    'check()': [({ session }) => session.check(), ['check']],
    'touch()': [({ session }) => session.touch(), ['check']],
    'hold()': [({ session }) => session.hold(), ['check']],
    'extend()': [({ session }) => session.extend(), ['check']],
    'signOut()': [({ session }) => session.signOut(), ['check', 'signOut']],
    'getAccessToken()': [({ session }) => session.getAccessToken(), ['check']],
    'a request by createFetch()': [
      ({ session }) => createFetch(session, { origins: ['https://api.example'], fetch: send })('https://api.example/'),
      ['check'],
    ],
  }
  const send = (): Promise<Response> => Promise.resolve(new Response())

  it.each(Object.entries(acts))(
    'a listener that calls %s at each step is not called without end',
    async (_name, [act, causes]) => {
      // Each reading of the clock shows a later time, as while a slow listener runs.
      let late = 0
      const world = createWorld({
        ports: (own) => ({
          ...own,
          clock: () => ({ wall: own.clock().wall + ++late, mono: own.clock().mono + late }),
        }),
      })
      const tab = await world.signedIn()
      const heard: string[] = []
      tab.session.inspect(({ cause }) => {
        heard.push(cause)
        // Not more often than that: a test that fails has to end.
        if (heard.length < 50) Promise.resolve(act(tab)).catch(() => undefined)
      })
      tab.session.check()
      await world.advance(1)
      expect(heard).toEqual(causes)
    },
  )

  it('does not miss what a look finds', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    world.deafen()
    await world.advance(MINUTE)
    other.input()
    world.storage.delay = 0
    const steps: SessionStep[] = []
    tab.session.inspect((step) => steps.push(step))
    tab.session.verify().catch(() => undefined)
    await world.advance(1)
    expect(steps.map(({ cause }) => cause)).toContain('look')
  })

  it('is told of the session that a listener of another event ends', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const causes = causesIn(tab)
    tab.session.subscribe(() => tab.session.check())
    await world.until(tab.session.signOut())
    expect(causes.filter((cause) => cause !== 'server')).toEqual(['signOut', 'check'])
  })
})

describe('an error', () => {
  const outcomeOf = (promise: Promise<unknown>): Promise<SessionError> =>
    promise.then(
      () => {
        throw new Error('There was none.')
      },
      (thrown: unknown) => thrown as SessionError,
    )
  const error = async (world: World, tab: Tab, options = {}): Promise<SessionError> =>
    world.until(outcomeOf(tab.session.getAccessToken(options)))

  it('an error says what happened and what to do, by a code and in a sentence', async () => {
    const world = createWorld()
    expect(await error(world, world.tab())).toMatchObject({
      code: 'signed_out',
      message: like(/Sign in/),
    })

    const bare = world.tab({ name: 'bare' }, { methods: [] })
    await world.until(bare.session.signIn())
    expect(await error(world, bare)).toMatchObject({ code: 'no_tokens', message: like(/setTokens/) })

    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    tab.online = false
    world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
    expect(await error(world, tab)).toMatchObject({ code: 'offline', message: like(/online/) })
    tab.online = true
    world.server.reply = () => ({ fails: new Error('broken') })
    await error(world, tab)
    expect(await error(world, tab)).toMatchObject({ code: 'server', message: like(/retryAt/) })
  })

  it('an error with `signed_out` says why there is no session', async () => {
    const messageOf = async (world: World, tab: Tab): Promise<string> => (await error(world, tab)).message
    const world = createWorld()
    expect(await messageOf(world, world.tab({}, { hasPage: false }))).toMatch(/^There is no document here .*worker/)
    expect(await messageOf(world, world.tab())).toMatch(/^Nobody is signed in/)
    const tab = await world.signedIn()
    await world.until(tab.session.signOut())
    expect(await messageOf(world, tab)).toMatch(/^The session has ended \(signOut\)/)
    await world.until(tab.session.signIn(world.grant()))
    await world.advance('20m')
    expect(await messageOf(world, tab)).toMatch(/^The session has ended \(idle\)/)
    tab.session.destroy()
    expect(await messageOf(world, tab)).toMatch(/^destroy\(\) was called/)

    const other = await world.signedIn()
    const ahead = world.tab({}, { prerendered: true })
    const rejected = error(world, ahead, { forceRefresh: true })
    await world.until(other.session.signIn(world.grant()))
    ahead.activate()
    expect((await rejected).message).toMatch(/Another session has begun/)
  })

  it.each(['signOut', 'destroy'] as const)('an error says that %s() came before a sign-in was done', async (call) => {
    const world = createWorld()
    world.tokens.delay = () => SECOND
    const tab = world.tab()
    const done = outcomeOf(tab.session.signIn(world.grant()))
    await world.advance(SECOND / 2)
    void tab.session[call]()
    expect((await world.until(done)).message).toMatch(
      new RegExp(`^${call}\\(\\) came before this sign-in was done\\. See `),
    )
  })

  it('an error quotes no text of a server or user', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { id, seq } = world.record()
    world.storage.change({ [`${KEY}:end`]: JSON.stringify({ id, seq, endedAt: 1, reason: 'planted' }) })
    await world.advance(SECOND)
    expect((await error(world, tab)).message).toMatch(/^The session has ended \(signOut\)/)
  })

  it('a sign-out after destroy() is reported, because it ends nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.session.destroy()
    await world.until(tab.session.signOut())
    expect(tab.reports).toMatchObject([{ code: 'signed_out', message: like(/^destroy\(\) was called/) }])
    expect(world.tab().phase()).toBe('active')
  })

  it('the event `degraded` says what follows from each missing feature', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    world.channel.isAvailable = false
    world.locks.isAvailable = false
    world.tokens.fault = () => 'fails'
    const tab = world.tab()
    await world.advance(SECOND)
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(SECOND)
    const consequences = Object.fromEntries(tab.degraded.map(({ feature, consequence }) => [feature, consequence]))
    expect(consequences).toEqual({
      storage: like(/reload/),
      channel: like(/storage/),
      locks: like(/refresh/),
      tokenStore: like(/memory/),
    })
  })

  it('the event `degraded` says that a lease is no lock', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const tab = await world.signedIn({ lease })
    await world.advance(SECOND)
    expect(tab.degraded).toEqual([{ feature: 'locks', consequence: 'Two tabs may now and then refresh at once.' }])
  })

  it('the event `degraded` reaches late listeners as well, and no other event’s listeners', async () => {
    const world = createWorld()
    world.channel.isAvailable = false
    const tab = world.tab()
    await world.advance(SECOND)
    const late: string[] = []
    tab.session.on('signedIn', () => late.push('signedIn'))
    tab.session.on('degraded', ({ feature }) => late.push(feature))
    await world.advance(SECOND)
    expect(late).toEqual(['channel'])
  })

  it('the event `degraded` reaches no late listener that is removed before it is told', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const tab = await world.signedIn()
    const late: string[] = []
    tab.session.on('degraded', ({ feature }) => late.push(feature))()
    tab.session.on('degraded', ({ feature }) => late.push(feature))
    tab.session.destroy()
    await world.advance(0)
    expect([tab.degraded.map(({ feature }) => feature), late]).toEqual([['locks'], []])
  })
})

describe('an event under the lock', () => {
  it('an event under the lock is delivered when it is free again, so that a listener may request more', async () => {
    const world = createWorld()
    const tab = world.tab()
    // At its start every tab takes the lock as well.
    await world.advance(SECOND)
    const received: string[] = []
    for (const type of ['signedIn', 'refreshed', 'refreshFailed', 'signedOut'] as const)
      tab.session.on(type, () => received.push(`${type}, held: ${String(world.locks.isHeld(KEY))}`))
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    // The next call adopts tokens that another tab got.
    world.tokens.stored = { ...world.tokens.stored!, generation: 9 }
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    world.server.reply = () => ({ fails: new Error('broken') })
    await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    world.server.reply = () => ({})
    await world.advance(MINUTE)
    world.server.revoke(world.tokens.stored.tokens)
    await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    expect(received).toEqual([
      ...['signedIn', 'refreshed', 'refreshed'].map((type) => `${type}, held: false`),
      // The tab keeps it until the others can read of the failure.
      'refreshFailed, held: true',
      'signedOut, held: false',
    ])
  })
})

describe('the warning about a warning that is too short', () => {
  it('the warning about a short warning comes for an absolute timeout alone as well', () => {
    const world = createWorld()
    const tab = world.tab({ idleTimeout: false, absoluteTimeout: HOUR, warnBefore: '5s' })
    expect(tab.warnings).toHaveLength(1)
  })
})
