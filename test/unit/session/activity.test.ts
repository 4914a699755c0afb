import { credentials } from '../../../src/fetch.js'
import { describe, expect, it } from 'vitest'
import { isSessionError } from '../../../src/errors.js'
import { eachSession } from '../../../src/session/each-session.js'
import { createSessionWith } from '../../../src/session/session.js'
import { createWorld, HOUR, KEY, MINUTE, SECOND, type World } from './world.js'

const activeAt = (world: World): number => world.record()['activeAt'] as number
const wall = (world: World): number => world.time.clock().wall

describe('activity', () => {
  it('I3: activity is written at once after a pause', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    tab.input()
    expect(activeAt(world)).toBe(wall(world))
    expect(tab.session.deadlines()!.endAt).toBe(wall(world) + 15 * MINUTE)
  })

  it('activity costs no timer and no access to storage per event while it goes on', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    tab.input()
    const { reads, writes } = world.storage.count
    const timers = tab.timers()
    for (let i = 0; i < 1000; i++) tab.input()
    expect(world.storage.count).toEqual({ reads, writes })
    expect(tab.timers()).toBe(timers)
  })

  it('activity is written every two seconds while it goes on, and once more when it stops', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    const before = world.storage.count.writes
    for (let i = 0; i < 100; i++) {
      tab.input()
      await world.advance(100)
    }
    await world.advance(MINUTE)
    expect(world.storage.count.writes - before).toBe(6)
    expect(wall(world) - activeAt(world)).toBe(MINUTE)
  })

  it('activity is flushed by the only timer, and no timer is left when it has stopped', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: false, absoluteTimeout: false }, { methods: [] })
    await world.advance(MINUTE)
    expect(tab.timers()).toBe(0)
    tab.input()
    tab.input()
    expect(tab.timers()).toBe(1)
    await world.advance(2 * SECOND)
    expect(activeAt(world)).toBe(wall(world))
    expect(tab.timers()).toBe(1)
    await world.advance(2 * SECOND)
    expect(tab.timers()).toBe(0)
  })

  it('activity is written more often with a short idle timeout, so that it never lags by much of it', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '5s', warnBefore: '1s' })
    const lags = new Set<number>()
    for (let i = 0; i < 300; i++) {
      tab.input()
      await world.advance(100)
      expect(tab.phase()).toBe('active')
      lags.add(wall(world) - activeAt(world))
    }
    expect([...lags].sort()).toEqual([0, 100, 200, 300, 400])
  })

  it('I3: activity of one tab extends the session in the others, without a message', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    const posted = world.channel.posted.length
    for (let i = 0; i < 60; i++) {
      one.input()
      await world.advance(MINUTE)
    }
    expect(two.session.getSnapshot()).toEqual(one.session.getSnapshot())
    expect(two.phase()).toBe('active')
    expect(two.takeEvents().filter(({ type }) => type !== 'refreshed')).toEqual([])
    expect(world.channel.posted).toHaveLength(posted)
  })

  it('I3: activity of one tab is found by a tab without messages before its own timer fires', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.deafen()
    await world.advance(12 * MINUTE)
    one.input()
    await world.advance(10 * MINUTE)
    expect(two.phase()).toBe('active')
    expect(two.takeEvents().filter(({ type }) => type !== 'refreshed')).toEqual([])
  })

  it('I5: activity that is flagged for one session does not count for the next one', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    one.input()
    await world.advance(500)
    one.input()
    await world.until(two.session.signIn(world.grant()))
    const began = activeAt(world)
    await world.advance(10 * SECOND)
    expect(one.session.getSnapshot()).toEqual(two.session.getSnapshot())
    expect(activeAt(world)).toBe(began)
    one.input()
    expect(activeAt(world)).toBe(wall(world))
  })

  it('activity that the session cannot see counts through touch()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    tab.session.touch()
    expect(activeAt(world)).toBe(wall(world))
  })

  it('activity is watched for only while somebody is signed in', async () => {
    const world = createWorld()
    const tab = world.tab()
    expect(tab.listensToInput()).toBe(false)
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.listensToInput()).toBe(true)
    void tab.session.signOut()
    await world.advance(0)
    // The listeners are removed when all tabs have shown the end: until then input does nothing.
    const steps: string[] = []
    const uninspect = tab.session.inspect(({ cause }) => steps.push(cause))
    tab.input()
    tab.input()
    await world.advance(499)
    expect([tab.listensToInput(), steps, tab.timers()]).toEqual([true, ['server'], 1])
    await world.advance(1)
    expect([tab.listensToInput(), steps, tab.timers()]).toEqual([false, ['server'], 0])
    uninspect()
    tab.session.touch()
    expect(tab.phase()).toBe('signedOut')
    await world.until(tab.session.signIn(world.grant()))
    expect(tab.listensToInput()).toBe(true)
  })

  it('a session that begins before the listeners of the last one are removed has listeners of its own', async () => {
    const world = createWorld()
    const watched: boolean[] = []
    const { ports, input } = world.tab()
    const session = createSessionWith({
      ...ports,
      watchInput(seen, more) {
        const index = watched.push(true) - 1
        const watching = ports.watchInput(seen, more)
        const stop = (): void => {
          watched[index] = false
          watching.stop()
        }
        return { ...watching, stop }
      },
    })
    await world.until(session.signIn())
    await world.until(session.signOut())
    await world.until(session.signIn())
    expect(watched).toEqual([false, true])
    await world.advance(MINUTE)
    expect(watched).toEqual([false, true])
    input()
    expect(activeAt(world)).toBe(wall(world))
  })

  it('I16: activity never follows from refreshes, requests, storage, timers, hints or a check()', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['refresh', 'signOut', 'check'] })
    const two = world.tab()
    const { endAt } = tab.session.deadlines()!
    for (let i = 0; i < 10; i++) {
      await world.advance(MINUTE)
      await world.until(tab.session.getAccessToken({ forceRefresh: true }))
      await world.until(credentials(tab.session).authorize(new Request('https://api.example.com/')))
      for (const cause of ['visibilitychange', 'pageshow', 'focus', 'blur', 'resume', 'online']) tab.hint(cause)
      tab.session.check()
      tab.session.getSnapshot()
      two.session.check()
      world.storage.change({ [KEY]: world.storage.stored.get(KEY)! })
    }
    expect(tab.session.deadlines()!.endAt).toBe(endAt)
    await world.advance(5 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('activity of a crashed, a frozen or a closed tab does not keep the session alive', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab(), world.tab()] as const
    for (const tab of tabs) {
      tab.session.hold()
      tab.input()
    }
    await world.advance(3 * SECOND)
    tabs[0].crash()
    tabs[1].frozen = true
    tabs[2].session.destroy()
    tabs[3].session.destroy()
    const last = world.tab()
    await world.advance(15 * MINUTE)
    expect(last.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('I1: the mouse move that wakes a laptop does not revive an expired session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { endAt } = tab.session.deadlines()!
    world.sleep(HOUR)
    tab.input()
    expect(tab.session.getSnapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: endAt })
    expect(tab.takeEvents()).toEqual([{ type: 'signedOut', reason: 'idle', where: 'here' }])
  })

  it('I1: activity that wakes a machine right after other input is recognised as late at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.input()
    await world.advance(SECOND)
    world.sleep(HOUR)
    tab.input()
    expect(tab.phase()).toBe('signedOut')
  })

  it('I3: activity between short sleeps counts each time, although no timer fires', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    for (let sleeps = 0; sleeps < 4; sleeps++) {
      tab.input()
      await world.advance(10)
      world.sleep(10 * MINUTE)
    }
    expect(tab.session.check().phase).toBe('active')
  })

  it('activity before a sleep, still flagged, counts for the time before it and not for the time after', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    tab.input()
    await world.advance(SECOND)
    tab.input()
    const before = wall(world)
    world.sleep(10 * MINUTE)
    tab.hint('visibilitychange')
    expect(activeAt(world) - before).toBe(SECOND)
    expect(tab.phase()).toBe('active')
    await world.advance(5 * MINUTE + 2 * SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('I3: activity that is flagged while a hidden page’s timers get late counts from when it came', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s' })
    tab.input()
    await world.advance(SECOND)
    tab.input()
    const flaggedUntil = wall(world) + SECOND
    tab.timersEvery = Infinity
    await world.advance(59 * SECOND)
    // Now is one minute after the first input, and less after the second.
    expect(tab.session.check()).toMatchObject({ phase: 'warning', endAt: flaggedUntil + MINUTE })
    await world.advance(2 * SECOND)
    expect(tab.session.check()).toMatchObject({ phase: 'signedOut', endedAt: flaggedUntil + MINUTE })
  })

  it('I3: activity before the warning counts, although its flag is read during the warning', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s', warnBefore: '20s' })
    tab.input()
    await world.advance(SECOND)
    tab.input()
    const flaggedUntil = wall(world) + SECOND
    tab.timersEvery = Infinity
    await world.advance(45 * SECOND)
    expect(tab.session.check()).toMatchObject({ phase: 'warning', endAt: flaggedUntil + MINUTE })
  })

  it('I1: activity flagged before a sleep past the deadline saves nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(MINUTE)
    tab.input()
    await world.advance(SECOND)
    tab.input()
    world.sleep(HOUR)
    await world.advance(5 * SECOND)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })
})

