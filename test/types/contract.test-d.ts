import {
  createSession,
  type Duration,
  type EndReason,
  type Session,
  type SessionErrorCode,
  type Snapshot,
} from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'
import { policies } from 'sojourn/policies'
import { idbTokens } from 'sojourn/tokens/idb'
import { describe, expectTypeOf, test } from 'vitest'

declare const session: Session

describe('what an editor says while one writes', () => {
  test('a length of time takes a number or a number with a unit, and no prose', () => {
    expectTypeOf<'15m'>().toExtend<Duration>()
    expectTypeOf<900_000>().toExtend<Duration>()
    expectTypeOf<'15 minutes'>().not.toExtend<Duration>()
    // @ts-expect-error there is no such unit
    createSession({ idleTimeout: '2w' })
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
    })
    session.on('refreshFailed', ({ error }) => {
      expectTypeOf(error.code).toEqualTypeOf<SessionErrorCode>()
    })
    // @ts-expect-error there is no such event
    session.on('logout', () => undefined)
  })

  test('a policy spreads into the options, and stores and servers fit', () => {
    expectTypeOf(createSession).toBeCallableWith({
      ...policies.nistAal2,
      tokenStore: idbTokens({ encrypt: true }),
      server: oauth({ tokenEndpoint: '/token', clientId: 'app' }),
    })
  })

  test('the authorized fetch goes wherever a fetch goes', () => {
    expectTypeOf(createFetch(session)).toEqualTypeOf<typeof fetch>()
  })

  test('the session fits what frameworks call an external store', () => {
    expectTypeOf<Session['subscribe']>().toExtend<(onChange: () => void) => () => void>()
  })
})
