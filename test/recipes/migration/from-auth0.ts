import type { TokenSession } from '../../../src/index.js'

/** What auth0-spa-js keeps with `cacheLocation: 'localstorage'` and `useRefreshTokens: true`: one entry with the ID token, and others. */
interface Entry {
  readonly id_token?: string
  readonly body?: { readonly access_token: string; readonly refresh_token?: string }
  /** In seconds since 1970. */
  readonly expiresAt?: number
}

/**
 * On the day of the migration: who is signed in by auth0-spa-js stays signed in. Call it once at the start of the page, before
 * anything else. It removes what auth0-spa-js has stored.
 */
export const takeOver = async (session: TokenSession, clientId: string): Promise<void> => {
  // All tabs of a window that is restored start at once: one of them hands the tokens over.
  await navigator.locks.request('migration', async () => {
    await session.ready
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(`@@auth0spajs@@::${clientId}::`))
    const entries = keys.map((key) => JSON.parse(localStorage.getItem(key) ?? '{}') as Entry)
    const idToken = entries.find((entry) => entry.id_token)?.id_token
    for (const { body, expiresAt = 0 } of entries) {
      if (!body?.refresh_token || session.check().phase !== 'signedOut') continue
      const expires_in = Math.max(0, expiresAt - Date.now() / 1000)
      await session.signIn({ ...body, expires_in, ...(idToken && { id_token: idToken }) })
    }
    for (const key of keys) localStorage.removeItem(key)
  })
}
