import { describe, expect, it } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { createWorld, MINUTE, outcome, SECOND, type Tab, type World } from '../unit/session/world.js'

const methods = { methods: ['refresh', 'signOut', 'keepAlive', 'check'] } as const
const cookie = { methods: ['signOut', 'keepAlive', 'check'] } as const

/** A user who is active every few seconds. */
const work = async (world: World, tab: Tab, ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 5 * SECOND) {
    tab.input()
    await world.advance(5 * SECOND)
  }
}
const times = (world: World, method: string): number[] =>
  world.server.calls.filter((call) => call.method === method).map(({ at }) => at)

describe('a browser that reports to be offline', () => {
  // There, `navigator.onLine` was false although requests work (a Chromium bug at start, kiosks, virtual machines, trains), and the
  // application sent no request. Right: a request for which a caller waits is tried.
  it('discourse/discourse#22981: a token that has expired is refreshed all the same (S99)', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(6 * MINUTE)
    tab.online = false
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
    expect(await world.until(tab.session.getAccessToken({ forceRefresh: true }))).toBe('access-f1-3')
    expect(tab.takeEvents().filter(({ type }) => type === 'refreshFailed')).toEqual([])
  })

  // There, the page that stands in without a network came up where `navigator.onLine` was false, though the server was on the same
  // device. Right: a page that starts with the hint sends what its callers ask for.
  it('booklore-app/booklore#2784: a page that starts with the hint gets a token and an extension, and signs out', async () => {
    const world = createWorld()
    const first = await world.signedIn({}, methods)
    await world.advance(6 * MINUTE)
    first.close()
    const tab = world.tab({}, methods)
    tab.online = false
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
    await world.advance(7.5 * MINUTE)
    expect(tab.phase()).toBe('warning')
    expect(await world.until(tab.session.extend())).toBe(true)
    await world.until(tab.session.signOut())
    expect(world.server.count('signOut')).toBe(1)
  })

  it('a request that is refused is sent again with a newer token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.online = false
    const api = createFetch(tab.session, {
      origins: ['https://api.example'],
      fetch: async (input) => {
        const { headers } = input as Request
        return Promise.resolve(new Response('', { status: headers.get('Authorization')?.endsWith('-1') ? 401 : 200 }))
      },
    })
    expect((await world.until(api('https://api.example/'))).status).toBe(200)
  })

  it('background work waits for `online` or keepAliveEvery, and goes on after a response', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, cookie)
    const began = world.time.clock().wall
    tab.online = false
    await work(world, tab, 31 * MINUTE)
    // The call is due after five minutes and tried after ten. Its response disproves the hint.
    expect(times(world, 'keepAlive').map((at) => Math.round((at - began) / MINUTE))).toEqual([10, 15, 20, 25, 30])
    expect(tab.phase()).toBe('active')
  })

  it('activity that has stopped since is sent to the server all the same', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, cookie)
    tab.online = false
    await work(world, tab, 5.5 * MINUTE)
    await world.advance(5 * MINUTE)
    expect(world.server.count('keepAlive')).toBe(1)
  })

  it('a response to a caller’s request ends the wait of background work', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    tab.online = false
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await work(world, tab, 5.2 * MINUTE)
    expect([world.server.count('refresh'), world.server.count('keepAlive')]).toEqual([2, 1])
  })

  it('the online hint counts again once it has changed', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    tab.online = false
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    tab.online = true
    tab.hint('online')
    tab.online = false
    await work(world, tab, 5.2 * MINUTE)
    expect([world.server.count('refresh'), world.server.count('keepAlive')]).toEqual([1, 0])
  })

  it('a network that is really gone is tried once per keepAliveEvery by each tab, and once per caller', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    tab.online = false
    world.server.reply = () => ({ fails: new TypeError('Failed to fetch') })
    await work(world, tab, 30.2 * MINUTE)
    const { length } = world.server.calls
    expect(length).toBe(5)
    for (let i = 0; i < 3; i++) expect(await world.until(outcome(tab.session.getAccessToken()))).toBe('offline')
    expect(world.server.calls).toHaveLength(length + 3)
    world.server.reply = () => ({})
    tab.online = true
    tab.hint('online')
    await world.advance(SECOND)
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-2')
  })
})