describe('work in another origin’s frame', () => {
  it('I3: activity in a frame counts from the beginning of a session, though nothing happens in the page itself', async () => {
    for (const [where, first] of [
      ['here', 0],
      // A message takes a millisecond.
      ['elsewhere', 1],
    ] as const) {
      const world = createWorld()
      // The message alone tells of the sign-in: a second event would look at the focus once more.
      world.storage.delay = MINUTE
      const page = world.page()
      const session = createSessionWith(page.ports)
      const other = createSessionWith(world.page().ports)
      Object.assign(page, { focusInFrame: true, userActive: true })
      await world.until((where === 'here' ? session : other).signIn())
      await world.advance(5 * SECOND)
      const { startedAt } = world.record() as { startedAt: number }
      expect({ [where]: activeAt(world) - startedAt }).toEqual({ [where]: 4 * SECOND + first })
    }
  })

  it('a frame of another origin is sampled while it has the focus, and counts if the user was active', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(10 * MINUTE)
    tab.focusInFrame = true
    tab.userActive = true
    tab.hint('blur')
    expect(activeAt(world)).toBe(wall(world))
    await world.advance(10 * MINUTE)
    expect(tab.phase()).toBe('active')
    expect(activeAt(world)).toBe(wall(world))
    tab.userActive = false
    await world.advance(13 * MINUTE)
    expect(tab.phase()).toBe('warning')
  })

  it('a frame of another origin costs one sample in four seconds, and none when the focus has left', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: false, absoluteTimeout: false }, { methods: [] })
    await world.advance(10 * SECOND)
    tab.focusInFrame = true
    tab.hint('blur')
    const { reads } = world.storage.count
    await world.advance(MINUTE)
    expect(world.storage.count.reads - reads).toBe(30)
    expect(tab.timers()).toBe(1)
    tab.focusInFrame = false
    await world.advance(5 * SECOND)
    expect(tab.timers()).toBe(0)
  })

  it('a frame of another origin is not sampled if nobody is signed in', async () => {
    const world = createWorld()
    const tab = world.tab()
    tab.focusInFrame = true
    tab.hint('blur')
    expect(tab.timers()).toBe(0)
  })
})

