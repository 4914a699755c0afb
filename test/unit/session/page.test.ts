import { credentials } from '../../../src/fetch.js'
import { describe, expect, it, vi } from 'vitest'
import { eachSession } from '../../../src/session/each-session.js'
import { createSessionWith } from '../../../src/testing.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND } from './world.js'

// Only WebKit keeps a page in the cache for which a message has come.
describe('a page that comes back from the back/forward cache', () => {
  it('I2: a page whose session ended while it was in the page cache is hidden and reloaded in one task', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn()
    const two = world.tab()
    one.leave()
    await world.until(two.session.signOut())
    expect(one.phase()).toBe('active')
    one.comeBack()
    expect(one.page).toEqual({ hidden: true, reloads: 1 })
    expect(one.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('I2: a page whose session was replaced while it was in the page cache is reloaded, too', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn()
    const two = world.tab()
    one.leave()
    await world.until(two.session.signIn(world.grant()))
    one.comeBack()
    expect(one.page).toEqual({ hidden: true, reloads: 1 })
  })

  it('I1: a page whose session ran out while it was in the page cache is reloaded, too', async () => {
    const world = createWorld({ engine: 'webkit' })
    const tab = await world.signedIn()
    tab.leave()
    world.sleep(HOUR)
    tab.comeBack()
    expect(tab.page).toEqual({ hidden: true, reloads: 1 })
  })

  it('I2: a page from the page cache queries the other tabs if storage is denied', async () => {
    const world = createWorld({ engine: 'webkit' })
    world.storage.isAvailable = false
    const one = await world.signedIn()
    const two = world.tab()
    await world.advance(SECOND)
    two.leave()
    await world.until(one.session.signOut())
    two.comeBack()
    await world.advance(10)
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })

  it('a page that was there all along sends no query, although storage is denied', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = await world.signedIn()
    await world.advance(SECOND)
    const posted = world.channel.posted.length
    for (const cause of ['focus', 'visibilitychange', 'online']) tab.hint(cause)
    await world.advance(SECOND)
    expect(world.channel.posted).toHaveLength(posted)
  })

  it('I15: a page from the page cache posts nothing if it can read storage, to evict no other', async () => {
    const world = createWorld({ engine: 'webkit' })
    const tab = await world.signedIn()
    tab.leave()
    const posted = world.channel.posted.length
    tab.comeBack()
    await world.advance(SECOND)
    expect(world.channel.posted).toHaveLength(posted)
  })

  it('I15: a page from the page cache whose session goes on stays as it was', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn()
    const two = world.tab()
    one.leave()
    await world.advance(5 * MINUTE)
    two.input()
    await world.until(two.session.getAccessToken({ forceRefresh: true }))
    one.comeBack()
    expect(one.page).toEqual({ hidden: false, reloads: 0 })
    expect(one.phase()).toBe('active')
    expect(await world.until(one.session.getAccessToken())).toBe('access-f1-2')
  })

  it('a page from the page cache that was left signed out stays, although a user signed in meanwhile', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = world.tab()
    const two = world.tab()
    one.leave()
    await world.until(two.session.signIn(world.grant()))
    one.comeBack()
    expect(one.page).toEqual({ hidden: false, reloads: 0 })
    expect(one.phase()).toBe('active')
  })

  it('a page from the page cache only gets the event if stalePage says so', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn({ stalePage: 'event' })
    const two = world.tab()
    one.leave()
    await world.until(two.session.signOut())
    one.comeBack()
    expect(one.page).toEqual({ hidden: false, reloads: 0 })
    expect(one.takeEvents()).toEqual([{ type: 'signedOut', reason: 'signOut', where: 'elsewhere' }])
  })

  it('a page that was merely shown is not taken for one from the page cache', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn()
    const two = world.tab()
    one.hint('pagehide', false)
    await world.until(two.session.signOut())
    one.hint('pageshow', false)
    expect(one.page).toEqual({ hidden: false, reloads: 0 })
  })

  it('a page keeps its channel open in the page cache, so that a message evicts it', async () => {
    const world = createWorld({ engine: 'webkit' })
    const one = await world.signedIn()
    const two = world.tab()
    one.hint('pagehide', true)
    world.storage.delay = Infinity
    void two.session.signOut()
    await world.advance(5)
    expect(one.phase()).toBe('signedOut')
  })
})

