import { credentials } from '../../../src/fetch.js'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import type { Ports } from '../../../src/ports/types.js'
import { createSessionWith } from '../../../src/session/session.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, START } from './world.js'

describe('a new tab', () => {
  it('a new tab is signed out, without a reason, if nobody ever signed in', async () => {
    const world = createWorld()
    const tab = world.tab()
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: null, endedAt: null })
    expect(await tab.session.ready).toBe(tab.session.getSnapshot())
    expect(tab.session.deadlines()).toBeNull()
    await world.advance(HOUR)
    expect(tab.heard).toEqual([])
    expect(world.storage.stored.size).toBe(0)
  })

  it('a new tab finds the session of the other tabs in the same task, without an event', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('active')
    await world.advance(SECOND)
    expect(two.heard).toEqual([])
  })

  it('a new tab finds the current warning', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.advance(13.5 * MINUTE)
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('warning')
  })

  it('I1: a new tab finds a session that ran out without tabs ended at its deadline, in one task', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const { endAt } = one.session.deadlines()!
    one.crash()
    await world.advance(3 * HOUR)
    const two = world.tab()
    expect(two.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
  })

  it('I5: a new tab finds the end of a session after a reload, however often', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    await world.until(one.session.signOut())
    const ended = one.session.getSnapshot()
    expect(ended).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    for (const again of [world.tab(), world.tab()]) expect(again.session.getSnapshot()).toEqual(ended)
  })

  it('I9: a new tab removes and revokes tokens that a crash left behind, of a session that is over', async () => {
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

  it('I5: a new tab leaves the tokens of a sign-in whose record has not reached this process yet', async () => {
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

  it('a new tab leaves the tokens of a live session where they are', async () => {
    const world = createWorld()
    await world.signedIn()
    const { stored } = world.tokens
    world.tab()
    await world.advance(SECOND)
    expect(world.tokens.stored).toBe(stored)
    expect(world.server.calls).toEqual([])
  })

  it('a new tab under another name finds another session', async () => {
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
    'I12: a new tab is signed out if storage holds %j, and signs in over it',
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

  it('a new tab warns the developer once of a warning that is too short for users to answer', () => {
    const world = createWorld()
    expect(world.tab({ warnBefore: '10s' }).warnings).toEqual([expect.stringMatching(/20 s.*WCAG 2\.2\.1/)])
    // A warning starts at half of the timeout at the earliest.
    expect(world.tab({ idleTimeout: '30s', warnBefore: '20s' }).warnings).toEqual([
      expect.stringContaining(' 15000 ms'),
    ])
    expect(world.tab({ warnBefore: '20s' }).warnings).toEqual([])
    expect(world.tab().warnings).toEqual([])
    expect(world.tab({ idleTimeout: false, absoluteTimeout: false, warnBefore: 0 }).warnings).toEqual([])
  })
})

describe('where storage is denied', () => {
  it('a tab without storage queries the other tabs, and is loading until one answers', async () => {
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

  it('I8: a tab without storage is signed out when no tab has answered in 300 ms', async () => {
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

  it('I8: a tab without storage waits 300 ms, whatever part of a millisecond its clock shows', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    for (let i = 0; i < 50; i++) {
      await world.advance(0.1)
      const tab = world.tab()
      await world.advance(300)
      expect([tab.phase(), tab.timers()]).toEqual(['signedOut', 0])
    }
  })

  it('I8: a tab without storage waits no longer if the clock is set back meanwhile', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    world.setClock(-HOUR)
    await world.advance(300)
    expect(tab.phase()).toBe('signedOut')
    expect(tab.timers()).toBe(0)
  })

  it('a tab without storage returns a token to a caller who waited while it was loading', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await world.signedIn()
    const two = world.tab()
    expect(await world.until(two.session.getAccessToken())).toBe('access-f1-1')
  })

  it('I7: a tab without storage leaves the tokens while the session may be live in another tab', async () => {
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

  it('a tab without storage rejects its callers if it is destroyed while loading', async () => {
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

  it('a tab without storage is signed out at once, alone, if there is no channel either', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    world.channel.isAvailable = false
    const tab = world.tab()
    expect(tab.phase()).toBe('signedOut')
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.phase()).toBe('active')
    expect(tab.degraded.map(({ feature }) => feature).sort()).toEqual(['channel', 'storage'])
  })

  it('a tab without storage signs in before another tab has answered', async () => {
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
  /** Ports of which every use throws. */
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

  it('a session on a server is loading, resolves at once, and touches nothing', async () => {
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

  it('a session on a server keeps no listener of a rendered page', async () => {
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

  it('a session on a server rejects calls that need a session with signed_out', async () => {
    const session = createSessionWith(nothing, { tokenStore: memoryTokens() })
    const request = new Request('https://api.example.com/')
    await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'SessionError', code: 'signed_out' })
    await expect(credentials(session).authorize(request)).rejects.toMatchObject({ code: 'signed_out' })
    await expect(session.signIn()).rejects.toMatchObject({ code: 'signed_out' })
    await expect(session.setTokens({ access_token: 'a' })).rejects.toMatchObject({ code: 'signed_out' })
  })

  it('a session on a server still refuses invalid options', () => {
    expect(() => createSessionWith(nothing, { idleTimeout: -1 })).toThrow(/idleTimeout/)
  })
})

describe('the snapshot', () => {
  it('the snapshot is the same object until the phase, the id or a warning’s end changes', async () => {
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

  it('the snapshot does not change when the clock is set back: the same session is shown', async () => {
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

  it('the snapshot has times of this device’s clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
    expect(startedAt - START).toBe(1)
    const { warnAt, endAt, endsBy } = tab.session.deadlines()!
    expect([warnAt, endAt, endsBy]).toEqual([startedAt + 13 * MINUTE, startedAt + 15 * MINUTE, 'idle'])
  })

  it('the deadlines are infinite if nothing ends the session', async () => {
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
