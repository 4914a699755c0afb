import { describe, expect, it, vi } from 'vitest'
import { createWorld, HOUR, KEY, MINUTE, SECOND, stranger, type Tab, type World } from './world.js'

const eventsOf = (tab: Tab): string[] => tab.takeEvents().flatMap(({ type }) => (type === 'refreshed' ? [] : [type]))
const wipe = (world: World): void => world.storage.change({ [KEY]: null, [`${KEY}:end`]: null })

describe('a record that vanishes from storage', () => {
  it('a record that vanishes from storage ends the session as wiped in every tab that had seen it', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    wipe(world)
    await world.advance(SECOND)
    for (const tab of [one, two]) {
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
      expect(eventsOf(tab)).toEqual(['signedOut'])
    }
    expect(world.tokens.stored).toBeNull()
    expect(world.server.count('signOut')).toBe(1)
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
  })

  it('a record that vanishes from storage is noticed before a token is returned, without an event', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.storage.stored.clear()
    await expect(world.until(tab.session.getAccessToken())).rejects.toMatchObject({ code: 'signed_out' })
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'wiped' })
  })

  it('a record that vanishes from storage ends no session of a tab that never saw it there', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await world.signedIn()
    world.storage.isAvailable = true
    tab.hint('focus')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('active')
  })

  it('a record that vanishes from storage does not end the session if storage only stopped working', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.storage.isAvailable = false
    tab.hint('focus')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('active')
    expect(tab.degraded).toMatchObject([{ feature: 'storage' }])
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
  })

  it('I7: a record for which storage never had room does not end the session as wiped', async () => {
    const world = createWorld()
    const tab = world.tab()
    world.storage.full = true
    await world.until(tab.session.signIn(world.grant()))
    tab.hint('focus')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('active')
    expect(tab.degraded).toMatchObject([{ feature: 'storage' }])
  })

  it('I7: a record that a message shows before storage does not end the session as wiped', async () => {
    const world = createWorld()
    const two = world.tab()
    world.storage.lag = 50
    await world.until(world.tab().session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(two.takeEvents()).toMatchObject([{ type: 'signedIn', where: 'elsewhere' }])
    expect(two.phase()).toBe('active')
  })

  it('a record that vanishes from storage leaves an ended session with its reason', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.signOut())
    wipe(world)
    await world.advance(SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'signOut' })
  })

  it('I7: a record vanishes only if both keys are gone, not if a full disk makes room for the end', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.storage.full = true
    let lag = 0
    world.storage.lag = () => (lag += 10)
    world.channel.delay = Infinity
    void one.session.signOut()
    for (let i = 0; i < 200; i++) {
      await world.advance(1)
      two.hint('focus')
    }
    expect(two.takeEvents().flatMap((event) => (event.type === 'signedOut' ? event.reason : []))).toEqual(['signOut'])
  })

  it('a record that vanishes while its end is still there is an end', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    two.frozen = true
    await world.until(one.session.signOut())
    world.storage.change({ [KEY]: null })
    two.frozen = false
    await world.advance(0)
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'signOut' })
    expect(world.tab().session.getSnapshot()).toMatchObject({ reason: 'signOut' })
  })
})

