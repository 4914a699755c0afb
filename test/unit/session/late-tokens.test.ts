import { afterEach, describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { webStorageTokens } from '../../../src/tokens/stores/web-storage.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, stranger, type Tab, type World } from './world.js'

const token = (tab: Tab): Promise<string> => tab.session.getAccessToken()
const forced = (tab: Tab): Promise<string> => tab.session.getAccessToken({ forceRefresh: true })
const next = (world: World, access_token: string) => ({
  ...world.tokens.stored!,
  generation: world.tokens.stored!.generation + 1,
  tokens: { ...world.tokens.stored!.tokens, access_token, refresh_token: 'refresh-f1-2' },
})

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('tokens that a tab stored before it crashed', () => {
  it('tokens of a crashed tab are found by the next tab, which updates the record', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.stored = next(world, 'left behind')
    const other = world.tab()
    expect(await world.until(other.session.getAccessToken())).toBe('left behind')
    await world.advance(SECOND)
    expect(world.record().generation).toBe(world.tokens.stored.generation)
    expect(tab.takeEvents()).toContainEqual({ type: 'refreshed', generation: world.tokens.stored.generation })
    expect(world.server.calls).toEqual([])
  })

  it('tokens of a crashed tab expire on time, also if the clock was set back before', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.setClock(-HOUR)
    tab.session.check()
    const expiresAt = world.time.clock().wall + 5 * MINUTE
    world.tokens.stored = { ...next(world, 'left behind'), expiresAt }
    const refresh = vi.fn(async () => ({ access_token: 'newest', expires_in: 300 }))
    const other = world.tab({ server: { refresh } })
    const read = async (): Promise<string> => world.until(other.session.getAccessToken())
    expect([await read(), await read()]).toEqual(['left behind', 'left behind'])
    expect(refresh).not.toHaveBeenCalled()
    other.input()
    world.sleep(5 * MINUTE)
    expect(await read()).toBe('newest')
  })

  it.each([true, false])(
    'tokens of a crashed tab are renewed shortly before they expire, with or without lifetime: %s',
    async (hasLifetime) => {
      const world = createWorld()
      await world.signedIn()
      const found = next(world, 'left behind')
      const { expires_in, ...others } = found.tokens
      world.tokens.stored = { ...found, tokens: hasLifetime ? found.tokens : others }
      const refresh = vi.fn(async () => ({ access_token: 'newest', expires_in: 300 }))
      const { session } = world.tab({ server: { refresh } })
      await world.until(session.getAccessToken())
      await world.advance(4.5 * MINUTE)
      expect(await world.until(session.getAccessToken())).toBe('left behind')
      await world.advance(SECOND)
      expect(await world.until(session.getAccessToken())).toBe('newest')
      expect(refresh).toHaveBeenCalledTimes(1)
    },
  )
})

describe('a reply that comes when something else is stored', () => {
  it('I4: a late reply gives way to newer tokens, which are returned in its place', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ after: 2 * SECOND })
    const token = forced(tab)
    await world.advance(SECOND)
    world.tokens.stored = next(world, 'newer')
    expect(await world.until(token)).toBe('newer')
    expect(world.tokens.stored.tokens.access_token).toBe('newer')
  })

  it('a late reply is stored if the store was cleared', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ after: 2 * SECOND })
    const token = forced(tab)
    await world.advance(SECOND)
    world.tokens.stored = null
    expect(await world.until(token)).toBe('access-f1-2')
    expect(world.tokens.stored).toMatchObject({ tokens: { access_token: 'access-f1-2' } })
  })
})

