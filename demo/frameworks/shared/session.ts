import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'
import { issuer, clientId } from './sign-in'

/**
 * The one session of this page. All tabs that have the same name and origin share it, whatever framework they are made with:
 * sign out in one of these applications, and look at another.
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

/** Who the server thinks is asking. */
export async function askName(): Promise<string> {
  const response = await api('/api/me')
  const { name } = (await response.json()) as { name?: string }
  return name ?? `The server answered ${String(response.status)}`
}