describe('I10: destroy()', () => {
  it('I10: destroy() leaves no listener, timer, channel or lock, and does not sign out', async () => {
    const world = createWorld()
    const one = await world.signedIn({}, { methods: ['refresh', 'signOut', 'keepAlive', 'check'] })
    const two = world.tab()
    const onChange = vi.fn()
    one.session.subscribe(onChange)
    one.session.hold()
    one.focusInFrame = true
    one.input()
    one.input()
    one.session.destroy()
    expect(one.timers()).toBe(0)
    expect(one.listensToInput()).toBe(false)
    const { reads } = world.storage.count
    for (const cause of ['focus', 'pageshow', 'online', 'pagehide']) one.hint(cause, true)
    expect(world.storage.count.reads).toBe(reads)
    await world.advance(14 * MINUTE)
    await world.until(two.session.signOut())
    await world.advance(MINUTE)
    expect(onChange).not.toHaveBeenCalled()
    expect(one.heard).toEqual([])
    expect(one.page.reloads).toBe(0)
    expect(two.takeEvents().map(({ type }) => type)).toContain('warning')
  })

  it('I10: destroy() calls every undo that a port has returned', async () => {
    const world = createWorld()
    const { ports } = world.tab()
    const open = new Set<string>()
    const session = createSessionWith({
      ...ports,
      onWake(hint) {
        const undo = ports.onWake(hint)
        open.add('wake')
        return () => {
          open.delete('wake')
          undo()
        }
      },
      watchInput(seen) {
        const watching = ports.watchInput(seen)
        open.add('activity')
        return {
          ...watching,
          stop() {
            open.delete('activity')
            watching.stop()
          },
        }
      },
      openChannel(...call) {
        const tabs = ports.openChannel(...call)
        open.add('tabs')
        return {
          ...tabs,
          close() {
            open.delete('tabs')
            tabs.close()
          },
        }
      },
    })
    await world.until(session.signIn())
    expect([...open].sort()).toEqual(['activity', 'tabs', 'wake'])
    session.destroy()
    expect([...open]).toEqual([])
  })

  it('I10: destroy() lets a refresh finish, but rejects its callers', async () => {
    const world = createWorld()
    let given: AbortSignal | undefined
    const tab = await world.signedIn({
      server: {
        refresh: (_tokens, { signal }) => {
          given = signal
          return new Promise(() => {})
        },
      },
    })
    const late = outcome(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance(SECOND)
    expect(given?.aborted).toBe(false)
    tab.session.destroy()
    expect(await Promise.race([late, world.advance(0)])).toBe('signed_out')
    await world.advance(18.9 * SECOND)
    expect(given?.aborted).toBe(false)
    // Its limit is 20 s from its start.
    await world.advance(0.2 * SECOND)
    expect(given?.aborted).toBe(true)
    expect(tab.timers()).toBe(0)
  })

  it('I10: destroy() may be called twice, at any moment, and every method may be called after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const before = tab.session.getSnapshot()
    tab.session.destroy()
    tab.session.destroy()
    expect(tab.session.getSnapshot()).toBe(before)
    expect(tab.session.check()).toBe(before)
    tab.session.touch()
    tab.session.hold()()
    tab.session.subscribe(() => {})()
    expect(await world.until(tab.session.extend())).toBe(false)
    for (const call of [
      () => tab.session.getAccessToken(),
      () => tab.session.signIn(world.grant()),
      () => tab.session.setTokens(world.grant()),
      () => credentials(tab.session).authorize(new Request('https://api.example.com/')),
    ])
      expect(await world.until(outcome(call()))).toBe('signed_out')
    await world.until(tab.session.signOut())
    expect(tab.timers()).toBe(0)
    expect(world.tab().phase()).toBe('active')
  })

  it.each(['refresh', 'signIn', 'setTokens', 'keepAlive'] as const)(
    'I10: destroy() in the middle of %s stops it, and no timer and no lock is left',
    async (what) => {
      const world = createWorld()
      world.server.grace = true
      const tab = await world.signedIn({}, { methods: ['refresh', 'signOut', 'keepAlive'] })
      const two = world.tab()
      world.server.reply = () => ({ after: 4 * SECOND })
      const running = outcome(
        {
          refresh: () => tab.session.getAccessToken({ forceRefresh: true }),
          signIn: () => tab.session.signIn(world.grant()),
          setTokens: () => tab.session.setTokens(world.grant()),
          keepAlive: () => tab.session.extend(),
        }[what](),
      )
      await world.advance(0)
      tab.session.destroy()
      expect(await world.until(running)).toBe(what === 'keepAlive' ? false : 'signed_out')
      await world.advance(10 * SECOND)
      expect(tab.timers()).toBe(0)
      expect(world.locks.isHeld(KEY)).toBe(false)
      expect(world.locks.isHeld(`${KEY}:server`)).toBe(false)
      expect(two.phase()).toBe('active')
      // The sign-in had already replaced the tokens in the store, and goes on, so the old ones are lost.
      const left = what === 'signIn' ? 'access-f2-1' : 'access-f1-1'
      expect(await world.until(outcome(two.session.getAccessToken()))).toBe(left)
    },
  )

  it('I10: destroy() right after creation leaves the tokens of the next session, as under StrictMode', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    world.tokens.delay = () => 20
    const first = world.tab()
    await world.advance(5)
    first.session.destroy()
    const second = world.tab()
    await world.until(second.session.signIn(world.grant()))
    await world.advance(10 * SECOND)
    expect(second.phase()).toBe('active')
    expect(world.tokens.stored).toMatchObject({ id: 'session-0001' })
    expect(world.server.calls).toEqual([])
  })

  it('I10: destroy() while a new token is being stored leaves it to the other tabs', async () => {
    const world = createWorld()
    world.tokens.delay = (method) => (method === 'set' ? 20 : 1)
    const one = await world.signedIn()
    const two = world.tab()
    const late = outcome(one.session.getAccessToken({ forceRefresh: true }))
    await world.advance(30)
    one.session.destroy()
    expect(await world.until(late)).toBe('signed_out')
    await world.advance(SECOND)
    expect(world.tokens.stored).toMatchObject({ generation: 2 })
    expect(await world.until(two.session.getAccessToken())).toBe('access-f1-2')
  })

  it('I10: destroy() while waiting for the lock leaves the queue', async () => {
    const world = createWorld()
    const one = await world.signedIn()
    const two = world.tab()
    world.server.reply = () => ({ after: 4 * SECOND })
    const first = outcome(one.session.getAccessToken({ forceRefresh: true }))
    await world.advance(5)
    const second = outcome(two.session.getAccessToken({ forceRefresh: true }))
    await world.advance(5)
    two.session.destroy()
    expect(await Promise.race([second, world.advance(0)])).toBe('signed_out')
    expect(await world.until(first)).toBe('access-f1-2')
    await world.advance(SECOND)
    expect(world.locks.isHeld(KEY)).toBe(false)
    expect(two.timers()).toBe(0)
  })

  it('I10: destroy() by a listener in the middle of a step silences all listeners', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const order: string[] = []
    tab.session.subscribe(() => {
      order.push('change')
      tab.session.destroy()
    })
    tab.session.subscribe(() => order.push('change'))
    for (const type of ['warning', 'signedOut'] as const) tab.session.on(type, () => order.push(type))
    await world.advance(20 * MINUTE)
    expect(order).toEqual(['change'])
    expect(tab.timers()).toBe(0)
    expect(tab.reports).toEqual([])
  })

  it('I10: destroy() by what stops with a replaced session leaves no timer and no listener', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    eachSession(one.session, () => () => one.session.destroy())
    await world.until(two.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect([one.timers(), one.listensToInput()]).toEqual([0, false])
  })

  it('I10: destroy() by a listener of a step inside of another leaves no timer', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const tab = await world.signedIn({ keepAliveEvery: '1m' }, { methods: ['keepAlive'] })
    // Without locks the call is claimed in the step that finds it due.
    const causes: string[] = []
    tab.session.inspect(({ cause }) => {
      causes.push(cause)
      if (cause === 'claimed') tab.session.destroy()
    })
    await world.advance(2 * MINUTE)
    tab.input()
    expect([causes.at(-1), tab.timers()]).toEqual(['claimed', 0])
  })
})