describe('I6: tabs that read the same storage', () => {
  it('tabs that read the same storage agree within one hint, though every message was lost', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab()] as const
    world.deafen()
    const agree = (): void => {
      for (const tab of tabs) tab.hint('focus')
      const snapshots = tabs.map((tab) => tab.session.getSnapshot())
      expect(new Set(snapshots.map((snapshot) => JSON.stringify(snapshot))).size).toBe(1)
    }
    agree()
    await world.advance(13 * MINUTE)
    agree()
    await world.until(tabs[1].session.extend())
    agree()
    await world.until(tabs[2].session.signIn(world.grant()))
    agree()
    await world.until(tabs[0].session.signOut())
    agree()
  })

  it('tabs that read the same storage agree though messages come late, and in another order', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.storage.delay = 5 * SECOND
    world.channel.delay = 9 * SECOND
    await world.until(one.session.signOut())
    world.storage.delay = 1
    world.channel.delay = 1
    await world.until(one.session.signIn(world.grant()))
    await world.advance(20 * SECOND)
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('active')
    expect(world.server.count('signOut')).toBe(1)
  })

  it('tabs that read the same storage post nothing when they agree', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab(), world.tab()]
    await world.advance(SECOND)
    const before = { ...world.storage.count, posted: world.channel.posted.length }
    await world.advance(2 * MINUTE)
    expect({ ...world.storage.count, posted: world.channel.posted.length }).toEqual(before)
    expect(tabs.map((tab) => tab.phase())).toEqual(Array(4).fill('active'))
  })

  it('tabs that read the same storage post nothing after a sign-out, although the clock was set back', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.advance(MINUTE)
    one.input()
    await world.until(one.session.signOut())
    world.setClock(-HOUR)
    const tabs = [one, world.tab(), world.tab()]
    for (const tab of [...tabs, ...tabs]) tab.hint('focus')
    await world.advance(SECOND)
    const { writes } = world.storage.count
    await world.advance(10 * SECOND)
    expect(world.storage.count.writes).toBe(writes)
    expect(new Set(tabs.map((tab) => tab.phase()))).toEqual(new Set(['signedOut']))
  })

  it('tabs that read the same storage keep fields of a newer version, and do not correct each other', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const sound = world.record()
    one.frozen = true
    world.storage.change({ [KEY]: JSON.stringify({ ...sound, y: 1 }) })
    await world.advance(SECOND)
    one.frozen = false
    two.frozen = true
    world.storage.stored.set(KEY, JSON.stringify({ ...sound, x: [2] }))
    one.hint('focus')
    two.frozen = false
    await world.advance(SECOND)
    one.input()
    await world.advance(SECOND)
    two.hint('focus')
    await world.advance(5 * SECOND)
    const { writes } = world.storage.count
    await world.advance(30 * SECOND)
    expect(world.storage.count.writes).toBe(writes)
    expect(world.record()).toMatchObject({ x: [2], y: 1 })
  })
})

describe('a tab whose clock is ahead of the others’', () => {
  it('a tab whose clock is ahead does not correct the others: no tab writes the same again and again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    const { clock, wallNow: wall } = tab.ports
    const set = (ms: number, ports: Tab['ports']): void => {
      Object.assign(ports, { clock: () => ({ ...clock(), wall: wall() + ms }), wall: () => wall() + ms })
    }
    set(10 * MINUTE, tab.ports)
    tab.input()
    const before = world.storage.count.writes
    await world.advance(SECOND)
    expect(world.storage.count.writes - before).toBe(1)
    set(10 * MINUTE, other.ports)
    other.session.check()
    expect(other.session.deadlines()).toEqual(tab.session.deadlines())
  })
})

describe('the channel', () => {
  it('I15: the channel has sign-ins and ends only, because each message evicts cached pages', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    expect(world.channel.posted).toHaveLength(1)
    for (let i = 0; i < 20; i++) {
      one.input()
      two.input()
      await world.advance(MINUTE)
      await world.until(two.session.getAccessToken({ forceRefresh: true }))
    }
    await world.advance(13 * MINUTE)
    await world.until(two.session.extend())
    world.setClock(-HOUR)
    one.hint('focus')
    await world.advance(MINUTE)
    expect(world.channel.posted).toHaveLength(1)
    await world.until(two.session.signOut())
    await world.advance(SECOND)
    expect(world.channel.posted).toHaveLength(2)
    expect(world.channel.posted[1]).toMatchObject({ from: two })
  })

  it('I15: the channel is not used again for a message just received, although storage lags', async () => {
    const world = createWorld()
    const tabs = [world.tab(), world.tab(), world.tab()] as const
    world.storage.lag = 50
    await world.until(tabs[0].session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(world.channel.posted).toHaveLength(1)
    await world.until(tabs[1].session.signOut())
    await world.advance(SECOND)
    expect(world.channel.posted).toHaveLength(2)
    expect(tabs.map((tab) => tab.phase())).toEqual(['signedOut', 'signedOut', 'signedOut'])
  })

  it('I9: the channel has no token, and neither has storage', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    await world.until(two.session.getAccessToken({ forceRefresh: true }))
    world.storage.isAvailable = true
    const three = await world.signedIn()
    await world.until(three.session.getAccessToken({ forceRefresh: true }))
    await world.until(three.session.signOut())
    await world.until(one.session.signOut())
    const all = JSON.stringify([
      world.channel.posted.map(({ message }) => message),
      [...world.storage.stored],
      one.heard,
      three.heard,
    ])
    expect(all).not.toMatch(/access-|refresh-f/)
  })

  it.each([null, {}, [], { record: 7 }, { record: '{' }, { end: null }, { record: {}, end: [] }, { other: 1 }])(
    'I12: the channel with malformed messages changes nothing and throws nothing: %j',
    async (message) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const before = tab.session.getSnapshot()
      const other = world.channel.open(stranger('junk'), KEY, () => {})
      other.post(message as never)
      await world.advance(SECOND)
      expect(tab.session.getSnapshot()).toEqual(before)
      expect(tab.reports).toEqual([])
      expect(tab.heard).toEqual([])
    },
  )

  it('I5: the channel with an old live record revives nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const record = world.storage.stored.get(KEY)!
    await world.until(tab.session.signOut())
    const other = world.channel.open(stranger('late'), KEY, () => {})
    other.post({ record, end: null })
    await world.advance(SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('the channel is reported in `degraded` if it is missing, and storage does its work', async () => {
    const world = createWorld()
    world.channel.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    expect(two.phase()).toBe('active')
    await world.until(one.session.signOut())
    await world.advance(10)
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'signOut' })
    expect(one.degraded).toMatchObject([{ feature: 'channel', consequence: expect.any(String) as string }])
  })
})

