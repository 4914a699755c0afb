import { describe, expect, it } from 'vitest'
import { createWorld, type Engine, type Tab, type World } from '../../src/testing.js'

const HOUR = 36e5
const KEY = 'sojourn:session:1'

/** Removes the data of the site without a storage event, as `Clear-Site-Data` does in Firefox and WebKit. */
function empty(world: World): void {
  world.storage.stored.clear()
  world.tokens.stored = null
}

async function signIn(world: World, tab: Tab): Promise<void> {
  await world.until(tab.session.signIn(world.grant()))
  tab.takeEvents()
}

/** Two sign-outs and two sign-ins: an order by a mere count would have reached 3. */
async function thirdSession(engine: Engine): Promise<{ world: World; tab: Tab }> {
  const world = createWorld({ engine })
  const tab = await world.signedIn()
  for (let i = 0; i < 2; i++) {
    await world.until(tab.session.signOut())
    await signIn(world, tab)
  }
  return { world, tab }
}

const away: readonly [how: string, engine: Engine, leave: (tab: Tab) => void, comeBack: (tab: Tab) => void][] = [
  ['lay in the back/forward cache', 'webkit', (tab) => tab.leave(), (tab) => tab.comeBack()],
  [
    'was frozen',
    'chromium',
    (tab) => (tab.frozen = true),
    (tab) => {
      tab.frozen = false
      tab.hint('resume')
    },
  ],
  [
    'had no timers',
    'firefox',
    (tab) => (tab.timersEvery = Infinity),
    (tab) => {
      tab.timersEvery = 0
      tab.hint('focus')
    },
  ],
]

