import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import type { SessionServer, TokenResponse } from '../../../src/types.js'
import { createWorld, outcome, SECOND, type Tab, type World } from './world.js'

/** A backend that keeps the refresh token in an HttpOnly cookie, which all tabs send and none can read. Its reuse detection is strict. */
function backend(world: World) {
  const state = { cookie: 1, current: 1, reuse: 0, pending: 0, mostPending: 0, calls: 0, loggedOut: 0, lose: false }
  const everybody = { frozen: false, gone: false }
  const later = async (ms: number): Promise<void> =>
    new Promise((resolve) => {
      world.time.later(everybody, ms, resolve)
    })
  const server: SessionServer = {
    async refresh() {
      const sent = state.cookie
      state.calls++
      state.mostPending = Math.max(state.mostPending, ++state.pending)
      await later(20)
      const isStrange = sent !== state.current
      if (isStrange) state.reuse++
      else state.current++
      const number = state.current
      await later(20)
      state.pending--
      if (isStrange || state.loggedOut) throw new SessionError('rejected')
      if (state.lose) throw new TypeError('Failed to fetch')
      state.cookie = number
      return { access_token: `access-${number}`, token_type: 'Bearer', expires_in: 300 }
    },
    async signOut() {
      await later(20)
      state.loggedOut++
    },
  }
  return { state, server, tokens: (): TokenResponse => ({ access_token: 'access-1', expires_in: 300 }) }
}

const openTabs = (world: World, server: SessionServer, count: number): Tab[] =>
  Array.from({ length: count }, () => world.tab({ server, tokenStore: memoryTokens() }))

describe('access token in memory, refresh token in an HttpOnly cookie', () => {
  it('a refresh by cookie gives each tab its own token, one after the other, without reuse', async () => {
    const world = createWorld()
    const { server, state, tokens } = backend(world)
    const tabs = openTabs(world, server, 5)
    await world.until(tabs[0]!.session.signIn(tokens()))
    const first = await world.until(Promise.all(tabs.map(async ({ session }) => session.getAccessToken())))
    expect(first).toEqual(['access-1', 'access-2', 'access-3', 'access-4', 'access-5'])
    expect(state).toMatchObject({ calls: 4, mostPending: 1, reuse: 0 })
    for (let round = 0; round < 3; round++) {
      world.time.sleep(301 * SECOND)
      for (const tab of tabs) tab.input()
      await world.until(Promise.all(tabs.map(async ({ session }) => session.getAccessToken())))
    }
    expect(state).toMatchObject({ calls: 4 + 3 * 5, mostPending: 1, reuse: 0 })
    for (const tab of tabs) expect(tab.phase()).toBe('active')
  })

  it('a refresh by cookie needs nothing but the cookie after a reload', async () => {
    const world = createWorld()
    const { server, tokens } = backend(world)
    const [before] = openTabs(world, server, 1)
    await world.until(before!.session.signIn(tokens()))
    before!.crash()
    const [after] = openTabs(world, server, 1)
    expect(after!.phase()).toBe('active')
    expect(await world.until(after!.session.getAccessToken())).toBe('access-2')
  })

  it('a session begins with the cookie alone, after a login that the backend did', async () => {
    const world = createWorld()
    const { server } = backend(world)
    const [tab] = openTabs(world, server, 1)
    await world.until(tab!.session.signIn(undefined, { login: 'made by the backend' }))
    expect(await world.until(tab!.session.getAccessToken())).toBe('access-2')
  })

  it('a lost reply with the next cookie ends the session everywhere, cleanly and once', async () => {
    const world = createWorld()
    const { server, state, tokens } = backend(world)
    const tabs = openTabs(world, server, 3)
    await world.until(tabs[0]!.session.signIn(tokens()))
    await world.advance(SECOND)
    state.lose = true
    expect(await world.until(outcome(tabs[1]!.session.getAccessToken()))).toBe('signed_out')
    await world.advance(SECOND)
    for (const tab of tabs) expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
    expect(state).toMatchObject({ calls: 2, reuse: 1 })
  })

  it('a sign-out reaches the backend also from a tab that never had a token', async () => {
    const world = createWorld()
    const { server, state, tokens } = backend(world)
    const [one, two] = openTabs(world, server, 2)
    await world.until(one!.session.signIn(tokens()))
    await world.advance(SECOND)
    await world.until(two!.session.signOut())
    await world.advance(SECOND)
    expect(state.loggedOut).toBe(2)
    for (const tab of [one!, two!]) expect(tab.phase()).toBe('signedOut')
    expect(await world.until(outcome(two!.session.getAccessToken()))).toBe('signed_out')
  })
})
