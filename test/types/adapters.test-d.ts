import type { Session, Snapshot, TokenSession } from 'sojourn'
import type { HttpInterceptorFn } from '@angular/common/http'
import type { InjectionToken, Provider, Signal } from '@angular/core'
import type { CanActivateChildFn, CanActivateFn, UrlTree } from '@angular/router'
import * as angular from 'sojourn/angular'
import * as react from 'sojourn/react'
import type { Context, ReactNode } from 'react'
import * as solid from 'sojourn/solid'
import * as svelte from 'sojourn/svelte'
import * as vue from 'sojourn/vue'
import type { Accessor, JSX } from 'solid-js'
import type { Readable } from 'svelte/store'
import { createApp, type ShallowRef } from 'vue'
import { describe, expectTypeOf, test } from 'vitest'

declare const session: Session
declare const tokenSession: TokenSession
declare const initial: Snapshot
declare const loginPage: UrlTree

/** A snapshot with its session. */
type View = Snapshot & { readonly session: Session }

describe('in Angular', () => {
  test('signals of Angular cannot be written', () => {
    expectTypeOf(angular.injectSession()).toExtend<Signal<View>>()
    expectTypeOf(angular.injectSession(tokenSession)().session).toEqualTypeOf<TokenSession>()
    expectTypeOf(angular.injectRemaining).returns.toEqualTypeOf<Signal<number | null>>()
    expectTypeOf(angular.injectSession).toBeCallableWith(session)
    expectTypeOf(angular.provideSession).returns.toExtend<Provider>()
    expectTypeOf(angular.SESSION).toEqualTypeOf<InjectionToken<Session>>()
  })

  test('interceptor and guard of Angular have Angular’s types', () => {
    expectTypeOf(angular.sessionInterceptor).returns.toEqualTypeOf<HttpInterceptorFn>()
    expectTypeOf(angular.sessionInterceptor).toBeCallableWith({ origins: ['https://api.example.com'] })
    expectTypeOf(angular.sessionGuard).returns.toEqualTypeOf<CanActivateFn>()
    expectTypeOf(angular.sessionGuard).returns.toExtend<CanActivateChildFn>()
    expectTypeOf(angular.sessionGuard).toBeCallableWith(() => Promise.resolve(loginPage))
    // @ts-expect-error a path is made into a UrlTree by the router
    angular.sessionGuard('/login')
  })
})

describe('in React', () => {
  test('hooks of React return values to render, of the given session or the provider’s', () => {
    expectTypeOf(react.useSession()).toExtend<View>()
    expectTypeOf(react.useSession(tokenSession).session).toEqualTypeOf<TokenSession>()
    expectTypeOf(react.useSession<TokenSession>().session).toEqualTypeOf<TokenSession>()
    expectTypeOf(react.useRemaining).returns.toEqualTypeOf<number | null>()
    expectTypeOf(react.useSession).toBeCallableWith(session)
    expectTypeOf(react.useSession).toBeCallableWith()
    // @ts-expect-error a session, not its snapshot
    react.useSession(session.getSnapshot())
  })

  test('the provider of React needs a session', () => {
    expectTypeOf(react.SessionProvider).toBeCallableWith({ session, initial, children: 'the application' })
    expectTypeOf(react.SessionProvider).returns.toExtend<ReactNode>()
    // @ts-expect-error without a session there is nothing to provide
    react.SessionProvider({ children: null })
    expectTypeOf(react.SessionContext).toEqualTypeOf<Context<Session | null>>()
  })
})

describe('in Solid', () => {
  test('primitives of Solid are accessors, of the given session or the provider’s', () => {
    expectTypeOf(solid.useSession()).toExtend<Accessor<View>>()
    expectTypeOf(solid.useSession(tokenSession)().session).toEqualTypeOf<TokenSession>()
    expectTypeOf(solid.useRemaining).returns.toEqualTypeOf<Accessor<number | null>>()
    expectTypeOf(solid.useSession).toBeCallableWith(session)
  })

  test('the provider of Solid needs a session', () => {
    expectTypeOf(solid.SessionProvider).toBeCallableWith({ session, initial, children: 'the application' })
    expectTypeOf(solid.SessionProvider).returns.toEqualTypeOf<JSX.Element>()
    // @ts-expect-error without a session there is nothing to provide
    solid.SessionProvider({ children: null })
  })
})

describe('in Svelte', () => {
  test('values of Svelte are read as `current`, and are stores as well', () => {
    expectTypeOf(svelte.useSession().current).toExtend<View>()
    expectTypeOf(svelte.useSession(tokenSession).current.session).toEqualTypeOf<TokenSession>()
    expectTypeOf(svelte.useRemaining(session).current).toEqualTypeOf<number | null>()
    expectTypeOf(svelte.useSession()).toExtend<Readable<View>>()
    // @ts-expect-error it is read only
    svelte.useRemaining().current = 1
  })

  test('the provider of Svelte takes a session, and what the server knew', () => {
    expectTypeOf(svelte.provideSession).toBeCallableWith(session)
    expectTypeOf(svelte.provideSession).toBeCallableWith(session, initial)
    // @ts-expect-error which session?
    svelte.provideSession()
  })
})

describe('in Vue', () => {
  test('composables of Vue are read-only refs', () => {
    expectTypeOf(vue.useSession()).toExtend<Readonly<ShallowRef<View>>>()
    expectTypeOf(vue.useSession(tokenSession).value.session).toEqualTypeOf<TokenSession>()
    expectTypeOf(vue.useRemaining).returns.toEqualTypeOf<Readonly<ShallowRef<number | null>>>()
    expectTypeOf(vue.useSession).toBeCallableWith(session)
    // @ts-expect-error it is read only
    vue.useRemaining().value = 1
  })

  test('the plugin of Vue takes a session, and what the server knew', () => {
    expectTypeOf(createApp({}).use(vue.sessionPlugin, session)).toEqualTypeOf(createApp({}))
    expectTypeOf(createApp({}).use(vue.sessionPlugin, session, initial)).toEqualTypeOf(createApp({}))
    // @ts-expect-error which session?
    createApp({}).use(vue.sessionPlugin)
  })
})
