import { credentials } from '../../../src/fetch.js'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import type { Ports } from '../../../src/ports/types.js'
import { createSessionWith } from '../../../src/session/session.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, START } from './world.js'

describe('opening a tab', () => {
  it('is signed out, without a reason, where nobody ever signed in', async () => {
    const world = createWorld()
    const tab = world.tab()
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
    expect(await tab.session.ready).toBe(tab.session.getSnapshot())
    expect(tab.session.deadlines()).toBeNull()
    await world.advance(HOUR)
    expect(tab.heard).toEqual([])
    expect(world.storage.stored.size).toBe(0)
  })

  it('finds the session of the other tabs in the same task, and tells nobody: it is no news', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('active')
    await world.advance(SECOND)
    expect(two.heard).toEqual([])
  })

  it('finds the warning that is up', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.advance(13.5 * MINUTE)
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('warning')
  })

  it('I1: finds a session that ran out while no tab was open ended at its deadline, in the same task', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const { endAt } = one.session.deadlines()!
    one.crash()
    await world.advance(3 * HOUR)
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
  })

  it('I5: finds the end of a session after a reload, however often', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.until(one.session.signOut())
    const ended = one.session.getSnapshot()
    expect(ended).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    for (const again of [world.tab(), world.tab()]) expect(again.session.getSnapshot()).toEqual(ended)
  })

  it('I9: removes and revokes tokens that a crash left behind, of a session that is over', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    one.crash()
    await world.advance(HOUR)
    expect(world.tokens.stored).not.toBeNull()
    world.tab()
    await world.advance(SECOND)
    expect(world.tokens.stored).toBeNull()
    expect(world.server.calls.at(-1)).toMatchObject({ method: 'signOut', tokens: { refresh_token: 'refresh-f1-1' } })
  })

  it('I5: leaves the tokens of a sign-in alone whose record has not reached this process yet', async () => {
    const world = createWorld()
    const one = world.tab()
    world.storage.lag = 100
    world.channel.delay = 100
    const two = world.tab()
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001' })
    expect([one.phase(), two.phase()]).toEqual(['active', 'active'])
    expect(world.server.calls).toEqual([])
  })

  it('leaves the tokens of a living session where they are', async () => {
    const world = createWorld()
    await world.signedIn()
    const { stored } = world.tokens
    world.tab()
    await world.advance(SECOND)
    expect(world.tokens.stored).toBe(stored)
    expect(world.server.calls).toEqual([])
  })

  it('under another name finds another session', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab({ name: 'other', tokenStore: memoryTokens() })
    expect(two.phase()).toBe('signedOut')
    await world.until(two.session.signIn())
    await world.until(two.session.signOut())
    expect(one.phase()).toBe('active')
    expect([...world.storage.stored.keys()].sort()).toEqual(['sojourn:other:1', 'sojourn:other:1:end', KEY])
  })

  it.each(['', '{', 'null', '7', '[]', '{"id":"session-0009"}', '{"id":"x","seq":1,"startedAt":1}', '\u0000'])(
    'I12: is signed out where storage holds %j, and signs in over it',
    async (text) => {
      const world = createWorld()
      world.storage.stored.set(KEY, text)
      world.storage.stored.set(`${KEY}:end`, text)
      const tab = world.tab()
      expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
      await world.until(tab.session.signIn(world.grant()))
      expect(world.tab().phase()).toBe('active')
    },
  )

  it('warns the developer once of a warning that is too short for people to answer', () => {
    const world = createWorld()
    expect(world.tab({ warnBefore: '10s' }).warnings).toEqual([expect.stringMatching(/20 s.*WCAG 2\.2\.1/)])
    // At most half of the way.
    expect(world.tab({ idleTimeout: '30s', warnBefore: '20s' }).warnings).toEqual([
      expect.stringContaining(' 15000 ms'),
    ])
    expect(world.tab({ warnBefore: '20s' }).warnings).toEqual([])
    expect(world.tab().warnings).toEqual([])
    expect(world.tab({ idleTimeout: false, absoluteTimeout: false, warnBefore: 0 }).warnings).toEqual([])
  })
})

describe('where storage is denied', () => {
  it('asks the other tabs, and is loading until one answers', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual({ phase: 'loading' })
    const ready = vi.fn()
    void two.session.ready.then(ready)
    await world.advance(10)
    expect(ready).toHaveBeenCalledExactlyOnceWith(one.session.getSnapshot())
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
  })

  it('I8: is signed out when nobody has answered in 300 ms', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    await world.advance(299)
    expect(tab.phase()).toBe('loading')
    await world.advance(1)
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
    expect(await world.until(tab.session.ready)).toBe(tab.session.getSnapshot())
    expect(tab.timers()).toBe(0)
  })

  it('I8: whatever part of a millisecond its clock shows', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    for (let i = 0; i < 50; i++) {
      await world.advance(0.1)
      const tab = world.tab()
      await world.advance(300)
      expect([tab.phase(), tab.timers()]).toEqual(['signedOut', 0])
    }
  })

  it('I8: waits no longer for that where the clock is set back meanwhile', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    world.setClock(-HOUR)
    await world.advance(300)
    expect(tab.phase()).toBe('signedOut')
    expect(tab.timers()).toBe(0)
  })

  it('has a token for who asked while it was loading', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await world.signedIn()
    const two = world.tab()
    expect(await world.until(two.session.getAccessToken())).toBe('access-f1-1')
  })

  it('I7: leaves the tokens alone while it does not know whether the session lives in another tab', async () => {
    const world = createWorld({ engine: 'webkit' })
    world.storage.isAvailable = false
    const one = await world.signedIn()
    world.tab().close()
    await world.advance(5 * SECOND)
    expect(world.tokens.stored).not.toBeNull()
    one.frozen = true
    const three = world.tab()
    await world.advance(5 * SECOND)
    expect(three.phase()).toBe('signedOut')
    expect(world.tokens.stored).not.toBeNull()
    expect(world.server.count('signOut')).toBe(0)
  })

  it('keeps nobody waiting who asked a tab that is destroyed while loading', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    const token = outcome(tab.session.getAccessToken())
    const signedOut = tab.session.signOut()
    tab.session.destroy()
    expect(await world.until(token)).toBe('signed_out')
    await world.until(signedOut)
    await world.until(tab.session.ready)
  })

  it('is signed out at once, alone, where there is no channel either', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    world.channel.isAvailable = false
    const tab = world.tab()
    expect(tab.phase()).toBe('signedOut')
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.phase()).toBe('active')
    expect(tab.degraded.map(({ feature }) => feature).sort()).toEqual(['channel', 'storage'])
  })

  it('signs in before anybody answered', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    const signedIn = tab.session.signIn(world.grant())
    await world.until(signedIn)
    expect(tab.phase()).toBe('active')
    await world.advance(SECOND)
    expect(tab.phase()).toBe('active')
  })
})

