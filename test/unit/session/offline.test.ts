import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createSessionWith } from '../../../src/testing.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

/** Takes the network away, and the browser reports it. */
const disconnect = (world: World, tab: Tab): void => {
  tab.online = false
  world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
}
const connect = (world: World, tab: Tab): void => {
  tab.online = true
  world.server.reply = () => ({})
}

describe('a refresh without a network', () => {
  it('a refresh that failed offline is repeated once when the browser is online, without input', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    disconnect(world, tab)
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('offline')
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
    connect(world, tab)
    tab.hint('focus')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
    tab.hint('online')
    await world.advance(SECOND)
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(2)
  })

  it('I16: a refresh that failed offline is not repeated if another tab has the new token by then', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(6 * MINUTE)
    disconnect(world, one)
    expect(await world.until(outcome(one.session.getAccessToken()))).toBe('offline')
    world.server.reply = () => ({})
    expect(await world.until(outcome(two.session.getAccessToken()))).toBe('access-f1-2')
    await world.advance(SECOND)
    connect(world, one)
    one.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(2)
  })

  it('a refresh that nobody waits for begins when the browser is online, without input', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(4.5 * MINUTE)
    disconnect(world, tab)
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
    expect(world.server.calls).toEqual([])
    connect(world, tab)
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a refresh is not caused by `online` alone', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.calls).toEqual([])
  })

  it('a refresh that nobody waits for is not tried by a page that was loaded without a network', async () => {
    const world = createWorld()
    ;(await world.signedIn()).close()
    const page = world.page()
    page.online = false
    createSessionWith(page.ports, { server: world.server.of(page), tokenStore: world.tokens.of(page) })
    await world.advance(MINUTE)
    page.input()
    await world.advance(4 * MINUTE)
    expect(world.server.count('refresh')).toBe(0)
  })

  it('a refresh that nobody waits for is put off by each time without a network, for as long', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const wait = async (minutes: number): Promise<void> => {
      tab.input()
      await world.advance(minutes * MINUTE)
    }
    await world.advance(SECOND)
    disconnect(world, tab)
    // Due after 4 minutes, and put off for 5.
    await wait(4.5)
    connect(world, tab)
    tab.hint('online')
    await wait(0.5)
    expect(world.server.count('refresh')).toBe(1)
    disconnect(world, tab)
    // Due after 8.5 minutes, and put off for 5.
    await wait(4)
    await wait(4)
    expect(world.server.count('refresh')).toBe(1)
    await wait(1)
    expect(world.server.count('refresh')).toBe(2)
  })

  it.each(['timeout', 'no_tokens', 'signed_out', 'offline'] as const)(
    'a failure of a refresh (%s) does not disprove that the browser is offline',
    async (code) => {
      const world = createWorld()
      const tab = await world.signedIn({}, { methods: ['refresh', 'keepAlive'] })
      tab.online = false
      world.server.reply = () => ({ fails: new SessionError(code) })
      await world.advance(MINUTE)
      await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
      expect(world.server.count('refresh')).toBe(1)
      tab.input()
      await world.advance(8 * MINUTE)
      expect(world.server.count('keepAlive')).toBe(0)
    },
  )

  it('a refresh after a server failure waits for its back-off, and not for the network', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('server')
    await world.advance(MINUTE)
    tab.hint('online')
    await world.advance(SECOND)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('a refresh with a server response sets a back-off, although the browser reports to be offline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    world.server.reply = () => {
      tab.online = false
      return { fails: new SessionError('server') }
    }
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('server')
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', retryAt: expect.any(Number) as number }])
  })

  it('a refresh backs off while the browser reports to be online, and not while it is offline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('offline')
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', retryAt: expect.any(Number) as number }])
    await world.advance(MINUTE)

    world.server.reply = () => {
      tab.online = false
      return { fails: new TypeError('Failed to fetch') }
    }
    expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('offline')
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', retryAt: null }])
  })
})

describe('the times in events and errors', () => {
  it('retryAt is given by this device’s clock, also after it was set back', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(-HOUR)
    tab.session.check()
    const { wall } = world.time.clock()
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt: wall + 20 * SECOND }) })
    await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))
    const [event] = tab.takeEvents()
    expect(event).toMatchObject({ type: 'refreshFailed', error: { code: 'rate_limited' } })
    const { retryAt } = event as { retryAt: number }
    // The delay has a tenth of jitter.
    expect(retryAt - wall).toBe(21_998)
  })

  it('retryAt of an error is given by this device’s clock as well', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(-HOUR)
    await world.advance(6 * MINUTE)
    const retryAt = world.time.clock().wall + 20 * SECOND
    world.server.reply = () => ({ fails: new SessionError('rate_limited', { retryAt }) })
    await world.until(outcome(tab.session.getAccessToken()))
    const early = await world.until(tab.session.getAccessToken().catch((thrown: unknown) => thrown))
    expect(early).toMatchObject({ code: 'rate_limited' })
    const { retryAt: laterRetryAt } = early as { retryAt: number }
    expect(laterRetryAt - retryAt).toBe(1998)
    expect(world.server.count('refresh')).toBe(1)
  })

  it('warnAt and endAt are given by this device’s clock as well', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(-HOUR)
    const { wall } = world.time.clock()
    tab.session.check()
    const { warnAt, endAt } = tab.session.deadlines()!
    expect(warnAt - wall).toBe(13 * MINUTE - 14)
    expect(endAt - warnAt).toBe(2 * MINUTE)
  })

  it('deadlines() returns null at the deadline itself', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(tab.session.deadlines()!.endAt - world.time.clock().wall)
    expect(tab.session.deadlines()).toBeNull()
  })
})
