import { describe, expect, it } from 'vitest'
import { sessionData } from '../../../src/data.js'
import { withLink } from '../../../src/errors.js'
import { eachSession } from '../../../src/session/each-session.js'
import { createSessionWith } from '../../../src/testing.js'
import type { Session } from '../../../src/types.js'
import { KEY } from '../session/world.js'
import { createWorld, dataIn, dataOf, changesOf, HOUR, MINUTE, signIn, type Tab, type World } from './world.js'

const twoTabs = async (world: World): Promise<[Tab, Tab]> => {
  const one = await world.signedIn()
  return [one, world.tab()]
}

describe('sessionData()', () => {
  it('sessionData() keeps texts for all tabs, and for a page that is loaded later', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const data = dataOf(one)
    expect(data.getItem('cart')).toBeNull()
    expect(data.setItem('cart', '3 apples')).toBe(true)
    expect(data.setItem('empty', '')).toBe(true)
    expect([data.getItem('cart'), dataOf(two).getItem('cart'), dataOf(world.tab()).getItem('empty')]).toEqual([
      '3 apples',
      '3 apples',
      '',
    ])
    dataOf(two).removeItem('cart')
    expect(data.getItem('cart')).toBeNull()
    expect(dataIn(world)).toEqual({ empty: '' })
  })

  it('sessionData() takes keys of any form, and texts that are no JSON', async () => {
    const world = createWorld()
    const data = dataOf(await world.signedIn())
    for (const key of ['', ':', '__proto__', 'constructor', 'length', 'a:b;c', '\n', '\uffff', '\ud800', '🍏'])
      expect([data.getItem(key), data.setItem(key, `{${key}`), data.getItem(key)]).toEqual([null, true, `{${key}`])
    expect(Object.keys(dataIn(world))).toHaveLength(10)
  })

  it('sessionData() belongs to one session and has its id, the same at each call', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const [one, two] = [dataOf(tab), dataOf(tab)]
    expect([one.id, two.id]).toEqual(Array(2).fill((tab.session.getSnapshot() as { id: string }).id))
    one.setItem('a', '1')
    expect(two.getItem('a')).toBe('1')
  })

  it('sessionData() throws without a live session, on a server, and for an object that is no session', async () => {
    const world = createWorld()
    const tab = world.tab({ name: 'other' })
    const destroyed = await world.signedIn()
    destroyed.session.destroy()
    const server = world.tab({}, { hasPage: false })
    for (const one of [tab, destroyed, server])
      expect(() => dataOf(one)).toThrow(expect.objectContaining({ code: 'signed_out' }) as Error)
    const message = withLink('invalid_options', 'sessionData takes the session that createSession() returned.')
    expect(() => sessionData({} as Session)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message }) as Error,
    )
  })

  it('sessionData() neither reads nor removes data of another name, however similar', async () => {
    const names = ['a', 'a:', '"a"', 'a"', 'a\\"', 'a:0', 'session', 'session:data', '\ud800', 'a":0']
    const world = createWorld()
    const tabs: Tab[] = []
    for (const name of names) tabs.push(await world.signedIn({ name }))
    for (const [index, tab] of tabs.entries()) dataOf(tab).setItem('mine', names[index]!)
    for (const [index, tab] of tabs.entries()) {
      expect(tabs.slice(index).map((one) => dataOf(one).getItem('mine'))).toEqual(names.slice(index))
      await world.until(tab.session.signOut())
      expect([...world.storage.stored.keys()].filter((key) => key.startsWith('sojourn-data:'))).toHaveLength(
        names.length - index - 1,
      )
    }
  })
})

