import { describe, expect, it, vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { createWorld, HOUR, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const forced = (tab: Tab): Promise<string> => tab.session.getAccessToken({ forceRefresh: true })
const next = (world: World, access_token: string) => ({
  ...world.tokens.stored!,
  generation: world.tokens.stored!.generation + 1,
  tokens: { ...world.tokens.stored!.tokens, access_token, refresh_token: 'refresh-f1-2' },
})

describe('tokens that a tab stored before it died', () => {
  it('are found by the next tab, which says so to all others', async () => {
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

  it('end when they end, also where the clock was set back before', async () => {
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
    'are renewed shortly before they end, whether or not it said how long they live: %s',
    async (said) => {
      const world = createWorld()
      await world.signedIn()
      const found = next(world, 'left behind')
      const { expires_in, ...others } = found.tokens
      world.tokens.stored = { ...found, tokens: said ? found.tokens : others }
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
  it('I4: gives way to newer tokens, which count in its place', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ after: 2 * SECOND })
    const token = forced(tab)
    await world.advance(SECOND)
    world.tokens.stored = next(world, 'newer')
    expect(await world.until(token)).toBe('newer')
    expect(world.tokens.stored.tokens.access_token).toBe('newer')
  })

  it('is stored where somebody has emptied the store', async () => {
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

describe('tokens of another session, found by the tab whose turn it is', () => {
  it('I5: stay where they are of one that has just begun, word of which is on its way', async () => {
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

  it('I5: nor are they replaced by what the application brings for the session before', async () => {
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

  it('I9: are removed where that is over', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.tokens.stored = { ...next(world, 'left behind'), id: 'long-over' }
    world.server.reply = () => ({ fails: new SessionError('server') })
    expect(await world.until(outcome(forced(tab)))).toBe('server')
    expect(world.tokens.stored).toBe(null)
  })
})

describe('a token response', () => {
  it('without a new refresh token keeps the old one in force (RFC 6749 §6)', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ replies: { access_token: 'next', expires_in: 300 } })
    expect(await world.until(forced(tab))).toBe('next')
    expect(world.tokens.stored?.tokens.refresh_token).toBe('refresh-f1-1')
  })

  it.each([{}, 7, ['refresh']])('with the refresh token %j is none, and changes nothing', async (refresh_token) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const before = world.tokens.stored
    world.server.reply = () => ({ replies: { access_token: 'next', refresh_token } })
    expect(await world.until(outcome(forced(tab)))).toBe('invalid_response')
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshFailed', error: { code: 'invalid_response' } }])
    expect(world.tokens.stored).toBe(before)
  })

  it('of a server that never gives refresh tokens has none', async () => {
    const world = createWorld()
    const server = { refresh: () => Promise.resolve({ access_token: 'next', expires_in: 300 }) }
    const tab = world.tab({ server })
    await world.until(tab.session.signIn({ access_token: 'first', expires_in: 300 }))
    expect(await world.until(forced(tab))).toBe('next')
    expect(world.tokens.stored?.tokens).toEqual({ access_token: 'next', expires_in: 300 })
  })
})

describe('a session without tokens to ask with', () => {
  it('I7: is asked about once, not at each move of its user', async () => {
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

describe('whoever asks for newer tokens while older ones are on their way', () => {
  it('does not get those', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = world.tab()
    world.server.reply = () => ({ after: SECOND })
    const first = forced(other)
    await world.advance(100)
    const waiting = forced(tab)
    let asked: Promise<string> | undefined
    tab.session.on('refreshed', ({ generation }) => {
      if (generation === world.tokens.stored?.generation) asked ??= forced(tab)
    })
    expect(await world.until(first)).toBe('access-f1-2')
    expect(await world.until(waiting)).toBe('access-f1-2')
    expect(await world.until(asked!)).toBe('access-f1-3')
  })
})
