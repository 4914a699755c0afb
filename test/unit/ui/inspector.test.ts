// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { journal } from '../../../src/journal.js'
import { playgroundActions } from '../../../src/testing/playground-actions.js'
import { sessionInspector, type InspectorOptions } from '../../../src/ui/inspector/inspector.js'
import { createWorld, MINUTE, type Tab, type World } from '../session/world.js'

let world: World
let tab: Tab
let undo: (() => void) | undefined

const root = (): ShadowRoot => document.querySelector('.sojourn-inspector')!.shadowRoot!
const text = (selector: string): string => root().querySelector(selector)!.textContent
const title = (): string => text('summary')
const linesBy = (selector: string): string[] =>
  [...root().querySelectorAll(selector)].map((item) => item.textContent.slice(9).replace(/ +/, ' '))
/** Where, and what, the newest first. */
const lines = (): string[] => linesBy('li')
/** The same, of what was more than a look. */
const news = (): string[] => linesBy('li.changed')
const button = (name: string): HTMLButtonElement =>
  [...root().querySelectorAll('button')].find(({ textContent }) => textContent === name)!

function inspect(options: InspectorOptions = {}, of = tab): void {
  undo = sessionInspector(of.session, options)
}

beforeEach(async () => {
  // Not the timers that a world uses.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  world = createWorld()
  tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
})
afterEach(() => {
  undo?.()
  undo = undefined
  vi.useRealTimers()
  vi.unstubAllGlobals()
  document.body.replaceChildren()
})

describe('the journal in the panel', () => {
  it('is shown as it is sent, the newest first, and is copied with the rest', async () => {
    const log = journal(tab.session, { marks: ['checkout'] })
    inspect({ journal: log })
    log.mark('checkout')
    await world.advance('1s')
    const entries = [...log.entries()].reverse().map((entry) => JSON.stringify(entry))
    expect(entries).toHaveLength(2)
    expect(root().querySelectorAll('pre')[1]?.textContent).toBe(entries.join('\n'))
    let copied = ''
    vi.stubGlobal('navigator', {
      clipboard: {
        writeText(given: string) {
          copied = given
          return Promise.resolve()
        },
      },
    })
    button('Copy as text').click()
    expect(copied).toContain(entries.join('\n'))
  })

  it('has no place where there is none', () => {
    inspect()
    expect(root().querySelectorAll('pre')).toHaveLength(1)
  })
})

describe('the head of the panel', () => {
  it('the head of the panel has the phase and the next deadlines, from its creation on', async () => {
    inspect()
    expect(title()).toBe('Session: active')
    expect(text('#deadlines')).toMatch(
      /^Warning: \d\d:\d\d:\d\d, in 0:13:00\nEnd \(idle\): \d\d:\d\d:\d\d, in 0:15:00\nTokens expire: \d\d:\d\d:\d\d, in 0:05:00$/,
    )
    await world.advance('13m')
    expect(title()).toBe('Session: warning')
    expect(text('#deadlines')).toMatch(/^End \(idle\): \d\d:\d\d:\d\d, in 0:0[12]:\d\d$/)
    await world.advance('2m')
    expect(title()).toBe('Session: signedOut')
    expect(text('#deadlines')).toBe('')
  })

  it('the head of the panel follows the time, although the session takes no step', async () => {
    inspect()
    const steps = lines().length
    await world.advance('1s')
    expect(text('#deadlines')).toMatch(/^Warning: .* in 0:12:59\n/)
    world.sleep('1m')
    await world.advance('1s')
    expect(text('#deadlines')).toMatch(/^Warning: .* in 0:11:58\n/)
    expect(lines()).toHaveLength(steps)
  })

  it('the head of the panel has a scale: the past, the time before the warning, and the warning', async () => {
    inspect()
    const parts = (): number[] =>
      [...root().querySelectorAll('i')].map(({ style }) => Math.round(Number(style.flexGrow) / MINUTE))
    await world.advance('3m')
    tab.hint('focus')
    expect(parts()).toEqual([3, 10, 2])
    await world.advance('11m')
    tab.hint('focus')
    expect(parts()).toEqual([14, 0, 1])
    await world.until(tab.session.signOut())
    expect(parts()).toEqual([])
  })

  it('the head of the panel has the record, with readable times, and never a token', async () => {
    inspect()
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(JSON.parse(text('pre'))).toMatchObject({
      id: expect.stringMatching(/^session-/) as string,
      generation: 2,
      activeAt: expect.stringMatching(/^\d\d:\d\d:\d\d$/) as string,
      retryAt: 0,
    })
    expect(root().innerHTML).not.toMatch(/access-|refresh-/)
  })

  it('the head of the panel lists missing features, also earlier ones', async () => {
    const poor = createWorld()
    poor.locks.isAvailable = false
    poor.channel.isAvailable = false
    const other = await poor.signedIn()
    inspect({}, other)
    await poor.advance(10)
    expect(text('#problems')).toBe(
      'channel: Tabs hear of each other by storage alone.\nlocks: Tabs may refresh at once: see sojourn/lease.\n',
    )
  })
})