describe('I18: the end of a session', () => {
  it('the end of a session removes its data in the task of the sign-out', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const [data, other] = [dataOf(one), dataOf(two)]
    data.setItem('a', '1')
    other.setItem('b', '2')
    void one.session.signOut()
    expect(dataIn(world)).toEqual({})
    expect([data.getItem('a'), data.setItem('a', '3')]).toEqual([null, false])
    data.removeItem('a')
    await world.advance(10)
    expect([other.getItem('b'), other.setItem('b', '3'), dataIn(world)]).toEqual([null, false, {}])
  })

  it('S107: a late write of one user is refused while the next one is signed in', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const [ada, also] = [dataOf(one), dataOf(two)]
    ada.setItem('mail', 'of ada')
    await signIn(world, one, world.grant())
    const bob = dataOf(one)
    for (const late of [ada, also]) expect(late.setItem('mail', 'of ada')).toBe(false)
    expect([bob.getItem('mail'), dataOf(two).getItem('mail'), ada.getItem('mail')]).toEqual([null, null, null])
    bob.setItem('mail', 'of bob')
    ada.removeItem('mail')
    expect([bob.getItem('mail'), ada.getItem('mail')]).toEqual(['of bob', null])
    expect(dataIn(world)).toEqual({ mail: 'of bob' })
  })

  it('S109: a laptop that wakes past the deadline reads nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const data = dataOf(tab)
    data.setItem('a', '1')
    world.sleep(HOUR)
    expect(tab.phase()).toBe('active')
    expect(data.getItem('a')).toBeNull()
    expect(tab.phase()).toBe('signedOut')
    expect(dataIn(world)).toEqual({})
  })

  it('S109: a laptop that wakes past the deadline writes nothing, and gets no new handle', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const data = dataOf(one)
    world.sleep(HOUR)
    expect(data.setItem('a', '1')).toBe(false)
    expect(() => dataOf(two)).toThrow(expect.objectContaining({ code: 'signed_out' }) as Error)
    expect(dataIn(world)).toEqual({})
  })

  it('the end of a session removes its data in every tab that runs, even if one crashes', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    dataOf(one).setItem('a', '1')
    dataOf(two)
    const third = world.tab()
    void third.session.signOut()
    // The third tab does not use the data.
    expect(dataIn(world)).toEqual({ a: '1' })
    one.crash()
    await world.advance(10)
    expect(dataIn(world)).toEqual({})
  })

  it.each([0, 1, 2, 3])(
    'S108: the rest of the data after %i removals and a crash is removed before the next user reads',
    async (removals) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const data = dataOf(tab)
      for (const key of ['a', 'b', 'c']) data.setItem(key, key)
      let left = removals
      const write = world.storage.stored.delete.bind(world.storage.stored)
      world.storage.stored.delete = (key) => {
        const isDone = left > 0 && write(key)
        if (--left < 0) tab.crash()
        return isDone
      }
      void tab.session.signOut()
      world.storage.stored.delete = write
      expect(Object.keys(dataIn(world))).toEqual(['a', 'b', 'c'].slice(removals))
      const next = await world.signedIn()
      expect(dataOf(next).getItem('c')).toBeNull()
      expect(dataIn(world)).toEqual({})
    },
  )

  it('the end of a session removes data that a slow process writes after it', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const slow = dataOf(two)
    dataOf(one)
    world.storage.lag = 200
    world.channel.delay = Infinity
    await world.advance(1000)
    void one.session.signOut()
    expect(slow.setItem('late', '1')).toBe(true)
    two.crash()
    await world.advance(1000)
    expect(dataIn(world)).toEqual({})
  })

  it('the end of a session leaves data of the next one, which this tab does not know yet', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const { id } = dataOf(one)
    const text = world.storage.stored.get(KEY) ?? null
    world.deafen()
    await signIn(world, two, world.grant())
    dataOf(two).setItem('new', '1')
    const newer = world.storage.stored.get(KEY) ?? null
    // The process of this tab has just overwritten the record of the next session with its own.
    world.storage.change({ [KEY]: text })
    expect(dataOf(one).id).toBe(id)
    world.storage.change({ [KEY]: newer })
    expect([dataOf(two).getItem('new'), dataOf(one).getItem('new')]).toEqual(['1', '1'])
  })

  it('the data of a session without a record are removed, also after the clock was set back', async () => {
    const world = createWorld()
    const old = await world.signedIn()
    dataOf(old).setItem('draft', '1')
    old.crash()
    for (const key of [KEY, `${KEY}:end`]) world.storage.stored.delete(key)
    world.setClock(-HOUR)
    const next = await world.signedIn()
    dataOf(next).setItem('new', '2')
    expect(dataIn(world)).toEqual({ new: '2' })
  })

  it('a listener of the data gets each change in any tab, and null once at the end', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const [data, other] = [dataOf(one), dataOf(two)]
    const [changes, elsewhere] = [changesOf(data), changesOf(other)]
    data.setItem('a:b', '1')
    data.setItem('a:b', '1')
    expect(changes).toEqual(['a:b'])
    await world.advance(10)
    expect(elsewhere).toEqual(['a:b'])
    other.removeItem('a:b')
    other.removeItem('a:b')
    await world.advance(10)
    expect([changes, elsewhere]).toEqual(Array(2).fill(['a:b', 'a:b']))
    void one.session.signOut()
    expect(changes).toEqual(['a:b', 'a:b', null])
    await signIn(world, one, world.grant())
    dataOf(one).setItem('a:b', '2')
    await world.advance(10)
    expect([changes, elsewhere]).toEqual(Array(2).fill(['a:b', 'a:b', null]))
  })

  it('a listener of the data gets nothing after its undo, and everything if another one throws', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const data = dataOf(tab)
    data.subscribe(() => {
      throw new Error('mine')
    })
    const changes = changesOf(data)
    const undo = data.subscribe((key) => changes.push(`${key}, undone`))
    undo()
    undo()
    data.setItem('a', '1')
    expect(changes).toEqual(['a'])
    expect(tab.reports).toEqual([new Error('mine')])
  })

  it('a stop of eachSession() reads and writes no data, and the next session starts once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log: unknown[] = []
    eachSession(tab.session, () => {
      const data = dataOf(tab)
      log.push(data.getItem('a'), data.setItem('a', 'kept'))
      return () => log.push(data.getItem('a'), data.setItem('a', 'late'))
    })
    await signIn(world, tab, world.grant())
    expect(log).toEqual([null, true, null, false, null, true])
    expect(dataIn(world)).toEqual({ a: 'kept' })
    // A stop that takes a step of its own does not end the session that has begun.
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f2-1')
    expect(world.tokens.stored).toMatchObject({ id: (tab.session.getSnapshot() as { id: string }).id })
  })

  it('the end of a session follows from the removal of its record, with the reason `wiped`', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const data = dataOf(tab)
    data.setItem('a', '1')
    world.storage.change({ 'sojourn:session:1': null })
    expect(data.getItem('a')).toBeNull()
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'wiped' })
    expect(dataIn(world)).toEqual({})
  })

  it('a handle calls no listener after destroy(), reads null and writes nothing', async () => {
    const world = createWorld()
    const [one, two] = await twoTabs(world)
    const data = dataOf(one)
    const changes = changesOf(data)
    data.setItem('a', '1')
    one.session.destroy()
    expect([data.getItem('a'), data.setItem('a', '2')]).toEqual([null, false])
    data.removeItem('a')
    data.subscribe((key) => changes.push(key))
    expect(dataOf(two).getItem('a')).toBe('1')
    dataOf(two).setItem('a', '3')
    await world.advance(10)
    expect(changes).toEqual(['a'])
  })
})

