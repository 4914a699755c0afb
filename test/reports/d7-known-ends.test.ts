import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../src/index.js'
import { createWorld, type Tab, type World } from '../../src/testing.js'
import { START } from '../../src/testing/time.js'
import type { SessionOptions, TokenResponse } from '../../src/types.js'

const MINUTE = 6e4
const HOUR_IDLE: SessionOptions = { idleTimeout: '1h', warnBefore: '2m' }

const idToken = (claims: object): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}
async function signedIn(more: object, options = HOUR_IDLE): Promise<{ world: World; tab: Tab }> {
  const world = createWorld()
  const tab = world.tab(options)
  await world.until(tab.session.signIn({ ...world.grant(), ...more }))
  tab.takeEvents()
  return { world, tab }
}
/** The minutes from sign-in to the warning and to the end of the session. */
const minutes = (tab: Tab): readonly number[] => {
  const { warnAt, endAt } = tab.session.deadlines() ?? { warnAt: NaN, endAt: NaN }
  return [warnAt, endAt].map((at) => Math.round((at - START) / MINUTE))
}
/** Lets each refresh return `more` beside the tokens. */
function answerWith(world: World, more: (count: number) => object): void {
  let count = 1
  world.server.reply = (method) =>
    method === 'refresh' ? { replies: { ...world.grant(), ...more(count++) } satisfies TokenResponse } : {}
}