describe('the timeline', () => {
  it('the timeline shows what happened here, and why', async () => {
    inspect()
    await world.advance('1m')
    tab.input()
    expect(news()[0]).toBe('here activity (activity)')
    await world.advance('13m')
    expect(news()[0]).toMatch(/^wake warning of the idle end at \d\d:\d\d:\d\d \(timer\)$/)
    await world.until(tab.session.extend())
    expect(news()).toContain('here extended, activity (extend)')
    await world.until(tab.session.signOut())
    // The server has heard of it.
    expect(news().slice(0, 2)).toEqual(['server server after 24 ms (server)', 'here signed out: signOut (signOut)'])
    await world.until(tab.session.signIn(world.grant()))
    expect(news()[0]).toBe('here signed in (signIn)')
  })

  it('the timeline shows what was done elsewhere, however this tab learned of it', async () => {
    const other = world.tab({ idleTimeout: '15m', warnBefore: '2m' })
    inspect()
    await world.until(other.session.getAccessToken({ forceRefresh: true }))
    await world.advance('1s')
    expect(news()[0]).toBe('elsewhere new tokens, generation 2 (storage)')
    world.storage.delay = Infinity
    world.channel.delay = Infinity
    await world.until(other.session.signOut())
    expect(title()).toBe('Session: active')
    tab.hint('focus')
    expect(news()[0]).toBe('elsewhere signed out: signOut (focus)')
    await world.until(other.session.signIn(world.grant()))
    tab.session.check()
    expect(news()[0]).toBe('elsewhere signed in (check)')
  })

  it('the timeline shows what a timer found, and that a limit cannot be extended', async () => {
    // Its idle timeout would count in all tabs.
    tab.close()
    tab = await world.signedIn({ idleTimeout: false, absoluteTimeout: '15m', warnBefore: '2m' })
    inspect()
    await world.advance('13m')
    expect(news()[0]).toMatch(/^wake warning of the absolute end at \S+, which stays \(timer\)$/)
    world.sleep('1h')
    tab.hint('focus')
    expect(news()[0]).toBe('wake signed out: absolute (focus)')
  })

  it('the timeline shows when a refresh began, how long it took, and its outcome', async () => {
    inspect()
    world.server.reply = () => ({ after: 250 })
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(news().slice(0, 2)).toEqual([
      'server new tokens, generation 2, refreshed after 251 ms (refreshed)',
      'here asks for new tokens (refresh)',
    ])
    world.server.reply = () => ({ after: 40, fails: new SessionError('server') })
    await world.until(tab.session.getAccessToken({ forceRefresh: true }).catch(() => undefined))
    expect(news().slice(0, 2)).toEqual([
      expect.stringMatching(/^server no new tokens, next try at \d\d:\d\d:\d\d \(server\)$/),
      'server refresh failed after 40 ms (refresh failed)',
    ])
  })

  it('the timeline shows calls of the server and their replies', async () => {
    tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' }, { methods: ['keepAlive', 'check'] })
    world.server.times = { idleExpiresIn: 900 }
    inspect()
    await world.advance('6m')
    tab.input()
    await world.advance('1m')
    expect(news()).toContain('server the server said how long is left (server)')
    expect(news()).toContain('here tells the server of activity (claimed)')
    await world.advance('12m')
    expect(news()).toContain('here asks the server how long is left (claimed)')
  })

  it('the timeline shows that a clock was set back', async () => {
    inspect()
    await world.advance('1m')
    world.setClock(-3_600_000)
    tab.hint('focus')
    expect(news()[0]).toMatch(/^wake the clock is behind by ms: 36\d{5} \(focus\)$/)
    // Deadlines are by this device's clock, as everything that is shown.
    expect(text('#deadlines')).toMatch(/^Warning: .* in 0:12:00\n/)
  })

  it('the timeline joins repeated steps in one line, and keeps no more than 200 lines', () => {
    inspect()
    for (let time = 0; time < 5; time++) tab.hint('focus')
    expect(lines()[0]).toBe('wake nothing new (focus, 5 times)')
    for (let time = 0; time < 150; time++) {
      tab.hint('focus')
      tab.hint('online')
    }
    expect(lines()).toHaveLength(200)
  })
})

