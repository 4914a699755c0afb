import type { Session, Snapshot } from 'sojourn'
import * as react from 'sojourn/react'
import type { Context, ReactNode } from 'react'
import { describe, expectTypeOf, test } from 'vitest'

declare const session: Session

describe('in React', () => {
  test('hooks are values to render, of the session given or the provider’s', () => {
    expectTypeOf(react.useSession).returns.toEqualTypeOf<Snapshot>()
    expectTypeOf(react.useRemaining).returns.toEqualTypeOf<number | null>()
    expectTypeOf(react.useSession).toBeCallableWith(session)
    expectTypeOf(react.useSession).toBeCallableWith()
    // @ts-expect-error a session, not its snapshot
    react.useSession(session.getSnapshot())
  })

  test('the provider is a component that needs a session', () => {
    expectTypeOf(react.SessionProvider).toBeCallableWith({ session, children: 'the application' })
    expectTypeOf(react.SessionProvider).returns.toExtend<ReactNode>()
    // @ts-expect-error without a session there is nothing to provide
    react.SessionProvider({ children: null })
    expectTypeOf(react.SessionContext).toEqualTypeOf<Context<Session | null>>()
  })
})