describe('where storage is denied', () => {
  it('a tab that opens while storage is full queries the open ones too', async () => {
    const world = createWorld()
    world.storage.full = true
    const one = await world.signedIn()
    const late = world.tab()
    expect(late.phase()).toBe('loading')
    await world.advance(SECOND)
    expect(late.phase()).toBe('active')
    await world.until(late.session.signOut())
    expect(one.phase()).toBe('signedOut')
  })

  it('tabs are one session by channel: activity, warning, answer, sign-out, sign-in', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(SECOND)
    await world.advance(10 * MINUTE)
    one.input()
    await world.advance(10 * MINUTE)
    expect(two.phase()).toBe('active')
    await world.advance(4 * MINUTE)
    expect([one.phase(), two.phase()]).toEqual(['warning', 'warning'])
    await world.until(two.session.extend())
    await world.advance(10)
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    await world.until(one.session.signOut())
    await world.advance(10)
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'signOut' })
    await world.until(two.session.signIn(world.grant()))
    await world.advance(10)
    expect(one.session.getSnapshot()).toEqual(two.session.getSnapshot())
  })

  it('tabs without storage post nothing when they agree', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await world.signedIn()
    for (let i = 0; i < 4; i++) world.tab()
    await world.advance(SECOND)
    const posted = world.channel.posted.length
    await world.advance(MINUTE)
    expect(world.channel.posted).toHaveLength(posted)
  })

  it('I15: tabs that post at the same moment post each message once', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(MINUTE)
    const before = world.channel.posted.length
    one.input()
    await world.advance(0.5)
    two.input()
    await world.advance(SECOND)
    expect(world.channel.posted.slice(before).map(({ from }) => from.name)).toEqual(['tab 1', 'tab 2'])
    expect(two.session.deadlines()).toEqual(one.session.deadlines())
  })

  it('storage that is denied is reported as degraded once, to late listeners as well', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    expect(tab.degraded.filter(({ feature }) => feature === 'storage')).toHaveLength(1)
    const late = vi.fn()
    tab.session.on('degraded', late)
    expect(late).not.toHaveBeenCalled()
    await world.advance(0)
    expect(late).toHaveBeenCalledTimes(1)
    tab.hint('focus')
    await world.advance(MINUTE)
    expect(late).toHaveBeenCalledTimes(1)
  })

  it('storage that is denied and comes back loses nothing that was there before', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    world.storage.isAvailable = false
    one.hint('focus')
    await world.until(one.session.signOut())
    world.storage.isAvailable = true
    expect(one.phase()).toBe('signedOut')
  })
})

describe('several instances', () => {
  it('several instances in one tab, as under StrictMode, do no harm to each other', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const [a, b] = await world.until(
      Promise.all([
        one.session.getAccessToken({ forceRefresh: true }),
        two.session.getAccessToken({ forceRefresh: true }),
      ]),
    )
    expect(a).toBe(b)
    two.session.destroy()
    await world.until(one.session.getAccessToken())
    expect(one.phase()).toBe('active')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('instances in twenty tabs post little and refresh once', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), ...Array.from({ length: 19 }, () => world.tab())]
    world.channel.posted.length = 0
    world.sleep(6 * MINUTE)
    const tokens = await world.until(Promise.all(tabs.map((tab) => tab.session.getAccessToken())))
    expect(new Set(tokens).size).toBe(1)
    expect(world.server.count('refresh')).toBe(1)
    expect(world.channel.posted).toEqual([])
  })
})