describe('storage that does not work', () => {
  it('sessionData() keeps the data in memory if storage is denied, and that is reported as degraded', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await world.signedIn()
    const data = dataOf(tab)
    expect([data.setItem('a', '1'), data.getItem('a'), dataOf(tab).getItem('a')]).toEqual([true, '1', '1'])
    expect(tab.degraded.map(({ feature }) => feature)).toEqual(['storage'])
    data.removeItem('a')
    data.setItem('b', '2')
    expect([data.getItem('a'), data.getItem('b')]).toEqual([null, '2'])
    await signIn(world, tab, world.grant())
    expect([dataOf(tab).getItem('b'), data.getItem('b')]).toEqual([null, null])
  })

  it.each<[string, () => Storage | null]>([
    ['is missing', () => null],
    [
      'cannot be accessed',
      () => {
        throw new DOMException('The user blocks site data.', 'SecurityError')
      },
    ],
  ])('sessionData() keeps the data in memory if storage %s, and listens until destroy()', async (_why, open) => {
    const world = createWorld()
    const signals: AbortSignal[] = []
    const tab = await world.signedIn()
    const session = createSessionWith({
      ...tab.ports,
      openStorage(_onChange, signal) {
        signals.push(signal)
        return open
      },
    })
    const data = sessionData(session)
    expect([data.setItem('a', '1'), data.getItem('a'), sessionData(session).getItem('a')]).toEqual([true, '1', '1'])
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    session.destroy()
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('a write of data on a full disk throws the error of the browser, and the old text stays', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const data = dataOf(tab)
    const changes = changesOf(data)
    data.setItem('a', '1')
    world.storage.full = true
    expect(() => data.setItem('a', '1, and more')).toThrow(
      expect.objectContaining({ name: 'QuotaExceededError' }) as Error,
    )
    expect([data.getItem('a'), tab.phase(), changes]).toEqual(['1', 'active', ['a']])
    void tab.session.signOut()
    expect(dataIn(world)).toEqual({})
  })

  it('a text that other code wrote is returned as it is, in its own session alone', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const data = dataOf(tab)
    data.setItem('a', '1')
    const [key] = [...world.storage.stored.keys()].filter((one) => one.startsWith('sojourn-data:'))
    world.storage.change({
      [key!]: '{',
      'sojourn-data:': '1',
      'sojourn-data:"session"': '1',
      'sojourn-data:"session":': '1',
      'sojourn-data:"session"x': '1',
      'sojourn-data:"session"0000000000000000old:a': '1',
    })
    await world.advance(10)
    expect(data.getItem('a')).toBe('{')
    expect(tab.reports).toEqual([])
    void tab.session.signOut()
    expect(Object.keys(dataIn(world))).not.toContain('a')
  })
})