describe('tokens that are on their way to this tab', () => {
  /** Two tabs with tokens in web storage, of which each process has a copy. */
  const open = (world: World, lag: number): [one: Tab, two: Tab] => {
    const tabOf = (): Tab => {
      const tab: Tab = world.tab({ tokenStore: webStorageTokens(() => world.storage.of(tab)) })
      return tab
    }
    const tabs: [Tab, Tab] = [tabOf(), tabOf()]
    world.storage.lag = lag
    return tabs
  }

  it.each(['work', 'are missing'])(
    'a tab that asks for a token at the message of a sign-in gets it, and refreshes nothing (locks %s)',
    async (locks) => {
      const world = createWorld()
      world.locks.isAvailable = locks === 'work'
      const [one, two] = open(world, 50)
      await world.until(one.session.signIn(world.grant()))
      await world.advance(1)
      expect(two.phase()).toBe('active')
      expect(await world.until(token(two))).toBe('access-f1-1')
      await world.advance(SECOND)
      // A server may need no refresh token, and is asked; this one does.
      expect(world.server.calls.filter(({ tokens }) => tokens)).toEqual([])
      // The tab has noted nothing that keeps it from refreshing ahead.
      one.crash()
      two.input()
      await world.advance(4 * MINUTE + 30 * SECOND)
      expect(world.server.calls.filter(({ tokens }) => tokens)).toMatchObject([
        { tokens: { refresh_token: 'refresh-f1-1' } },
      ])
    },
  )

  it('a tab that asks for the ID token at the message of a sign-in gets it', async () => {
    const world = createWorld()
    const [one, two] = open(world, 50)
    await world.until(one.session.signIn({ ...world.grant(), id_token: 'header.claims.signature' }))
    await world.advance(1)
    expect(two.phase()).toBe('active')
    expect(await world.until(two.session.getIdToken())).toBe('header.claims.signature')
  })

  it('there is no ID token where the session ends before it can be read', async () => {
    const world = createWorld()
    const [one, two] = open(world, 50)
    await world.until(one.session.signIn({ ...world.grant(), id_token: 'header.claims.signature' }))
    await world.advance(1)
    const idToken = two.session.getIdToken()
    await world.advance(1)
    await world.until(one.session.signOut())
    expect(await world.until(idToken)).toBeNull()
  })

  it('a tab that removes the tokens of a session that ended elsewhere leaves those of the next, which began at once', async () => {
    const world = createWorld()
    const [one, two] = open(world, 0)
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    world.storage.lag = 250
    await world.until(one.session.signOut())
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    for (const tab of [one, two]) expect(await world.until(token(tab))).toBe('access-f2-1')
  })

  it('a tab leaves the tokens of a session that replaced another, although it cannot read them yet', async () => {
    const world = createWorld()
    const [one, two] = open(world, 0)
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    world.storage.lag = 250
    // The store waits after each write: in the world's time.
    vi.stubGlobal('setTimeout', (work: () => void, ms: number) => world.time.later(stranger('browser'), ms, work))
    await world.until(one.session.signIn(world.grant()))
    await world.advance(SECOND)
    for (const tab of [one, two]) expect(await world.until(token(tab))).toBe('access-f2-1')
    expect(world.server.calls).toEqual([])
  })

  it('a page that is loaded before the tokens can be read waits for them, and refreshes nothing', async () => {
    const world = createWorld()
    await world.signedIn()
    const { stored } = world.tokens
    world.tokens.stored = null
    const page = world.tab()
    await world.advance(100)
    world.tokens.stored = stored
    await world.advance(SECOND)
    expect(await world.until(token(page))).toBe('access-f1-1')
    expect(world.server.calls.filter(({ tokens }) => tokens)).toEqual([])
  })
})

