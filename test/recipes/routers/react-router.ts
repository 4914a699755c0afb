import { redirect, type DataRouter, type MiddlewareFunction } from 'react-router'
import type { Session } from '../../../src/index.js'

/** For the routes that need somebody signed in: `{ middleware: [signedIn(session)], children: [ … ] }`. */
export const signedIn =
  (session: Session): MiddlewareFunction =>
  async ({ request }) => {
    await session.ready
    // `check()` looks at the clock: nobody gets in after the end, before any timer has noticed it.
    if (session.check().phase !== 'signedOut') return
    const { pathname, search } = new URL(request.url)
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- this is how a middleware ends a navigation
    throw redirect(`/login?${new URLSearchParams({ returnTo: pathname + search }).toString()}`)
  }

/** The page that is open follows the session: the guard is asked again at each end, and at a change of the user. */
export function followSession(router: DataRouter, session: Session): void {
  session.on('signedOut', () => void router.revalidate())
  session.on('switched', () => void router.revalidate())
}
