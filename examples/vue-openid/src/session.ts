import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { decodeClaims, login } from 'sojourn/login'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

// The provider in dev/provider.js. For yours, change these two lines.
const issuer = `${location.origin}/oidc`
const clientId = 'example'

export const session = createSession({
  // Short, so that you can try it: the warning comes 20 s before the end. '15m' is more usual.
  idleTimeout: '1m',
  server: oauth({ issuer, clientId }),
  tokenStore: idbTokens(),
})

export const auth = login({ issuer, clientId, redirectUri: '/', scope: 'openid profile offline_access' })

/** `fetch` with the access token, for this origin alone. Name others in `origins`. */
export const api = createFetch(session)

/** For showing. What somebody may do, the server decides. */
export async function userName(): Promise<string> {
  const idToken = await session.getIdToken()
  return idToken ? String(decodeClaims(idToken)['name']) : ''
}
