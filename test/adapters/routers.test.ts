/** The guards of docs/frameworks, with the routers themselves. */
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter as createTanStackRouter,
} from '@tanstack/react-router'
import { createMemoryRouter } from 'react-router'
import { createMemoryHistory as createVueHistory, createRouter as createVueRouter } from 'vue-router'
import { expect, test } from 'vitest'
import type { Session } from '../../src/index.js'
import { createWorld, type World } from '../../src/testing.js'
import * as react from '../recipes/routers/react-router.js'
import * as tanStack from '../recipes/routers/tanstack-router.js'
import * as vue from '../recipes/routers/vue-router.js'

interface Driven {
  readonly path: () => string
  readonly go: (path: string) => Promise<unknown>
  /** The private pages whose data were loaded, in order. */
  readonly loaded: string[]
}

/** A router with `/private`, `/other` (which is private as well), `/login` and `/`. */
const routers: Readonly<Record<string, (session: Session) => Driven>> = {
  'React Router'(session) {
    const loaded: string[] = []
    const page = (path: string): { path: string; loader: () => null } => ({
      path,
      loader: () => {
        loaded.push(path)
        return null
      },
    })
    const router = createMemoryRouter([
      { middleware: [react.signedIn(session)], children: [page('/private'), page('/other')] },
      { path: '/login' },
      { path: '/' },
    ])
    react.followSession(router, session)
    return {
      loaded,
      path: () => router.state.location.pathname + router.state.location.search,
      go: (path) => router.navigate(path),
    }
  },
  'TanStack Router'(session) {
    const loaded: string[] = []
    const root = createRootRoute()
    const page = (path: string, isPrivate = false) =>
      createRoute({
        getParentRoute: () => root,
        path,
        ...(isPrivate ? { beforeLoad: tanStack.signedIn(session) } : {}),
        loader: () => (isPrivate ? loaded.push(path) : 0),
      })
    const router = createTanStackRouter({
      routeTree: root.addChildren([page('/private', true), page('/other', true), page('/login'), page('/')]),
      history: createMemoryHistory(),
    })
    tanStack.followSession(router, session)
    return { loaded, path: () => router.state.location.href, go: (path) => router.navigate({ href: path }) }
  },
  'Vue Router'(session) {
    const loaded: string[] = []
    const page = (path: string, isPrivate = false) => ({
      path,
      component: {},
      meta: { private: isPrivate },
      beforeEnter: () => {
        if (isPrivate) loaded.push(path)
      },
    })
    const router = createVueRouter({
      history: createVueHistory(),
      routes: [page('/private', true), page('/other', true), page('/login'), page('/')],
    })
    vue.followSession(router, session)
    return { loaded, path: () => router.currentRoute.value.fullPath, go: (path) => router.push(path) }
  },
}

/** Where the login leads back to; null where the router is elsewhere. */
function returnTo(router: Driven): string | null {
  const { pathname, searchParams } = new URL(router.path(), 'https://app.example')
  return pathname === '/login' ? searchParams.get('returnTo') : null
}

const begin = async (
  create: (session: Session) => Driven,
): Promise<{ world: World; session: Session; router: Driven }> => {
  const world = createWorld()
  const { session } = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
  return { world, session, router: create(session) }
}

for (const [name, create] of Object.entries(routers)) {
  test(`${name} lets in who is signed in, and leaves the page at the end of the session`, async () => {
    const { world, session, router } = await begin(create)
    await router.go('/private?tab=2')
    expect([router.path(), router.loaded]).toEqual(['/private?tab=2', ['/private']])
    await world.until(session.signOut())
    await expect.poll(() => returnTo(router)).toBe('/private?tab=2')
    expect(router.loaded).toEqual(['/private'])
  })

  test(`${name} lets in nobody who is not signed in, and knows where they wanted to go`, async () => {
    const { world, session, router } = await begin(create)
    await world.until(session.signOut())
    await router.go('/private?tab=2')
    expect([returnTo(router), router.loaded]).toEqual(['/private?tab=2', []])
  })

  test(`${name} lets nobody in after the end, also before a timer has noticed it`, async () => {
    const { world, router } = await begin(create)
    await router.go('/private')
    world.sleep('8h')
    await router.go('/other')
    await expect.poll(() => returnTo(router)).toMatch(/^.(private|other)$/)
    expect(router.loaded).toEqual(['/private'])
  })

  test(`${name} stays on a page that needs nobody signed in`, async () => {
    const { world, session, router } = await begin(create)
    await router.go('/')
    await world.until(session.signOut())
    await router.go('/')
    expect(router.path()).toBe('/')
  })
}