describe('an order of sessions in a store that may be cleared', () => {
  // There, a session store was emptied while a tab slept. The tab then restored its old session for all tabs.
  // Right: the newest sign-in wins in every tab, even if some tabs remember older sessions.
  it.each(away)(
    'chatwoot/chatwoot#15585: a tab that %s while storage was cleared revives nothing',
    async (_how, engine, leave, comeBack) => {
      const { world, tab: first } = await thirdSession(engine)
      const sleeper = world.tab()
      await world.advance('1s')
      leave(sleeper)
      await world.until(first.session.signOut())
      first.close()
      empty(world)
      const newest = world.tab()
      await signIn(world, newest)
      await world.advance('1s')
      comeBack(sleeper)
      await world.advance('1s')
      expect(newest.takeEvents()).toEqual([])
      expect(newest.visible()).toBe('active')
      const id = newest.session.getSnapshot()
      expect(sleeper.visible() === 'nothing' || sleeper.session.getSnapshot()).toEqual(
        sleeper.visible() === 'nothing' || id,
      )
      expect(world.tab().session.getSnapshot()).toEqual(id)
    },
  )

  // There, a tombstone in the memory of a sleeping tab hid the sign-in that came after the store had been emptied.
  it('decred/politeiagui#558: a tab that knows an end spares the sign-in after storage was cleared', async () => {
    const { world, tab: sleeper } = await thirdSession('webkit')
    await world.until(sleeper.session.signOut())
    sleeper.leave()
    empty(world)
    const newest = world.tab()
    await signIn(world, newest)
    sleeper.comeBack()
    await world.advance('1s')
    expect(newest.takeEvents()).toEqual([])
    expect(newest.visible()).toBe('active')
  })

  it.each(away)(
    'a tab that %s follows the newest sign-in although the clock was set back',
    async (_how, engine, leave, comeBack) => {
      const { world, tab: first } = await thirdSession(engine)
      const sleeper = world.tab()
      await world.advance('1s')
      leave(sleeper)
      await world.until(first.session.signOut())
      first.close()
      empty(world)
      world.setClock(-HOUR)
      const newest = world.tab()
      await signIn(world, newest)
      await world.advance('1s')
      comeBack(sleeper)
      await world.advance('1s')
      expect(newest.takeEvents()).toEqual([])
      expect(newest.visible()).toBe('active')
    },
  )

  it('a tab that slept until its session ran out does not end the newest sign-in', async () => {
    const { world, tab: sleeper } = await thirdSession('webkit')
    await world.advance('1s')
    sleeper.leave()
    empty(world)
    world.setClock(-HOUR)
    const newest = world.tab()
    await signIn(world, newest)
    for (let i = 0; i < 12; i++) {
      await world.advance('10m')
      newest.input()
    }
    await world.advance('5s')
    newest.takeEvents()
    sleeper.comeBack()
    await world.advance('1s')
    expect(newest.takeEvents()).toEqual([])
    expect(newest.visible()).toBe('active')
  })

  // The session of the tab had not reached its deadline, and its `seq` was no longer ahead of the clock.
  it('a tab that saw the clock set back before it slept does not displace the newest sign-in', async () => {
    const { world, tab: sleeper } = await thirdSession('webkit')
    await world.advance('1s')
    world.setClock(-6e5)
    sleeper.hint('focus')
    sleeper.leave()
    empty(world)
    const newest = world.tab()
    await signIn(world, newest)
    await world.advance('11m')
    newest.input()
    await world.advance('5s')
    newest.takeEvents()
    sleeper.comeBack()
    await world.advance('1s')
    expect(newest.takeEvents()).toEqual([])
    expect(newest.visible()).toBe('active')
  })

  // Sleep hides how far: the tab sees less of the change than those that were awake, and takes its own session for the later one.
  it('a tab that was away while the clock was set back and the machine slept does not displace a sign-in of before', async () => {
    const world = createWorld({ engine: 'webkit' })
    const sleeper = await world.signedIn()
    await world.advance('2m')
    sleeper.leave()
    const newest = world.tab()
    await signIn(world, newest)
    const id = newest.session.getSnapshot()
    await world.advance('1s')
    world.setClock(-6e5)
    newest.hint('focus')
    await world.advance('1m')
    world.sleep('6m')
    await world.advance('1m')
    newest.takeEvents()
    sleeper.comeBack()
    await world.advance('1s')
    expect(newest.takeEvents()).toEqual([])
    expect(newest.session.getSnapshot()).toEqual(id)
  })

  // Both sessions have a number ahead of the clock, so that only their beginnings tell which is the later one.
  it('a tab that slept while the clock was set back twice does not displace a sign-in that counted on', async () => {
    const { world, tab: sleeper } = await thirdSession('webkit')
    await world.advance('1s')
    sleeper.leave()
    empty(world)
    world.setClock(-6e5)
    const newest = world.tab()
    await signIn(world, newest)
    world.setClock(-HOUR)
    newest.hint('focus')
    await signIn(world, newest)
    await world.advance('1s')
    sleeper.comeBack()
    await world.advance('1s')
    expect(newest.takeEvents()).toEqual([])
    expect(newest.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0005' })
    expect(world.tab().session.getSnapshot()).toEqual(newest.session.getSnapshot())
  })

  it('a tab whose own session ran out meanwhile gives way to one that began earlier by its clock', async () => {
    const world = createWorld()
    const options = { idleTimeout: '40m' } as const
    // No message reaches the tab that sleeps.
    world.storage.delay = world.channel.delay = Infinity
    const first = await world.signedIn(options)
    const sleeper = world.tab(options)
    await world.advance('1s')
    sleeper.frozen = true
    first.close()
    empty(world)
    await world.advance('10m')
    world.setClock(-HOUR)
    const newest = world.tab(options)
    await signIn(world, newest)
    await world.advance('31m')
    newest.input()
    // The clock that measured how far the other was set back stands still.
    world.sleep('20m')
    sleeper.frozen = false
    sleeper.hint('resume')
    await world.advance('1s')
    expect(newest.takeEvents().map(({ type }) => type)).toEqual(['refreshed'])
    expect(sleeper.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(newest.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })

  it('a clock that is set back between two sign-ins does not change their order', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    two.frozen = true
    world.setClock(-HOUR)
    await signIn(world, one)
    two.frozen = false
    two.hint('resume')
    await world.advance('1s')
    expect(one.takeEvents()).toEqual([])
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
  })
})

describe('an older session that is over', () => {
  // A process that lagged wrote the older record over the next one, which was over as well. A tab forgot the end that it knew,
  // and showed the next session as live when its record arrived late.
  it('an older session that is over does not make a tab forget the end of the next one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { stored } = world.storage
    await world.until(tab.session.signOut())
    const first = Object.fromEntries(stored)
    await signIn(world, tab)
    const second = stored.get(KEY)!
    await world.until(tab.session.signOut())
    await world.advance('1s')
    tab.frozen = true
    world.storage.change(first)
    await world.advance('1s')
    tab.frozen = false
    tab.hint('resume')
    tab.takeEvents()
    world.storage.change({ [KEY]: second, [`${KEY}:end`]: null })
    await world.advance('1s')
    expect(tab.visible()).toBe('signedOut')
    expect(tab.takeEvents()).toEqual([])
  })
})

describe('a record of a session that has not begun yet', () => {
  // Something wrote the session before over the next one, with a start in the future: it seemed to be the newer one.
  it('a session that begins in the future does not displace the one that replaced it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { stored } = world.storage
    const first = JSON.parse(stored.get(KEY)!) as { startedAt: number }
    await world.advance('1s')
    await signIn(world, tab)
    world.storage.change({ [KEY]: JSON.stringify({ ...first, startedAt: first.startedAt + HOUR }) })
    await world.advance('1s')
    expect(tab.takeEvents()).toEqual([])
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(world.tab().session.getSnapshot()).toEqual(tab.session.getSnapshot())
  })
})

