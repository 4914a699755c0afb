import type { UserManager } from 'oidc-client-ts'
import type { TokenSession } from '../../../src/index.js'

/**
 * On the day of the migration: who is signed in by oidc-client-ts stays signed in. Call it once at the start of the page, without
 * `automaticSilentRenew`. It removes what oidc-client-ts has stored.
 */
export const takeOver = async (session: TokenSession, users: UserManager): Promise<void> => {
  // All tabs of a window that is restored start at once: one of them hands the tokens over.
  await navigator.locks.request('migration', async () => {
    await session.ready
    const user = await users.getUser()
    if (user?.refresh_token && session.check().phase === 'signedOut') {
      // `expires_in` is a getter, which a copy would leave out.
      // eslint-disable-next-line @typescript-eslint/no-misused-spread -- its methods are not wanted
      await session.signIn({ ...user, expires_in: Math.max(0, user.expires_in ?? 0) })
    }
    await users.removeUser()
  })
}