describe('a record that is on its way to the next holder of the lock', () => {
  /** Tabs that have the first tokens in memory, and read what others write 50 ms later. */
  const open = async (world: World, count: number): Promise<Tab[]> => {
    const tabs = [await world.signedIn(), ...Array.from({ length: count - 1 }, () => world.tab())]
    for (const tab of tabs) await world.until(token(tab))
    await world.advance(SECOND)
    world.storage.lag = 50
    return tabs
  }

  it('five tabs ask a server that fails once for all, and none waits for the record of that', async () => {
    const world = createWorld()
    const tabs = await open(world, 5)
    const failure = new SessionError('rate_limited', { retryAt: world.time.clock().wall + MINUTE })
    world.server.reply = () => ({ fails: failure })
    const asked = tabs.map((tab) => outcome(forced(tab)))
    await world.advance(100)
    expect(tabs[0]!.takeEvents()).toMatchObject([{ type: 'refreshFailed', error: { code: 'rate_limited' } }])
    expect(await Promise.race([asked[0], Promise.resolve('waits')])).toBe('rate_limited')
    await world.advance(SECOND)
    expect(await Promise.all(asked)).toEqual(['rate_limited', ...Array<string>(4).fill('server')])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('without locks, a tab that reads its tokens while another is told to wait asks nothing', async () => {
    const world = createWorld()
    world.locks.isAvailable = false
    const tabs = await open(world, 2)
    world.tokens.delay = () => 800
    world.server.reply = () => ({
      fails: new SessionError('rate_limited', { retryAt: world.time.clock().wall + MINUTE }),
    })
    const first = outcome(forced(tabs[0]!))
    await world.advance(500)
    const second = outcome(forced(tabs[1]!))
    await world.advance(2 * SECOND)
    expect(await Promise.all([first, second])).toEqual(['rate_limited', 'server'])
    expect(world.server.count('refresh')).toBe(1)
  })

  it('I4: a tab does not use the refresh token again if only the tab before it has the newer one', async () => {
    const world = createWorld()
    const tabs = await open(world, 2)
    world.tokens.fault = (access) => (access === 'set' ? 'fails' : 'works')
    const asked = tabs.map((tab) => outcome(forced(tab)))
    await world.advance(100)
    expect(await Promise.race([asked[0], Promise.resolve('waits')])).toBe('access-f1-2')
    await world.advance(SECOND)
    expect(await Promise.all(asked)).toEqual(['access-f1-2', 'no_tokens'])
    expect(tabs.map((tab) => tab.phase())).toEqual(['active', 'active'])
    expect([world.server.count('refresh'), world.server.reuseCount]).toEqual([1, 0])
  })
})

describe('tokens of another session, found by a refresh', () => {
  it('I5: tokens of another session stay if it has just begun and its record is on the way', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    world.deafen()
    world.storage.lag = 50
    const signedIn = tab.session.signIn({ access_token: 'of somebody else', expires_in: 300 })
    const refused = outcome(forced(other))
    await world.until(signedIn)
    expect(await world.until(refused)).toBe('signed_out')
    expect(world.tokens.stored).toMatchObject({ tokens: { access_token: 'of somebody else' } })
    expect(world.server.count('refresh')).toBe(0)
  })

  it('I5: tokens of a new session are not replaced by setTokens() for the session before', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    world.deafen()
    world.storage.lag = 50
    const signedIn = tab.session.signIn({ access_token: 'of somebody else', expires_in: 300 })
    const refused = outcome(other.session.setTokens({ access_token: 'late', expires_in: 300 }))
    await world.until(signedIn)
    expect(await world.until(refused)).toBe('signed_out')
    expect(world.tokens.stored).toMatchObject({ tokens: { access_token: 'of somebody else' } })
  })

  it('I9: tokens of another session are removed if that is over', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.stored = { ...next(world, 'left behind'), id: 'long-over' }
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(await world.until(outcome(forced(tab)))).toBe('server')
    expect(world.tokens.stored).toBe(null)
  })
})

describe('a token response', () => {
  it('a token response without a new refresh token keeps the old one in use (RFC 6749 §6)', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ replies: { access_token: 'next', expires_in: 300 } })
    expect(await world.until(forced(tab))).toBe('next')
    expect(world.tokens.stored?.tokens.refresh_token).toBe('refresh-f1-1')
  })

  it.each([{}, 7, ['refresh']])(
    'a token response with the refresh token %j is malformed, and changes nothing',
    async (refresh_token) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const before = world.tokens.stored
      world.server.reply = () => ({ replies: { access_token: 'next', refresh_token } })
      expect(await world.until(outcome(forced(tab)))).toBe('invalid_response')
      expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', error: { code: 'invalid_response' } }])
      expect(world.tokens.stored).toBe(before)
    },
  )

  it('a token response may lack a refresh token if the server never sends any', async () => {
    const world = createWorld()
    const server = { refresh: () => Promise.resolve({ access_token: 'next', expires_in: 300 }) }
    const tab = world.tab({ server })
    await world.until(tab.session.signIn({ access_token: 'first', expires_in: 300 }))
    expect(await world.until(forced(tab))).toBe('next')
    expect(world.tokens.stored?.tokens).toEqual({ access_token: 'next', expires_in: 300 })
  })
})

describe('a session without a refresh token', () => {
  it('I7: a session without a refresh token calls the server once, not at each activity', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ fails: new SessionError('no_tokens') })
    for (let minutes = 0; minutes < 10; minutes++) {
      tab.input()
      await world.advance(MINUTE)
    }
    expect(world.server.count('refresh')).toBe(1)
    expect(tab.phase()).toBe('active')
  })
})

describe('a caller that needs newer tokens while older ones are on their way', () => {
  it('a caller that needs newer tokens does not get older ones from a refresh in flight', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    world.server.reply = () => ({ after: SECOND })
    const first = forced(other)
    await world.advance(100)
    const waiting = forced(tab)
    let pending: Promise<string> | undefined
    tab.session.on('refreshed', ({ generation }) => {
      if (generation === world.tokens.stored?.generation) pending ??= forced(tab)
    })
    expect(await world.until(first)).toBe('access-f1-2')
    expect(await world.until(waiting)).toBe('access-f1-2')
    expect(await world.until(pending!)).toBe('access-f1-3')
  })
})