describe('I11: on a server', () => {
  /** A world in which every touch of anything is an error. */
  const untouchable = <T extends object>(known: T): T =>
    new Proxy(known, {
      get(target, name) {
        if (name in target) return target[name as keyof T]
        return () => {
          throw new Error(`${String(name)} was touched`)
        }
      },
    })
  const nothing = untouchable({
    hasPage: false,
    openRecordStore: () => untouchable({}),
    plugins: [],
  }) as unknown as Ports

  it('is loading, resolves at once, and touches nothing', async () => {
    const session = createSessionWith(nothing, { idleTimeout: '5m' })
    expect(session.getSnapshot()).toEqual({ phase: 'loading' })
    expect(await session.ready).toEqual({ phase: 'loading' })
    expect(session.check()).toBe(session.getSnapshot())
    expect(session.deadlines()).toBeNull()
    session.touch()
    session.hold()()
    session.subscribe(() => {})()
    session.on('signedOut', () => {})()
    session.inspect(() => {})()
    expect(await session.extend()).toBe(false)
    await session.signOut()
    session.destroy()
  })

  it('keeps none of the listeners that each rendered page leaves behind', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const session = createSessionWith(nothing)
    const ways: ((listener: () => void) => void)[] = [
      (listener) => session.subscribe(listener),
      (listener) => session.inspect(listener),
      (listener) => session.on('signedOut', listener),
    ]
    const left = ways.map((listen) => {
      const listener = (): void => {}
      listen(listener)
      return new WeakRef(listener)
    })
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    expect(left.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined])
    session.destroy()
  })

  it('rejects what needs a session with signed_out', async () => {
    const session = createSessionWith(nothing, { tokenStore: memoryTokens() })
    const request = new Request('https://api.example.com/')
    await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'SessionError', code: 'signed_out' })
    await expect(credentials(session).authorize(request)).rejects.toMatchObject({ code: 'signed_out' })
    await expect(session.signIn()).rejects.toMatchObject({ code: 'signed_out' })
    await expect(session.setTokens({ access_token: 'a' })).rejects.toMatchObject({ code: 'signed_out' })
  })

  it('still says which options cannot be meant', () => {
    expect(() => createSessionWith(nothing, { idleTimeout: -1 })).toThrow(/idleTimeout/)
  })
})

describe('the snapshot', () => {
  it('is the same object until the phase, the id or a warned end changes, and never for mere activity', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const changed = vi.fn()
    one.session.subscribe(changed)
    const first = one.session.getSnapshot()
    expect(first).toEqual({ phase: 'active', id: 'session-0001', startedAt: expect.any(Number) as number })
    for (let i = 0; i < 10; i++) {
      one.input()
      await world.advance(3 * SECOND)
    }
    await world.until(one.session.getAccessToken({ forceRefresh: true }))
    expect(one.session.getSnapshot()).toBe(first)
    expect(one.session.check()).toBe(first)
    expect(changed).not.toHaveBeenCalled()
    await world.advance(14 * MINUTE)
    expect(changed).toHaveBeenCalledTimes(1)
    const warned = one.session.getSnapshot()
    expect(one.session.check()).toBe(warned)
    expect(warned).toMatchObject({ phase: 'warning', endsBy: 'idle', canExtend: true })
  })

  it('does not change when the clock is set back: the same session is shown', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const changed = vi.fn()
    tab.session.subscribe(changed)
    const before = tab.session.getSnapshot()
    world.setClock(-HOUR)
    tab.hint('focus')
    expect(tab.session.getSnapshot()).toBe(before)
    expect(changed).not.toHaveBeenCalled()
  })

  it('tells times by the clock of this device', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
    expect(startedAt - START).toBe(1)
    const { warnAt, endAt, endsBy } = tab.session.deadlines()!
    expect([warnAt, endAt, endsBy]).toEqual([startedAt + 13 * MINUTE, startedAt + 15 * MINUTE, 'idle'])
  })

  it('lists no deadline where nothing ends the session', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: false, absoluteTimeout: false })
    expect(tab.session.deadlines()).toEqual({ warnAt: Infinity, endAt: Infinity, endsBy: null })
    await world.advance(10 * SECOND)
    tab.takeEvents()
    await world.advance(2000 * HOUR)
    expect(tab.phase()).toBe('active')
    expect(tab.timers()).toBe(0)
    expect(await world.until(tab.session.extend())).toBe(false)
  })
})
