import type { TokenSession } from '../../../src/index.js'

/** An entry that auth0-spa-js keeps with `cacheLocation: 'localstorage'` and `useRefreshTokens: true`. */
interface Entry {
  readonly body?: { readonly access_token: string; readonly refresh_token?: string; readonly id_token?: string }
  /** In seconds since 1970. */
  readonly expiresAt?: number
}

/**
 * On the day of the migration: who is signed in by auth0-spa-js stays signed in. Call it once at the start of the page, before
 * anything else. It removes what auth0-spa-js has stored.
 */
export const takeOver = async (session: TokenSession): Promise<void> => {
  // All tabs of a window that is restored start at once: one of them hands the tokens over.
  await navigator.locks.request('migration', async () => {
    await session.ready
    const keys = Object.keys(localStorage).filter((key) => key.startsWith('@@auth0spajs@@'))
    for (const key of keys) {
      const { body, expiresAt = 0 } = JSON.parse(localStorage.getItem(key) ?? '{}') as Entry
      if (!body?.refresh_token || session.check().phase !== 'signedOut') continue
      await session.signIn({ ...body, expires_in: Math.max(0, expiresAt - Date.now() / 1000) })
    }
    for (const key of keys) localStorage.removeItem(key)
  })
}