describe('a hold', () => {
  it('a hold counts as activity until it is released, however long, also during a warning', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(14 * MINUTE)
    expect(tab.phase()).toBe('warning')
    const release = tab.session.hold()
    expect(tab.phase()).toBe('active')
    await world.advance(2 * HOUR)
    expect(tab.phase()).toBe('active')
    expect(activeAt(world)).toBe(wall(world))
    release()
    await world.advance(16 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('a hold renews every quarter of a short idle timeout', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '40s', warnBefore: '10s' })
    const release = tab.session.hold()
    const before = world.storage.count.writes
    await world.advance(2 * MINUTE)
    expect(tab.takeEvents()).toEqual([])
    expect(world.storage.count.writes - before).toBe(12)
    release()
  })

  it('I3: a hold renews by the limits of the session if the sign-in shortened them', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: [] })
    tab.session.hold()
    await world.until(tab.session.signIn(world.grant(), { idleTimeout: '60s' }))
    tab.takeEvents()
    await world.advance(10 * MINUTE)
    expect(tab.takeEvents()).toEqual([])
    expect(tab.phase()).toBe('active')
  })

  it('a hold lasts until every hold is released, and a release may be called twice', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const first = tab.session.hold()
    const second = tab.session.hold()
    first()
    first()
    await world.advance(20 * MINUTE)
    expect(tab.phase()).toBe('active')
    second()
    await world.advance(15 * MINUTE)
    expect(tab.phase()).toBe('signedOut')
  })

  it('a hold never outlasts the absolute timeout', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: '1h' })
    tab.session.hold()
    await world.advance(HOUR)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('a hold that begins while a session stops is of the next one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const undo = eachSession(tab.session, () => () => {
      tab.session.hold()
    })
    await world.until(tab.session.signOut())
    undo()
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(20 * MINUTE)
    expect(tab.phase()).toBe('active')
  })

  it('I1: a hold does not reach over a sleep past the deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.session.hold()
    await world.advance(MINUTE)
    world.sleep(HOUR)
    await world.advance(2 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it.each(['60s', '30s', '90s'] as const)(
    'I3: a hold outlasts an idle timeout of %s in a hidden page with a timer each minute',
    async (idleTimeout) => {
      const world = createWorld()
      const tab = await world.signedIn({ idleTimeout }, { methods: [] })
      await world.advance(7 * SECOND)
      const release = tab.session.hold()
      tab.timersEvery = MINUTE
      await world.advance(HOUR)
      expect(tab.takeEvents()).toEqual([])
      expect(tab.session.check().phase).toBe('active')
      release()
      await world.advance(3 * MINUTE)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    },
  )

  it('I3: a hold outlasts the idle timeout if a hint or the first input comes before the late timer', async () => {
    for (const wake of ['a hint', 'an input'] as const) {
      const world = createWorld()
      const tab = await world.signedIn({ idleTimeout: '60s' })
      tab.session.hold()
      tab.timersEvery = Infinity
      await world.advance(61 * SECOND)
      if (wake === 'a hint') tab.hint('focus')
      else tab.input()
      expect(tab.phase()).toBe('active')
      expect(activeAt(world)).toBe(wall(world))
    }
  })

  it('I3: a hold outlasts the idle timeout if the page is shown again before the late timer', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s' })
    tab.session.hold()
    tab.timersEvery = Infinity
    tab.hint('hidden')
    await world.advance(61 * SECOND)
    tab.timersEvery = 0
    tab.hint('visibilitychange')
    expect(tab.phase()).toBe('active')
    expect(activeAt(world)).toBe(wall(world))
  })

  it('I1: a hold does not reach over a short sleep of a visible page with a running monotonic clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s' })
    tab.session.hold()
    await world.advance(SECOND)
    world.sleep('61s', true)
    await world.advance(2 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('I1: a hold does not reach over a short sleep past a short deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s' })
    tab.session.hold()
    tab.timersEvery = MINUTE
    await world.advance(SECOND)
    world.sleep('61s')
    await world.advance(2 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it('I1: a hold does not reach over a sleep longer than any timer is late, with a running clock', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s' })
    tab.session.hold()
    tab.timersEvery = MINUTE
    await world.advance(SECOND)
    world.sleep('2m', true)
    await world.advance(2 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
  })

  it.each(['the back/forward cache', 'a freeze'])(
    'I1: a hold does not reach over %s of a hidden page past a short deadline',
    async (what) => {
      const world = createWorld()
      const tab = await world.signedIn({ idleTimeout: '60s' })
      tab.timersEvery = SECOND
      tab.session.hold()
      await world.advance(SECOND)
      if (what === 'a freeze') tab.frozen = true
      else tab.leave()
      await world.advance(61 * SECOND)
      if (what === 'a freeze') {
        tab.frozen = false
        tab.hint('resume')
      } else tab.comeBack()
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    },
  )

  it('a hold never outlasts the absolute timeout in a page whose timers fire once a minute', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ idleTimeout: '60s', absoluteTimeout: '90s' })
    tab.session.hold()
    tab.timersEvery = MINUTE
    await world.advance(3 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('a hold ends with its session, and does not keep the next one alive', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const release = tab.session.hold()
    await world.until(tab.session.signOut())
    await world.advance(10 * SECOND)
    expect(tab.timers()).toBe(0)
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(15 * MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    release()
  })

  it('a hold of the session before ends nothing of this one when it is released', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const before = tab.session.hold()
    await world.until(tab.session.signIn(world.grant()))
    const release = tab.session.hold()
    before()
    await world.advance(HOUR)
    expect(tab.phase()).toBe('active')
    release()
    await world.advance(15 * MINUTE)
    expect(tab.phase()).toBe('signedOut')
  })

  it('a hold ends where another tab signs in somebody else, before it counts for them', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    tab.session.hold()
    world.deafen()
    await world.until(other.session.signIn(world.grant()))
    const { id, activeAt } = world.record()
    // This tab finds the new session when the hold is to be renewed.
    await world.advance(MINUTE)
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'active', id })
    expect(world.record()).toMatchObject({ id, activeAt })
    await world.advance(14 * MINUTE)
    expect([tab.phase(), other.phase()]).toEqual(['signedOut', 'signedOut'])
  })

  it('a hold that is taken while nobody is signed in counts for the next session, and for no further one', async () => {
    const world = createWorld()
    const tab = world.tab()
    const release = tab.session.hold()
    expect(tab.timers()).toBe(0)
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(HOUR)
    expect(tab.phase()).toBe('active')
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(15 * MINUTE)
    expect(tab.phase()).toBe('signedOut')
    release()
  })
})

