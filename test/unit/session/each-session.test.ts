import { describe, expect, it, vi } from 'vitest'
import { browserPorts } from '../../../src/ports/browser.js'
import { eachSession } from '../../../src/session/each-session.js'
import { createSessionWith } from '../../../src/testing.js'
import type { Session } from '../../../src/types.js'
import { createWorld, MINUTE, type Tab } from './world.js'

/** Logs the calls that `eachSession` makes in a tab. */
function follow(tab: Tab): { readonly log: string[]; readonly undo: () => void } {
  const log: string[] = []
  const names = new Map<string, string>()
  const undo = eachSession(tab.session, ({ id, signal }) => {
    const name = names.get(id) ?? `session ${names.size + 1}`
    names.set(id, name)
    log.push(`${name} starts`)
    signal.addEventListener('abort', () => log.push(`${name} aborts`))
    return () => log.push(`${name} stops, ${String(signal.aborted)}`)
  })
  return { log, undo }
}
const ended = (name: string): string[] => [`${name} aborts`, `${name} stops, true`]

describe('eachSession()', () => {
  it('eachSession() starts at once if somebody is signed in, and stops in the task of the sign-out', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { log } = follow(tab)
    expect(log).toEqual(['session 1 starts'])
    void tab.session.signOut()
    expect(log).toEqual(['session 1 starts', ...ended('session 1')])
  })

  it('eachSession() starts with each sign-in, also in another tab', async () => {
    const world = createWorld()
    const [one, two] = [world.tab(), world.tab()]
    const { log } = follow(two)
    expect(log).toEqual([])
    await world.until(one.session.signIn(world.grant()))
    await world.advance(100)
    expect(log).toEqual(['session 1 starts'])
    await world.until(one.session.signOut())
    await world.until(one.session.signIn(world.grant()))
    await world.advance(100)
    expect(log).toEqual(['session 1 starts', ...ended('session 1'), 'session 2 starts'])
  })

  it('eachSession() stops a replaced session before listeners get an event of the next one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { log } = follow(tab)
    tab.session.on('signedIn', () => log.push('signedIn'))
    await world.until(tab.session.signIn(world.grant()))
    expect(log).toEqual(['session 1 starts', ...ended('session 1'), 'session 2 starts', 'signedIn'])
  })

  it('eachSession() starts at once for a session of another tab whose storage event is late', async () => {
    const world = createWorld()
    world.channel.isAvailable = false
    const [one, two] = [world.tab(), world.tab()]
    world.storage.delay = () => Infinity
    await world.advance('1s')
    await world.until(one.session.signIn(world.grant()))
    expect(two.session.getSnapshot().phase).toBe('signedOut')
    expect(follow(two).log).toEqual(['session 1 starts'])
  })

  it('eachSession() starts nothing for a session that is past its deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep(16 * MINUTE)
    expect(follow(tab).log).toEqual([])
  })

  it('eachSession() stops once at the undo or at destroy(), and starts nothing afterwards', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const [first, second] = [follow(one), follow(two)]
    first.undo()
    first.undo()
    two.session.destroy()
    for (const { log } of [first, second]) expect(log).toEqual(['session 1 starts', ...ended('session 1')])
    await world.until(one.session.signOut())
    await world.until(one.session.signIn(world.grant()))
    for (const { log } of [first, second]) expect(log).toHaveLength(3)
    second.undo()
  })

  it('eachSession() calls the function that start returned if the session ended during start', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log: string[] = []
    eachSession(tab.session, ({ signal }) => {
      void tab.session.signOut()
      log.push(String(signal.aborted))
      return () => log.push('stopped')
    })
    expect(log).toEqual(['true', 'stopped'])
  })

  it('eachSession() reports errors of start and of the function it returned, and goes on', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    let count = 0
    eachSession(tab.session, () => {
      if (!count++) throw new Error('start')
      return () => {
        throw new Error('stop')
      }
    })
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.signOut())
    expect(tab.reports).toEqual([new Error('start'), new Error('stop')])
    expect(tab.phase()).toBe('signedOut')
  })

  it('eachSession() goes on where the reportError of the page throws', async () => {
    vi.stubGlobal('reportError', () => {
      throw new Error('by the page')
    })
    const world = createWorld({ ports: (own) => ({ ...own, report: browserPorts().report }) })
    const tab = await world.signedIn()
    let count = 0
    eachSession(tab.session, () => {
      count++
      return () => {
        throw new Error('stop')
      }
    })
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    vi.unstubAllGlobals()
    expect(count).toBe(2)
  })

  it('eachSession() starts the session that start began when start is done and what it returned was called', async () => {
    const world = createWorld()
    const { ports } = world.page()
    const session = createSessionWith(ports)
    await world.until(session.signIn())
    const log: string[] = []
    eachSession(session, ({ id, signal }) => {
      log.push(`${id} starts`)
      // What is aborted may look at the session.
      signal.addEventListener('abort', () => session.check())
      if (log.length === 1) void session.signIn()
      log.push(`${id} has started`)
      return () => log.push(`${id} stops`)
    })
    await world.advance(0)
    expect(log).toEqual([
      ...['session-0001 starts', 'session-0001 has started', 'session-0001 stops'],
      ...['session-0002 starts', 'session-0002 has started'],
    ])
  })

  it('eachSession() calls no promise that an async start returned', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const start = async (): Promise<void> => Promise.resolve()
    eachSession(tab.session, start as () => void)
    await world.until(tab.session.signOut())
    expect(tab.reports).toEqual([])
  })

  it('eachSession() leaves the next session its tokens if the stop of the last one calls check()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const aborted: string[] = []
    eachSession(tab.session, ({ id, signal }) => {
      signal.addEventListener('abort', () => aborted.push(id))
      return () => {
        tab.session.check()
      }
    })
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(1000)
    expect(aborted).toEqual(['session-0001'])
    expect(await world.until(tab.session.getAccessToken())).toBe('access-f2-1')
    expect(world.server.count('signOut')).toBe(0)
  })

  it('eachSession() ends each session once, although its signal and its stop call check()', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log: string[] = []
    eachSession(tab.session, ({ id, signal }) => {
      signal.addEventListener('abort', () => log.push(`${id} aborts in ${tab.session.check().phase}`))
      return () => log.push(`${id} stops in ${tab.session.check().phase}`)
    })
    await world.until(tab.session.signIn(world.grant()))
    expect(log).toEqual(['session-0001 aborts in active', 'session-0001 stops in active'])
    log.length = 0
    await world.until(tab.session.signOut())
    await world.advance('1s')
    expect(log).toEqual(['session-0002 aborts in signedOut', 'session-0002 stops in signedOut'])
    expect(world.server.calls.map(({ method, tokens }) => [method, tokens?.access_token])).toEqual([
      ['signOut', 'access-f2-1'],
    ])
  })

  it('eachSession() refuses an object that is no session', () => {
    expect(() => eachSession({} as Session, () => undefined)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }) as Error,
    )
  })
})