describe('a process that lags', () => {
  // The process read the writes of another tab one after the other, and took the live session, although it was the older one.
  it('a process that lags does not bring back the session before the one whose end it knows', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { stored } = world.storage
    const first = stored.get(KEY)!
    await world.advance('1s')
    await signIn(world, tab)
    await world.until(tab.session.signOut())
    tab.takeEvents()
    world.storage.change({ [KEY]: first, [`${KEY}:end`]: null })
    await world.advance('1s')
    expect(tab.takeEvents()).toEqual([])
    expect(tab.visible()).toBe('signedOut')
  })
})

describe('an order of sessions of tabs without storage', () => {
  // The tab knew the sign-in from the channel. When storage worked again, it found the end of the session before there, and
  // treated its own session as one that had not begun yet.
  it('a sign-in without storage counts more than an older end in storage, after a clock set back', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.until(one.session.signOut())
    await world.advance('2h')
    world.storage.isAvailable = false
    const two = world.tab()
    await world.advance('1s')
    await signIn(world, one)
    await world.advance('1s')
    two.takeEvents()
    world.setClock(-HOUR)
    world.storage.isAvailable = true
    two.hint('focus')
    one.hint('focus')
    await world.advance('1s')
    expect(two.takeEvents()).toEqual([])
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
    expect(one.session.getSnapshot()).toEqual(two.session.getSnapshot())
  })

  // A page without a session took its `seq` from the clock that had been set back. A tab that counted on from its own session
  // treated its newer sign-in as one from the future when the other arrived, and both tabs exchanged their sessions.
  it('the newer of two sign-ins after the clock was set back wins, whichever of them continued', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    world.setClock(-HOUR)
    one.hint('focus')
    world.channel.delay = Infinity
    const two = world.tab()
    await signIn(world, two)
    await world.advance('1s')
    await signIn(world, one)
    world.channel.delay = 1
    two.input()
    await world.advance('1s')
    expect(one.takeEvents()).toEqual([])
    one.input()
    await world.advance('1s')
    expect(one.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0003' })
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
  })
})

describe('an end that is written in the moment of a sign-in', () => {
  // The end of the session from before has the higher number, because storage was emptied after the clock was set back. The tab of the
  // sign-in went on, and all other tabs showed that nobody was signed in.
  it.each<[seen: string, look: (tab: Tab) => void]>([
    ['had seen', (tab) => tab.hint('focus')],
    ['had not seen', () => undefined],
  ])('an end by a tab that %s that the clock was set back does not hide the sign-in', async (_seen, look) => {
    const world = createWorld()
    const { stored } = world.storage
    const one = await world.signedIn()
    const other = world.tab()
    await world.advance('1s')
    const live = Object.fromEntries(stored)
    await world.until(one.session.signOut())
    const end = stored.get(`${KEY}:end`)!
    one.close()
    other.close()
    world.storage.change(live)
    stored.delete(`${KEY}:end`)
    world.setClock(-HOUR)
    const two = world.tab()
    look(two)
    await world.until(two.session.signOut())
    const later = stored.get(`${KEY}:end`)!
    empty(world)
    const newest = world.tab()
    await signIn(world, newest)
    const id = newest.session.getSnapshot()
    for (const text of [end, later]) {
      world.storage.change({ [`${KEY}:end`]: text })
      await world.advance('1s')
      expect(newest.takeEvents()).toEqual([])
      expect(newest.session.getSnapshot()).toEqual(id)
      expect(two.session.getSnapshot()).toEqual(id)
      expect(world.tab().session.getSnapshot()).toEqual(id)
    }
  })
})

