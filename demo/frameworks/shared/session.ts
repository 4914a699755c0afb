import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { login } from 'sojourn/login'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

const issuer = `${location.origin}/oidc`
const clientId = 'sojourn-demo'

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

/** The login at the provider, which sends the user back to the page of the application. */
export const auth = login({ issuer, clientId, redirectUri: location.pathname })

/** Takes over the sign-in with which the provider has just sent the user back, if there is one. */
export async function finishSignIn(): Promise<void> {
  try {
    await auth.finish(session)
  } catch (error) {
    // The user has cancelled it at the provider.
    if ((error as Error).cause !== 'access_denied') throw error
  }
}

/** `fetch` with the session's access token, for this origin. */
export const api = createFetch(session)

/** The user, as the server knows them by the access token. */
export async function askName(): Promise<string> {
  const response = await api('/api/me')
  const { name } = (await response.json()) as { name?: string }
  return name ?? `The server answered ${String(response.status)}`
}
