import { createBrowserRouter, redirect, type MiddlewareFunction } from 'react-router'
import { Home } from './pages/Home'
import { Login } from './pages/Login'
import { loadOrders, Orders, Problem } from './pages/Orders'
import { Layout } from './Layout'
import { session } from './session'

/** Runs before the loaders of all routes below it. */
const signedIn: MiddlewareFunction = async ({ request }) => {
  await session.ready
  // `check()` looks at the clock: nobody gets in after the end, before any timer has noticed it.
  if (session.check().phase !== 'signedOut') return
  const { pathname, search } = new URL(request.url)
  throw redirect(`/login?${new URLSearchParams({ returnTo: pathname + search })}`)
}

export function createRouter() {
  const router = createBrowserRouter([
    {
      Component: Layout,
      HydrateFallback: () => null,
      children: [
        { index: true, Component: Home },
        { path: 'login', Component: Login },
        {
          middleware: [signedIn],
          children: [{ path: 'orders', loader: loadOrders, Component: Orders, ErrorBoundary: Problem }],
        },
      ],
    },
  ])
  // The guard is asked again for the page that is open, in every tab.
  session.on('signedOut', () => void router.revalidate())
  return router
}