describe('its buttons', () => {
  it('a button pauses the panel, and loses no step', async () => {
    inspect()
    button('Pause').click()
    expect(button('Pause').ariaPressed).toBe('true')
    const before = root().innerHTML
    await world.until(tab.session.signOut())
    await world.advance('2s')
    expect(root().innerHTML).toBe(before)
    button('Pause').click()
    expect(button('Pause').ariaPressed).toBe('false')
    expect(title()).toBe('Session: signedOut')
    expect(news()[0]).toBe('here signed out: signOut (signOut)')
  })

  it('a button clears the timeline', () => {
    inspect()
    expect(lines()).not.toEqual([])
    button('Clear').click()
    expect(lines()).toEqual([])
  })

  it('a button copies everything as text, the oldest line first', async () => {
    let copied = ''
    vi.stubGlobal('navigator', { clipboard: { writeText: async (text: string) => void (copied = text) } })
    inspect()
    tab.hint('focus')
    button('Copy as text').click()
    await vi.advanceTimersByTimeAsync(0)
    expect(text('[role=status]')).toBe('Copied.')
    expect(copied).toMatch(/^Session: active\nWarning: .*\n/)
    expect(copied).toContain('"generation": 1')
    expect(copied.split('\n').slice(-2)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d here {6}nothing new \(check\)$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d wake {6}nothing new \(focus\)$/),
    ])
    expect(copied).not.toMatch(/access-|refresh-/)
  })

  it('a button reports if the browser does not copy', async () => {
    vi.stubGlobal('navigator', {})
    inspect()
    button('Copy as text').click()
    await vi.advanceTimersByTimeAsync(0)
    expect(text('[role=status]')).toMatch(/^Refused/)
  })

  it('a button runs an action of the application', () => {
    const act = vi.fn()
    inspect({ actions: { 'Break it': act } })
    button('Break it').click()
    expect(act).toHaveBeenCalledOnce()
  })

  it('the playground’s buttons try out a world: each action runs after the one before', async () => {
    const { actions } = playgroundActions(world, tab)
    inspect({ actions })
    const press = async (name: string): Promise<string> => {
      button(name).click()
      // A world uses tasks of the real event loop.
      await actions['Use the page']!()
      return `${title()} ${news().find((line) => !line.includes('activity (activity)')) ?? ''}`
    }
    await press('Let a minute pass')
    expect(world.time.passed()).toBe(MINUTE + 2015)
    expect(await press('Ask for a new token')).toMatch(/generation 2, refreshed after 21 ms/)
    button('Lose the network').click()
    expect(await press('Ask for a new token')).toMatch(/no new tokens \(offline\)/)
    expect(await press('Find it again')).toMatch(/generation 3, refreshed after 21 ms/)
    expect(await press('Set it an hour back')).toMatch(/^Session: active .*the clock is behind/)
    expect(await press('Sign out elsewhere')).toMatch(/^Session: signedOut elsewhere signed out: signOut/)
    expect(await press('Sign in again')).toMatch(/^Session: active here signed in/)
    expect(await press('Sleep for an hour')).toMatch(/^Session: signedOut wake signed out: idle/)
    await press('Sign in again')
    expect(await press('Set the clock an hour ahead')).toMatch(/^Session: signedOut wake signed out: idle/)
  })
})

describe('the panel', () => {
  it('the panel is in its container, and floats without one', () => {
    inspect({ container: document.body.appendChild(document.createElement('main')) })
    expect(document.querySelector('main > .sojourn-inspector')?.className).toBe('sojourn-inspector')
    undo?.()
    expect(document.querySelector('.sojourn-inspector')).toBeNull()
    inspect()
    expect(document.querySelector('body > .sojourn-inspector')?.classList.contains('floats')).toBe(true)
  })

  it('the panel leaves nothing behind', () => {
    const timers = vi.getTimerCount()
    const removed = vi.fn()
    const { session } = tab
    const inspected = {
      ...session,
      inspect: (...what: Parameters<typeof session.inspect>) => (session.inspect(...what), removed),
      on: (...what: Parameters<typeof session.on>) => (session.on(...what), removed),
    }
    sessionInspector(inspected as typeof session)()
    expect(vi.getTimerCount()).toBe(timers)
    expect(removed).toHaveBeenCalledTimes(3)
  })

  it('the panel does nothing on a server', () => {
    vi.stubGlobal('document', undefined)
    expect(() => {
      sessionInspector(tab.session)()
    }).not.toThrow()
  })
})

it('the inspector takes null for an option that is left out', () => {
  inspect({ container: null, actions: null, journal: null } as unknown as InspectorOptions)
  expect(title()).toBe('Session: active')
})