describe('ends that the server sent with the tokens', () => {
  // There, the lifetime of the refresh token came with the tokens, and was ignored: the session stayed "active" after it, and the
  // next call failed. Right: it shortens the session, with a warning.
  it('auth0/auth0-spa-js#576: S105: an idle user is warned before the refresh token expires', async () => {
    const { world, tab } = await signedIn({ refresh_expires_in: 1800 })
    expect(minutes(tab)).toEqual([28, 30])
    await world.advance('29m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'warning', endsBy: 'server', canExtend: false })
    await expect(tab.session.extend()).resolves.toBe(false)
    await world.advance('1m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it.each([
    ['Keycloak', { refresh_expires_in: 1800 }],
    ['Google and Microsoft Entra ID', { refresh_token_expires_in: 1800 }],
    ['the draft on refresh token expiration', { refresh_token_timeout: 1800 }],
    ['the draft, for the authorization', { authorization_expires_in: 1800 }],
    ['a server that writes numbers as text', { refresh_expires_in: '1800' }],
    ['S106: an ID token', { id_token: idToken({ iat: 1_000_000, session_expiry: 1_001_800 }) }],
    ['the shortest of several', { refresh_expires_in: 3600, authorization_expires_in: 1800 }],
  ])('%s: the session ends with it', async (_server, more) => {
    const { tab } = await signedIn(more)
    expect(minutes(tab)).toEqual([28, 30])
  })

  it.each([
    ['Keycloak says 0 for a token that does not expire', { refresh_expires_in: 0 }],
    ['a negative life', { refresh_expires_in: -1 }],
    ['a life that is no number', { refresh_expires_in: 'soon', authorization_expires_in: {} }],
    ['an endless life', { refresh_expires_in: Infinity }],
    ['an ID token without the claim', { id_token: idToken({ iat: 5 }) }],
    ['an ID token without a time of its own', { id_token: idToken({ session_expiry: 1_001_800 }) }],
    ['an ID token that is none', { id_token: 'abc' }],
    ['the life of a refresh token that is not there', { refresh_token: undefined, refresh_expires_in: 1800 }],
  ])('%s: the idle timeout counts alone', async (_what, more) => {
    const { tab } = await signedIn(more)
    expect(minutes(tab)).toEqual([58, 60])
  })

  it('a session expiry in the past ends the session at once', async () => {
    const { tab } = await signedIn({ id_token: idToken({ iat: 1_000_000, session_expiry: 999_000 }) })
    expect(tab.session.check()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  // There, an active user was signed out when the refresh token had expired.
  it('microsoft/chat-copilot#538: an active user gets a new refresh token before the warning', async () => {
    const { world, tab } = await signedIn({ expires_in: 3600, refresh_expires_in: 1800 })
    answerWith(world, () => ({ expires_in: 3600, refresh_expires_in: 1800 }))
    for (let i = 0; i < 60; i++) {
      tab.input()
      await world.advance('1m')
    }
    expect(tab.visible()).toBe('active')
    expect(tab.heard.filter(({ type }) => type === 'warning')).toEqual([])
    expect(world.server.count('refresh')).toBe(2)
  })

  // There, the lifetime of the refresh token shrinks to the time that is left of the server's own session.
  it('keycloak/keycloak#48063: an end that comes nearer with each refresh is followed', async () => {
    const { world, tab } = await signedIn({ refresh_expires_in: 1800 })
    answerWith(world, () => ({ refresh_expires_in: 600 }))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(minutes(tab)).toEqual([8, 10])
  })

  it('a refresh token that is kept keeps its end, and a new one without an expiry has none', async () => {
    const { world, tab } = await signedIn({ refresh_expires_in: 1800 })
    world.server.grace = true
    world.server.reply = () => ({ replies: { access_token: 'next', expires_in: 300 } })
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(minutes(tab)).toEqual([28, 30])
    answerWith(world, () => ({}))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(minutes(tab)).toEqual([58, 60])
  })

  it('the end of a grant stays if a response does not repeat it', async () => {
    const { world, tab } = await signedIn({ authorization_expires_in: 1800 })
    answerWith(world, () => ({}))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(minutes(tab)).toEqual([28, 30])
  })

  it('an ID token that is kept over a refresh does not set its end again', async () => {
    const { world, tab } = await signedIn({ id_token: idToken({ iat: 1_000_000, session_expiry: 1_001_800 }) })
    answerWith(world, () => ({}))
    await world.advance('10m')
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(minutes(tab)).toEqual([28, 30])
  })

  it('all tabs know the end of the grant, and so does a page that opens later', async () => {
    const { world, tab } = await signedIn({ refresh_expires_in: 1800 })
    const other = world.tab(HOUR_IDLE)
    expect(minutes(other)).toEqual([28, 30])
    await world.advance('29m')
    expect([tab.visible(), other.visible()]).toEqual(['warning', 'warning'])
    await world.advance('2m')
    expect([tab.visible(), other.visible()]).toEqual(['signedOut', 'signedOut'])
  })

  it('all tabs know the end of one tab’s tokens in memory, and warn', async () => {
    const world = createWorld()
    const options = (): SessionOptions => ({ ...HOUR_IDLE, tokenStore: memoryTokens() })
    const [tab, other] = [world.tab(options()), world.tab(options())]
    await world.until(tab.session.signIn({ ...world.grant(), refresh_expires_in: 1800 }))
    await world.advance('1s')
    expect([minutes(tab), minutes(other)]).toEqual([
      [28, 30],
      [28, 30],
    ])
    answerWith(world, () => ({ refresh_expires_in: 3000 }))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance('1s')
    expect([minutes(tab), minutes(other)]).toEqual([
      [48, 50],
      [48, 50],
    ])
    answerWith(world, () => ({}))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance('1s')
    expect([minutes(tab), minutes(other)]).toEqual([
      [58, 60],
      [58, 60],
    ])
  })

  it('a short-lived refresh token does not warn an active user all the time', async () => {
    const { world, tab } = await signedIn({ expires_in: 3600, refresh_expires_in: 60 })
    answerWith(world, () => ({ expires_in: 3600, refresh_expires_in: 60 }))
    for (let i = 0; i < 60; i++) {
      tab.input()
      await world.advance('5s')
    }
    expect(tab.visible()).toBe('active')
    expect(tab.heard.filter(({ type }) => type === 'warning')).toEqual([])
  })
})