describe('a window that the page fills itself', () => {
  const open = (): Window => {
    return { closed: false, addEventListener: () => undefined } as unknown as Window
  }
  /** A window of another origin, as scripts see it. */
  const foreign = (): Window =>
    Object.defineProperty(open(), 'addEventListener', {
      get() {
        throw new DOMException('Blocked', 'SecurityError')
      },
    })

  it('I3: a window that the page fills is watched until the undo, which may be called twice', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const popup = open()
    await world.advance(MINUTE)
    tab.input(popup)
    expect(activeAt(world)).not.toBe(wall(world))
    const unwatch = tab.session.watch(popup)
    tab.input(popup)
    const last = wall(world)
    expect(activeAt(world)).toBe(last)
    unwatch()
    unwatch()
    await world.advance(MINUTE)
    tab.input(popup)
    expect(activeAt(world)).toBe(last)
    tab.input()
    expect(activeAt(world)).toBe(wall(world))
  })

  it('a window that the page fills may be watched twice, each time with its own undo', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const popup = open()
    const [first] = [tab.session.watch(popup), tab.session.watch(popup)]
    first()
    await world.advance(MINUTE)
    tab.input(popup)
    expect(activeAt(world)).toBe(wall(world))
  })

  it('a window that the page fills may be watched before a sign-in, and through sign-out and sign-in', async () => {
    const world = createWorld()
    const tab = world.tab()
    const popup = open()
    tab.session.watch(popup)
    expect(tab.listensToInput()).toBe(false)
    for (let times = 0; times < 2; times++) {
      await world.until(tab.session.signIn(world.grant()))
      await world.advance(MINUTE)
      tab.input(popup)
      expect(activeAt(world)).toBe(wall(world))
      await world.until(tab.session.signOut())
      await world.advance(SECOND)
      expect(tab.listensToInput()).toBe(false)
    }
  })

  it('I10: a window that the page fills is no longer watched after destroy()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const undo = tab.session.watch(open())
    tab.session.destroy()
    expect(tab.listensToInput()).toBe(false)
    undo()
    tab.session.watch(open())()
    expect(tab.listensToInput()).toBe(false)
  })

  it('a window that the page fills costs nothing once it is closed', async () => {
    const world = createWorld()
    const watched: unknown[] = []
    const tab = world.tab()
    const { ports } = tab
    const session = createSessionWith({
      ...ports,
      watchInput(seen, more) {
        const activity = ports.watchInput(seen, more)
        const framed = (): boolean => {
          watched.push(more?.view)
          return activity.isFocusInFrame()
        }
        return { ...activity, isFocusInFrame: framed }
      },
    })
    await world.until(session.signIn())
    const popup = open()
    session.watch(popup)
    session.check()
    expect(watched.filter(Boolean)).toEqual([popup])
    Object.assign(popup, { closed: true })
    session.check()
    watched.splice(0)
    session.check()
    expect(watched).toEqual([undefined])
    session.watch(popup)()
  })

  it('a window that has left for another site costs no session, and counts once it is back', async () => {
    const world = createWorld()
    const { ports, input } = world.tab()
    const session = createSessionWith({
      ...ports,
      // As the port of the browser does: it needs the document of the window.
      watchInput: (seen, more) => (more?.view && Object(more.view.document), ports.watchInput(seen, more)),
    })
    const popup = Object.assign(open(), { document: {} })
    session.watch(popup)
    Object.defineProperty(popup, 'document', {
      configurable: true,
      get() {
        throw new DOMException('Blocked', 'SecurityError')
      },
    })
    await world.until(session.signIn())
    expect(session.check().phase).toBe('active')
    Object.defineProperty(popup, 'document', { value: {} })
    session.check()
    await world.advance(MINUTE)
    input(popup)
    expect(activeAt(world)).toBe(wall(world))
  })

  it.each([
    ['nothing', undefined],
    ['null, as window.open() returns where a popup is blocked', null],
    ['an element', { addEventListener: () => undefined }],
    ['a text', 'popup'],
    ['a window of another origin', foreign()],
  ])('a window that the page fills is refused by name if it is %s', (_what, view) => {
    const tab = createWorld().tab()
    let error: unknown
    try {
      tab.session.watch(view as Window)
    } catch (thrown) {
      error = thrown
    }
    expect(isSessionError(error) && error.code).toBe('invalid_options')
    expect(String(error)).toContain('watch: that is no window of this origin.')
  })
})
