import {
  createSession,
  type Duration,
  type EndReason,
  memoryTokens,
  type Session,
  type SessionErrorCode,
  type SessionServer,
  type Snapshot,
  type TokenResponse,
  type TokenServer,
  type TokenSession,
  type TokenStore,
} from 'sojourn'
import { cookieSession } from 'sojourn/cookie'
import { createFetch, credentials } from 'sojourn/fetch'
import { decodeClaims, login, type Finished } from 'sojourn/login'
import { oauth } from 'sojourn/oauth'
import { policies } from 'sojourn/policies'
import { customServer, customTokens } from 'sojourn/server'
import { createSessionWith, type Ports } from 'sojourn/testing'
import { aesGcm, idbTokens } from 'sojourn/tokens/idb'
import { describe, expectTypeOf, test } from 'vitest'

declare const session: Session
declare const ports: Ports
declare const store: TokenStore
declare const refresh: () => Promise<TokenResponse>

describe('what an editor says while one writes', () => {
  test('a length of time takes a number or a number with a unit, and no other string', () => {
    expectTypeOf<'15m'>().toExtend<Duration>()
    expectTypeOf<900_000>().toExtend<Duration>()
    expectTypeOf<'15 minutes'>().not.toExtend<Duration>()
    // @ts-expect-error there is no such unit
    createSession({ idleTimeout: '2w' })
    // @ts-expect-error a number that is a text has none
    createSession({ idleTimeout: '15' })
  })

  test('an option that does not exist is an error, and so is an optional one that is undefined', () => {
    // @ts-expect-error its name is idleTimeout
    createSession({ timeout: '15m' })
    // @ts-expect-error leave it out instead
    createSession({ idleTimeout: undefined })
  })

  test('the phase says which fields a snapshot has', () => {
    const snapshot = session.getSnapshot()
    expectTypeOf(snapshot).toEqualTypeOf<Snapshot>()
    if (snapshot.phase === 'warning') expectTypeOf(snapshot.endAt).toEqualTypeOf<number>()
    if (snapshot.phase === 'signedOut') expectTypeOf(snapshot.reason).toEqualTypeOf<EndReason | null>()
    // @ts-expect-error not in every phase
    expectTypeOf(snapshot.endAt).toBeAny()
  })

  test('an event brings its own fields', () => {
    session.on('signedOut', ({ reason }) => {
      expectTypeOf(reason).toEqualTypeOf<EndReason>()
      // @ts-expect-error its name is signOut
      expectTypeOf(reason === 'signout').toBeBoolean()
    })
    session.on('refreshFailed', ({ error }) => {
      expectTypeOf(error.code).toEqualTypeOf<SessionErrorCode>()
    })
    // @ts-expect-error there is no such event
    session.on('logout', () => undefined)
  })

  test('a policy spreads into the options, and stores and servers are accepted', () => {
    expectTypeOf(createSession).toBeCallableWith({
      ...policies.nistAal2,
      tokenStore: idbTokens({ encrypt: aesGcm }),
      server: oauth({ tokenEndpoint: '/token', clientId: 'app' }),
    })
  })

  test('a login takes a session with tokens, and no other', () => {
    const auth = login({ issuer: 'https://id.example.com', clientId: 'app', parameters: { resource: ['a', 'b'] } })
    const tokens = createSession({ tokenStore: memoryTokens() })
    expectTypeOf(auth.start({ maxAge: '5m' })).resolves.toBeNever()
    expectTypeOf(auth.finish(tokens, { keepData: true })).resolves.toEqualTypeOf<Finished | null>()
    expectTypeOf(auth.end(tokens, { returnTo: '/' })).resolves.toBeVoid()
    expectTypeOf(decodeClaims('a.b.c')['name']).toBeUnknown()
    // @ts-expect-error it keeps no tokens
    void auth.finish(createSession())
    // @ts-expect-error a page can keep no secret
    login({ issuer: 'https://id.example.com', clientId: 'app', clientSecret: 'x' })
  })

  test('several APIs have tokens of their own, and a step-up takes to the login what was demanded', () => {
    const tokens = createSession({ tokenStore: memoryTokens() })
    const auth = login({ issuer: 'https://id.example.com', clientId: 'app' })
    expectTypeOf(tokens.getAccessToken({ resource: 'urn:orders' })).resolves.toBeString()
    expectTypeOf(tokens.getIdToken()).resolves.toEqualTypeOf<string | null>()
    expectTypeOf(createFetch).toBeCallableWith(tokens, {
      origins: { 'https://orders.example.com': 'urn:orders' },
      stepUp: async (challenge) => auth.start(challenge),
    })
  })

  test('a session keeps tokens with a token store or a token server, and not otherwise', () => {
    const server = oauth({ tokenEndpoint: '/token', clientId: 'app' })
    expectTypeOf(server).toEqualTypeOf<TokenServer>()
    expectTypeOf(createSession({ server })).toEqualTypeOf<TokenSession>()
    expectTypeOf(createSession({ tokenStore: memoryTokens() })).toEqualTypeOf<TokenSession>()
    expectTypeOf(createSession({ tokenStore: idbTokens(), server: cookieSession({}) })).toEqualTypeOf<TokenSession>()
    expectTypeOf(createSession()).toEqualTypeOf<Session>()
    expectTypeOf(createSession({ idleTimeout: '15m' })).toEqualTypeOf<Session>()
    expectTypeOf(createSession({ server: cookieSession({ check: '/session' }) })).toEqualTypeOf<Session>()
    expectTypeOf(createSessionWith(ports, { server })).toEqualTypeOf<TokenSession>()
    expectTypeOf(createSessionWith(ports)).toEqualTypeOf<Session>()
    expectTypeOf<TokenSession>().toExtend<Session>()
    expectTypeOf<Session>().not.toHaveProperty('getAccessToken')
    expectTypeOf<Session>().not.toHaveProperty('setTokens')
  })

  test('a server of your own makes a token session if it can refresh', () => {
    expectTypeOf(customServer({ refresh })).toEqualTypeOf<TokenServer>()
    expectTypeOf(customServer({ check: async () => ({ idleExpiresIn: 60 }) })).toEqualTypeOf<SessionServer>()
    expectTypeOf(createSession({ server: customServer({ refresh }) })).toEqualTypeOf<TokenSession>()
    expectTypeOf(createSession({ server: customServer({}) })).toEqualTypeOf<Session>()
    expectTypeOf(createSession({ tokenStore: customTokens(store) })).toEqualTypeOf<TokenSession>()
  })

  test('an interceptor gets the request with credentials, or null if no remedy is left', () => {
    expectTypeOf(credentials(session).authorize).returns.toEqualTypeOf<Promise<Request | null>>()
    expectTypeOf(credentials(session).authorize).toBeCallableWith(new Request('/orders'))
    expectTypeOf(credentials(session).authorize).toBeCallableWith(new Request('/orders'), {
      request: new Request('/orders'),
      response: new Response(),
    })
  })

  test('the authorized fetch has the type of fetch', () => {
    expectTypeOf(createFetch(session)).toEqualTypeOf<typeof fetch>()
  })

  test('the session has the type of an external store of frameworks', () => {
    expectTypeOf<Session['subscribe']>().toExtend<(onChange: () => void) => () => void>()
  })
})
