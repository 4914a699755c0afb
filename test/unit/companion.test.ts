import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { companionCookie } from '../../src/companion.js'
import { SessionError, withLink } from '../../src/errors.js'
import type { Session } from '../../src/types.js'
import { createWorld, MINUTE, SECOND, type Tab, type World } from './session/world.js'

const methods = { methods: ['check', 'signOut'] } as const
const refused = (): { fails: SessionError } => ({ fails: new SessionError('rejected') })

/** The browser's cookies, and what else a page has: the world has none of its own. */
const browser = { cookie: '', store: new EventTarget() }
/** The server, or another subdomain, changes the cookies. `tells`: in this browser pages are told. */
const setCookie = (cookie: string, tells = true): void => {
  browser.cookie = cookie
  if (tells) browser.store.dispatchEvent(new Event('change'))
}
class Page {
  get cookie(): string {
    return browser.cookie
  }
}

beforeEach(() => {
  Object.assign(browser, { cookie: 'theme=dark; signed-in=1', store: new EventTarget() })
  vi.stubGlobal('Document', Page)
  vi.stubGlobal('document', new Page())
  vi.stubGlobal('window', {})
  vi.stubGlobal('cookieStore', browser.store)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const watching = async (
  world: World,
  setup: Parameters<World['tab']>[1] = methods,
): Promise<{ tab: Tab; undo: () => void }> => {
  const tab = await world.signedIn({}, setup)
  const undo = companionCookie(tab.session, 'signed-in')
  await world.advance(MINUTE)
  expect(world.server.calls).toEqual([])
  return { tab, undo }
}

describe('the companion cookie', () => {
  it('two cookies of one name, one of which each answer sets as it is, cause no questions', async () => {
    const world = createWorld()
    browser.cookie = 'signed-in=1; signed-in=2'
    await watching(world)
    const setAgain = (): void => {
      const changed = [{ name: 'signed-in', value: '2' }]
      browser.store.dispatchEvent(Object.assign(new Event('change'), { changed, deleted: [] }))
    }
    Object.defineProperty(world.server, 'times', {
      get: () => {
        setAgain()
        return {}
      },
    })
    setAgain()
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(0)
    setCookie('signed-in=1; signed-in=3')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
  })

  it.each([
    ['removed', { changed: [], deleted: [{ name: 'signed-in' }] }, 1],
    ['set anew', { changed: [{ name: 'signed-in', value: '2' }], deleted: [] }, 1],
    ['set as it is', { changed: [{ name: 'signed-in', value: '1' }], deleted: [] }, 0],
    ['one of another name', { changed: [{ name: 'theme', value: 'x' }], deleted: [{ name: 'other' }] }, 0],
  ])(
    'a cookie is %s by what the event says, although document.cookie shows the text before',
    async (_how, lists, n) => {
      const world = createWorld()
      await watching(world)
      browser.store.dispatchEvent(Object.assign(new Event('change'), lists))
      await world.advance(SECOND)
      expect(world.server.count('check')).toBe(n)
    },
  )

  it.each([
    ['is removed', 'theme=dark'],
    ['has another value', 'theme=dark; signed-in=2'],
    ['comes twice', 'signed-in=1; theme=dark; signed-in=2'],
  ])(
    'S124: that %s is a question to the server, whose answer ends the session within a second',
    async (_how, cookie) => {
      const world = createWorld()
      const { tab } = await watching(world)
      world.server.reply = refused
      setCookie(cookie)
      await world.advance(SECOND)
      expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
      expect(world.server.count('check')).toBe(1)
    },
  )

  it('S124: is no end by itself: the session stays where the server says so, or cannot say', async () => {
    const world = createWorld()
    const { tab } = await watching(world)
    setCookie('theme=dark')
    await world.advance(MINUTE)
    world.server.reply = () => ({ fails: new SessionError('server') })
    setCookie('signed-in=3')
    await world.advance(100)
    expect([tab.phase(), world.server.count('check')]).toEqual(['active', 2])
  })

  it('is asked about once for all tabs, and once for each change', async () => {
    const world = createWorld()
    const { tab } = await watching(world)
    const others = [world.tab({}, methods), world.tab({}, methods)]
    for (const { session } of others) companionCookie(session, 'signed-in')
    setCookie('theme=dark')
    await world.advance(MINUTE)
    for (const one of [tab, ...others]) one.hint('blur')
    setCookie('theme=dark')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
  })

  it.each(['another=1', 'signed-in=1', 'signed-in-too=2; signed-in=1; theme=light', 'not-signed-in=2; signed-in=1'])(
    'asks nothing where others have changed: %s',
    async (cookie) => {
      const world = createWorld()
      await watching(world)
      setCookie(cookie.includes('signed-in=1') ? cookie : `${cookie}; signed-in=1`)
      await world.advance(MINUTE)
      expect(world.server.calls).toEqual([])
    },
  )

  it.each(['focus', 'visibilitychange', 'pageshow', 'resume'])(
    'S124: is looked at by %s in a browser without CookieStore, and no timer runs for it',
    async (hint) => {
      vi.stubGlobal('cookieStore', undefined)
      const world = createWorld()
      // A server with `check` is asked anyway when a page comes back.
      const { tab } = await watching(world, { methods: ['refresh', 'signOut'] })
      world.server.reply = refused
      setCookie('', false)
      await world.advance(MINUTE)
      expect([tab.phase(), tab.timers()]).toEqual(['active', 1])
      tab.hint(hint)
      await world.advance(SECOND)
      expect(tab.phase()).toBe('signedOut')
    },
  )

  it('is looked at when the user is active in a browser without CookieStore', async () => {
    vi.stubGlobal('cookieStore', undefined)
    const world = createWorld()
    const { tab } = await watching(world)
    world.server.reply = refused
    setCookie('', false)
    tab.input()
    await world.advance(SECOND)
    expect(tab.phase()).toBe('signedOut')
  })

  it('asks nothing at a sign-in, and watches the cookie that it finds there', async () => {
    const world = createWorld()
    const { tab } = await watching(world)
    await world.until(tab.session.signOut())
    setCookie('')
    setCookie('signed-in=2')
    world.server.calls.length = 0
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(MINUTE)
    expect(world.server.calls).toEqual([])
    setCookie('signed-in=3')
    await world.advance(SECOND)
    expect(world.server.count('check')).toBe(1)
  })

  it.each([
    ['gone', 'theme=dark'],
    ['another', 'signed-in=2'],
  ])(
    'asks when a page is loaded and finds the cookie %s, though no page was open when that changed',
    async (_how, cookie) => {
      const world = createWorld()
      const { tab } = await watching(world)
      tab.close()
      setCookie(cookie, false)
      world.server.reply = refused
      const page = world.tab({}, methods)
      companionCookie(page.session, 'signed-in')
      await world.advance(SECOND)
      expect(page.session.getSnapshot()).toMatchObject({ reason: 'rejected' })
    },
  )

  it('asks nothing when a page is loaded and finds the cookie as it was', async () => {
    const world = createWorld()
    await watching(world)
    companionCookie(world.tab({}, methods).session, 'signed-in')
    await world.advance(MINUTE)
    expect(world.server.calls).toEqual([])
  })

  it('keeps a hash of the cookie in the record, and not the cookie', async () => {
    const world = createWorld()
    await watching(world)
    expect(world.record()['companion']).toMatch(/^\w{8,14}$/)
    expect(JSON.stringify([...world.storage.stored])).not.toContain('signed-in')
  })

  it('works where storage is denied', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await watching(world)
    setCookie('')
    await world.advance(SECOND)
    expect(world.server.count('check')).toBe(1)
  })

  it('a cookie that is empty by what the event says is the empty one of the session', async () => {
    browser.cookie = 'signed-in='
    const world = createWorld()
    await watching(world)
    browser.store.dispatchEvent(Object.assign(new Event('change'), { changed: [{ name: 'signed-in' }], deleted: [] }))
    await world.advance(MINUTE)
    expect(world.server.calls).toEqual([])
  })

  it('asks nothing when the cookie that was there at the sign-in comes back', async () => {
    const world = createWorld()
    await watching(world)
    // The fingerprints of these are higher than that of the first one: a merge would keep them.
    for (let value = 10; value < 14; value++) {
      setCookie(`signed-in=${value}`)
      await world.advance(MINUTE)
      setCookie('signed-in=1')
      await world.advance(MINUTE)
    }
    expect(world.server.count('check')).toBe(4)
  })

  it('a page whose cookies may not be read asks as one without the cookie, and throws nothing', async () => {
    vi.spyOn(Page.prototype, 'cookie', 'get').mockImplementation(() => {
      throw new DOMException('The document is sandboxed.', 'SecurityError')
    })
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    companionCookie(tab.session, 'signed-in')
    await world.advance(MINUTE)
    expect([tab.phase(), world.server.count('check')]).toEqual(['active', 1])
  })

  it('asks no more when an event says again that the cookie is missing', async () => {
    browser.cookie = ''
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    companionCookie(tab.session, 'signed-in')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
    browser.store.dispatchEvent(Object.assign(new Event('change'), { changed: [], deleted: [{ name: 'signed-in' }] }))
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
  })

  it('asks once where the cookie is missing from the start', async () => {
    browser.cookie = ''
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    companionCookie(tab.session, 'signed-in')
    await world.advance(MINUTE)
    tab.hint('blur')
    companionCookie(world.tab({}, methods).session, 'signed-in')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
  })

  it('asks when a cookie is removed that came to this page after the record of its sign-in', async () => {
    browser.cookie = ''
    const world = createWorld()
    const tab = world.tab({}, methods)
    companionCookie(tab.session, 'signed-in')
    await world.signedIn({}, methods)
    expect(tab.phase()).toBe('active')
    setCookie('signed-in=1')
    await world.advance(MINUTE)
    // The cookie that is there now is that of the session, for each page.
    world.server.calls.length = 0
    companionCookie(world.tab({}, methods).session, 'signed-in')
    await world.advance(MINUTE)
    expect(world.server.calls).toEqual([])
    setCookie('')
    await world.advance(MINUTE)
    expect(world.server.count('check')).toBe(1)
  })

  it('waits in a prerendered page until that is opened, and leaves nothing until then', async () => {
    const world = createWorld()
    await world.signedIn({}, methods)
    const before = JSON.stringify([...world.storage.stored])
    const ahead = world.tab({}, { ...methods, prerendered: true })
    companionCookie(ahead.session, 'signed-in')
    setCookie('')
    await world.advance(MINUTE)
    expect([world.server.calls, JSON.stringify([...world.storage.stored])]).toEqual([[], before])
    ahead.activate()
    await world.advance(SECOND)
    expect(world.server.count('check')).toBe(1)
  })

  it.each([
    ['its undo', (_tab: Tab, undo: () => void) => undo()],
    ['destroy()', (tab: Tab) => tab.session.destroy()],
  ])('I10: asks nothing after %s', async (_how, stop) => {
    const world = createWorld()
    const { tab, undo } = await watching(world)
    stop(tab, undo)
    stop(tab, undo)
    setCookie('')
    tab.hint('blur')
    await world.advance(MINUTE)
    expect(world.server.calls).toEqual([])
  })

  it('I16: is no activity', async () => {
    const world = createWorld()
    const { tab } = await watching(world)
    const endAt = tab.session.deadlines()?.endAt
    setCookie('signed-in=2')
    await world.advance(MINUTE)
    expect(tab.session.deadlines()?.endAt).toBe(endAt)
  })

  it('I10: leaves no listener behind after its undo', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    const added = vi.spyOn(browser.store, 'addEventListener')
    const uninspect = vi.fn()
    const session = { ...tab.session, inspect: () => uninspect }
    const undo = companionCookie(session, 'signed-in')
    const left = (): unknown[] =>
      added.mock.calls.map(([type, , options]) => [type, (options as AddEventListenerOptions).signal?.aborted])
    expect([left(), uninspect.mock.calls]).toEqual([[['change', false]], []])
    undo()
    expect([left(), uninspect.mock.calls.length]).toEqual([[['change', true]], 1])
  })

  it('notes the cookie in a step with the cause `look`', async () => {
    const tab = await createWorld().signedIn({}, methods)
    const causes: string[] = []
    tab.session.inspect(({ cause }) => causes.push(cause))
    companionCookie(tab.session, 'signed-in')
    expect(causes).toEqual(['look'])
  })

  it('does nothing for a session object that was destroyed before', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, methods)
    tab.session.destroy()
    companionCookie(tab.session, 'signed-in')()
    expect(world.record()).not.toHaveProperty('companion')
  })

  it('refuses what is no session and no name, and does nothing on a server', () => {
    const { session } = createWorld().tab({}, { hasPage: false })
    const refusal = (message: string): Error =>
      expect.objectContaining({ code: 'invalid_options', message: withLink('invalid_options', message) }) as Error
    expect(() => companionCookie({} as Session, 'signed-in')).toThrow(
      refusal('companionCookie takes the session that createSession() returned.'),
    )
    for (const name of ['', 'a b', 'a=b', 'a;', undefined as never])
      expect(() => companionCookie(session, name)).toThrow(refusal('companionCookie takes the name of a cookie.'))
    companionCookie(session, 'signed-in')()
  })
})