describe('a prerendered page', () => {
  it('a prerendered page reads data, and writes none until it is opened', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    dataOf(tab).setItem('a', '1')
    const ahead = world.tab({}, { prerendered: true })
    const data = dataOf(ahead)
    const before = [...world.storage.stored]
    expect([data.getItem('a'), data.setItem('a', '2')]).toEqual(['1', false])
    data.removeItem('a')
    expect([...world.storage.stored]).toEqual(before)
    ahead.activate()
    expect([data.setItem('a', '2'), dataOf(tab).getItem('a')]).toEqual([true, '2'])
  })

  it('a prerendered page is told of what other tabs change', async () => {
    const world = createWorld()
    const tab = world.tab()
    await signIn(world, tab)
    const changes = changesOf(dataOf(world.tab({}, { prerendered: true })))
    dataOf(tab).setItem('cart', '1')
    await world.advance(10)
    expect(changes).toEqual(['cart'])
  })

  it('a prerendered page removes no data of a session past its deadline until it is opened', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    dataOf(tab).setItem('a', '1')
    const ahead = world.tab({}, { prerendered: true })
    const data = dataOf(ahead)
    tab.frozen = true
    await world.advance(20 * MINUTE)
    expect([data.getItem('a'), dataIn(world)]).toEqual([null, { a: '1' }])
    ahead.activate()
    expect(dataIn(world)).toEqual({})
  })

  it('a prerendered page removes no data that older sessions left until it is opened', async () => {
    const world = createWorld()
    await world.signedIn()
    world.storage.stored.set('sojourn-data:"session"1000000000000001session-old:a', '1')
    const ahead = world.tab({}, { prerendered: true })
    expect(dataOf(ahead).getItem('a')).toBeNull()
    expect(dataIn(world)).toEqual({ a: '1' })
    ahead.activate()
    await world.advance(0)
    expect(dataIn(world)).toEqual({})
  })

  it('a prerendered page has the data of a session that began meanwhile, and notices its end', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const ahead = world.tab({}, { prerendered: true })
    const old = changesOf(dataOf(ahead))
    await signIn(world, tab, world.grant())
    const data = dataOf(ahead)
    const changes = changesOf(data)
    dataOf(tab).setItem('a', '1')
    ahead.activate()
    await world.advance(10)
    expect([data.getItem('a'), old, changes.filter((key) => key === null)]).toEqual(['1', [null], []])
    void tab.session.signOut()
    await world.advance(10)
    expect([data.getItem('a'), changes.filter((key) => key === null)]).toEqual([null, [null]])
  })
})

describe('two session objects in one page', () => {
  it('two session objects in one page share the data, which stay if one is destroyed', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const second = createSessionWith(tab.ports)
    dataOf(tab).setItem('a', '1')
    expect(sessionData(second).getItem('a')).toBe('1')
    second.destroy()
    expect(dataOf(tab).getItem('a')).toBe('1')
  })

  it('two session objects in one page hear of what the other writes, until one is destroyed', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const second = createSessionWith(tab.ports)
    const changes: unknown[] = []
    dataOf(tab).subscribe((key) => changes.push(['first', key]))
    sessionData(second).subscribe((key) => changes.push(['second', key]))
    dataOf(tab).setItem('a', '1')
    expect(changes).toEqual([
      ['first', 'a'],
      ['second', 'a'],
    ])
    second.destroy()
    dataOf(tab).removeItem('a')
    expect(changes.slice(2)).toEqual([['first', 'a']])
  })

  it('a copy of the session object has the same data', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    dataOf(tab).setItem('a', '1')
    expect(sessionData({ ...tab.session }).getItem('a')).toBe('1')
  })
})