describe('a tab that was frozen during several sign-ins', () => {
  // It found the newest session in storage first, and then heard of those before, in order. It raised the newest above each that it
  // heard of, and so made it one with a number ahead of the clock, which the next that it heard of displaced.
  // The message overtakes the record: the tab finds storage empty, and takes its session for removed.
  it('a tab that hears of a sign-in before it can read it does not write the end of its own session over it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(-10 * 60_000)
    tab.session.check()
    empty(world)
    const next = world.tab()
    world.storage.lag = 5
    await signIn(world, next)
    await world.advance('1s')
    expect(tab.visible()).toBe('active')
    expect(tab.session.getSnapshot()).toMatchObject({ id: (next.session.getSnapshot() as { id: string }).id })
    expect(world.tab().session.getSnapshot()).toMatchObject({ phase: 'active' })
  })

  it('a tab that was frozen during several sign-ins stays with the newest, after the clock was set back', async () => {
    const world = createWorld()
    const sleeper = world.tab()
    sleeper.frozen = true
    world.channel.isAvailable = false
    const one = await world.signedIn()
    world.setClock(-HOUR)
    one.hint('focus')
    for (let i = 0; i < 3; i++) await signIn(world, one)
    empty(world)
    const newest = world.tab()
    await signIn(world, newest)
    sleeper.frozen = false
    sleeper.hint('resume')
    await world.advance('1s')
    expect(sleeper.takeEvents().map(({ type }) => type)).toEqual(['signedIn'])
    expect(sleeper.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0005' })
    expect(newest.takeEvents()).toEqual([])
    expect(newest.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0005' })
    expect(await world.until(newest.session.getAccessToken())).toBe('access-f5-1')
  })
})

describe('a sign-in in a page whose query got no reply', () => {
  it.each(['active', 'signedOut'])(
    'a sign-in after an unanswered query outlasts late replies about an older session, which is %s',
    async (before) => {
      const world = createWorld()
      world.storage.isAvailable = false
      const one = await world.signedIn()
      world.setClock(-HOUR)
      one.hint('focus')
      if (before === 'signedOut') await world.until(one.session.signOut())
      world.channel.delay = ({ name }) => (name === one.name ? 500 : 1)
      const two = world.tab()
      await signIn(world, two)
      await world.advance('1s')
      expect(two.takeEvents()).toEqual([])
      expect(two.session.getSnapshot()).toMatchObject({ phase: 'active', id: 'session-0002' })
      expect(one.session.getSnapshot()).toEqual(two.session.getSnapshot())
      expect(world.tokens.stored?.id).toBe('session-0002')
    },
  )
})

describe('a planted record or end', () => {
  const plant = (world: World, fields: object): void => {
    const wall = world.time.clock().wall
    const sound = { id: 'planted-0001', seq: wall + 1, startedAt: wall, activeAt: wall }
    world.storage.change({ [KEY]: JSON.stringify({ ...sound, ...fields }) })
  }
  const plantEnd = (world: World, fields: object): void => {
    const endedAt = world.time.clock().wall
    const text = JSON.stringify({ id: 'planted-0001', seq: 1, endedAt, reason: 'signOut', ...fields })
    world.storage.change({ [`${KEY}:end`]: text })
  }
  const LAST = 1e12

  it.each([
    ['a record with the highest order that is believed', plant, (wall: number) => ({ seq: wall + LAST })],
    ['a record with an order of years to come', plant, () => ({ seq: 4e12 })],
    ['a record with the highest skew', plant, () => ({ skew: 4e12 })],
    ['an end with the highest order that is believed', plantEnd, (wall: number) => ({ seq: wall + LAST })],
    ['an end with an order of years to come', plantEnd, () => ({ seq: 4e12 })],
    ['an end with the last of all numbers', plantEnd, () => ({ seq: Number.MAX_SAFE_INTEGER })],
  ] as const)('a planted %s costs no sign-in after it', async (_what, planting, fields) => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    planting(world, fields(world.time.clock().wall))
    await world.advance('1s')
    await signIn(world, one)
    await world.advance('1s')
    // The clock goes on, and then back a little. The record stays readable.
    world.setClock(-2_000)
    one.hint('focus')
    await world.advance('1s')
    const shown = [one, two, world.tab()].map(({ session }) => session.check())
    expect(shown).toMatchObject(shown.map(() => ({ phase: 'active', id: 'session-0002' })))
  })
})
