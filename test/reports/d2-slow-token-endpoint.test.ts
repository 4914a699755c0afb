import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../src/tokens/stores/memory.js'
import { createWorld, KEY, MINUTE, outcome, SECOND, type Tab, type World } from '../unit/session/world.js'

/** Two tabs whose access token has expired, and a token endpoint that takes `after` ms. */
async function slow(after: number, options: Parameters<World['tab']>[0] = {}): Promise<[World, Tab, Tab]> {
  const world = createWorld()
  const one = await world.signedIn(options)
  const two = world.tab(options)
  await world.advance(6 * MINUTE)
  world.server.reply = (method) => ({ after: method === 'refresh' ? after : 20 })
  return [world, one, two]
}
const token = (tab: Tab): Promise<unknown> => outcome(tab.session.getAccessToken())

describe('a slow token endpoint', () => {
  // There, the request had a limit of five seconds, and the server was slower: it had rotated, and its reply was discarded. The next
  // refresh, a minute later, used the replaced token and signed out all tabs. Right: a late reply counts, and until then no tab
  // uses the token again.
  it('kurrent-io/kcap-cli#946: a reply after the limit is kept, and the next call uses it', async () => {
    const [world, one, two] = await slow(12 * SECOND)
    const began = world.time.clock().mono
    expect(await world.until(token(one))).toBe('timeout')
    expect(world.time.clock().mono - began).toBe(10_005)
    await world.advance(2.1 * SECOND)
    expect(await world.until(token(one))).toBe('access-f1-2')
    expect(await world.until(token(two))).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(1)
    expect(one.takeEvents().filter(({ type }) => type === 'refreshed')).toHaveLength(1)
    expect(two.takeEvents().filter(({ type }) => type === 'refreshed')).toHaveLength(1)
  })

  it('S100: a token endpoint of 12 s with a requestTimeout of 20 s costs one call, and gives a token', async () => {
    const [world, one, two] = await slow(12 * SECOND, { requestTimeout: '20s' })
    const both = Promise.all([token(one), token(two)])
    expect(await world.until(both)).toEqual(['access-f1-2', 'access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
    expect(one.takeEvents().filter(({ type }) => type === 'refreshFailed')).toEqual([])
  })

  it('callers between the limit and the reply fail at once, in all tabs', async () => {
    const [world, one, two] = await slow(18 * SECOND)
    await world.until(token(one))
    await world.advance(SECOND)
    const began = world.time.clock().mono
    expect(await world.until(Promise.all([token(one), token(two)]))).toEqual(['timeout', 'server'])
    expect(world.time.clock().mono - began).toBe(5)
    await world.advance(8 * SECOND)
    expect(await world.until(Promise.all([token(one), token(two)]))).toEqual(['access-f1-2', 'access-f1-2'])
    expect([world.server.count('refresh'), world.server.reuseCount]).toEqual([1, 0])
  })

  it('a tab that waited for the lock reads that no request is allowed yet, although storage lags', async () => {
    const [world, one, two] = await slow(12 * SECOND)
    world.storage.lag = 200
    world.channel.isAvailable = false
    const both = Promise.all([token(one), token(two)])
    expect(await world.until(both)).toEqual(['timeout', 'server'])
    await world.advance(3 * SECOND)
    expect(await world.until(token(two))).toBe('access-f1-2')
    expect([world.server.count('refresh'), world.server.reuseCount]).toEqual([1, 0])
  })

  it('each tab with tokens in memory keeps its own late reply', async () => {
    const [world, one] = await slow(12 * SECOND, { tokenStore: memoryTokens() })
    expect(await world.until(token(one))).toBe('timeout')
    await world.advance(2.1 * SECOND)
    expect(await world.until(token(one))).toBe('access-f1-2')
    expect([world.server.count('refresh'), world.server.reuseCount]).toEqual([1, 0])
  })

  it('a reply after twice the limit is not waited for, and then the token is used once more', async () => {
    const [world, one] = await slow(60 * SECOND)
    world.server.grace = true
    expect(await world.until(token(one))).toBe('timeout')
    world.server.reply = () => ({})
    await world.advance(10.2 * SECOND)
    expect(await world.until(token(one))).toBe('timeout')
    await world.advance(0.2 * SECOND)
    expect(await world.until(token(one))).toBe('access-f1-2')
    expect(world.server.count('refresh')).toBe(2)
  })

  it('S31: an endpoint that never answers frees the lock, and setTokens() goes ahead at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    world.server.reply = () => ({ hangs: true })
    expect(await world.until(token(tab))).toBe('timeout')
    await world.advance(SECOND)
    expect(world.locks.isHeld(KEY)).toBe(false)
    await world.until(tab.session.setTokens(world.grant()), 100)
    expect(await world.until(token(tab))).toBe('access-f2-1')
    // The time in which the old request may still have a reply.
    await world.advance(MINUTE)
    expect(await world.until(token(tab))).toBe('access-f2-1')
  })

  it('a late reply does not displace tokens that the application set in the meantime', async () => {
    const [world, one, two] = await slow(14 * SECOND)
    await world.until(token(one))
    await world.advance(SECOND)
    await world.until(two.session.setTokens(world.grant()))
    await world.advance(5 * SECOND)
    for (const tab of [one, two]) expect(await world.until(token(tab))).toBe('access-f2-1')
    expect(world.tokens.stored).toMatchObject({ generation: 2, tokens: { access_token: 'access-f2-1' } })
  })

  // The lock had been free for seconds, and nothing else happened in the page: its listeners were told at the next hint.
  it('listeners are told at once of what a late reply brought', async () => {
    for (const [fails, type] of [
      [undefined, 'refreshed'],
      [Object.assign(new Error(), { name: 'SessionError', code: 'rejected' }), 'signedOut'],
    ] as const) {
      const [world, one, two] = await slow(0)
      two.close()
      world.server.reply = () => ({ after: 14 * SECOND, ...(fails && { fails }) })
      const heard: [string, number][] = []
      const began = world.time.clock().mono
      for (const event of ['refreshed', 'signedOut'] as const)
        one.session.on(event, () => heard.push([event, world.time.clock().mono - began]))
      expect(await world.until(token(one))).toBe('timeout')
      await world.advance(MINUTE)
      expect(heard).toEqual([[type, 14_003]])
    }
  })

  // Twice the limit was over by then. Nobody waited for the store any more, and listeners were told at the next hint.
  it('listeners are told at once of what a late reply brought, also if a slow store has it after twice the limit', async () => {
    for (const [fails, event] of [
      [undefined, 'refreshed'],
      [Object.assign(new Error(), { name: 'SessionError', code: 'rejected' }), 'signedOut'],
    ] as const) {
      const [world, one, two] = await slow(0)
      two.close()
      world.server.reply = () => ({ after: 19.5 * SECOND, ...(fails && { fails }) })
      const heard: number[] = []
      const began = world.time.clock().mono
      one.session.on(event, () => heard.push(world.time.clock().mono - began))
      expect(await world.until(token(one))).toBe('timeout')
      world.tokens.delay = () => SECOND
      await world.advance(MINUTE)
      expect(heard).toEqual([20_502])
    }
  })

  it('a late refusal ends the session, and a late failure does not', async () => {
    for (const [code, phase] of [
      ['rejected', 'signedOut'],
      ['server', 'active'],
    ] as const) {
      const [world, one, two] = await slow(0)
      world.server.reply = () => ({
        after: 14 * SECOND,
        fails: Object.assign(new Error(), { name: 'SessionError', code }),
      })
      expect(await world.until(token(one))).toBe('timeout')
      await world.advance(5 * SECOND)
      expect([one.phase(), two.phase()]).toEqual([phase, phase])
    }
  })

  it('I5: a late reply after a sign-out is discarded and revoked, even if the server ignores the signal', async () => {
    const world = createWorld()
    const revoked: unknown[] = []
    let answer: (tokens: unknown) => void = () => undefined
    const tab = await world.signedIn({
      server: {
        refresh: () => new Promise((resolve) => (answer = resolve as typeof answer)),
        signOut: (tokens) => Promise.resolve(void revoked.push(tokens?.refresh_token)),
      },
    })
    await world.advance(6 * MINUTE)
    expect(await world.until(token(tab))).toBe('timeout')
    await world.until(tab.session.signOut())
    answer({ access_token: 'late', refresh_token: 'late refresh token', expires_in: 300 })
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
    expect(tab.phase()).toBe('signedOut')
    expect(revoked).toEqual(['refresh-f1-1', 'late refresh token'])
  })

  it('keepAlive may take as long as requestTimeout says', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ requestTimeout: '20s' }, { methods: ['keepAlive'] })
    world.server.reply = () => ({ after: 15 * SECOND })
    expect(await world.until(tab.session.extend())).toBe(true)
    world.server.reply = () => ({ after: 25 * SECOND })
    expect(await world.until(tab.session.extend())).toBe(false)
  })

  it.each([0, -1, NaN, Infinity, '6m', 'soon', null, 300_001])(
    'a requestTimeout of %s is refused',
    (requestTimeout) => {
      expect(() => createWorld().tab({ requestTimeout: requestTimeout as never })).toThrow(
        expect.objectContaining({
          code: 'invalid_options',
          message: expect.stringMatching(/requestTimeout.*Give/) as string,
        }),
      )
    },
  )
})
