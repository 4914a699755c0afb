import { redirect, type AnyRouter, type ParsedLocation } from '@tanstack/react-router'
import type { Session } from '../../../src/index.js'

/** For the routes that need somebody signed in: `beforeLoad: signedIn(session)`. */
export const signedIn =
  (session: Session) =>
  async ({ location }: { location: ParsedLocation }): Promise<void> => {
    await session.ready
    // `check()` looks at the clock: nobody gets in after the end, before any timer has noticed it.
    if (session.check().phase !== 'signedOut') return
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- this is how a redirect is made here
    throw redirect({ to: '/login', search: { returnTo: location.href } })
  }

/** The page that is open follows the session: the guard is asked again at each end, and at a change of the user. */
export function followSession(router: AnyRouter, session: Session): void {
  session.on('signedOut', () => void router.invalidate())
  session.on('switched', () => void router.invalidate())
}
