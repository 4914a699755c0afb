import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'
import { issuer, clientId } from './sign-in'

/**
 * The session of this page. All tabs with the same name and origin share it, whatever their framework: sign out in one of these
 * applications, and watch another.
 */
export const session = createSession({
  name: 'frameworks',
  idleTimeout: '60s',
  warnBefore: '20s',
  tokenStore: idbTokens(),
  server: oauth({ tokenEndpoint: `${issuer}/token`, revocationEndpoint: `${issuer}/token/revocation`, clientId }),
})

/** `fetch` with the session's access token, for this origin. */
export const api = createFetch(session)

/** The user, as the server knows them by the access token. */
export async function askName(): Promise<string> {
  const response = await api('/api/me')
  const { name } = (await response.json()) as { name?: string }
  return name ?? `The server answered ${String(response.status)}`
}
