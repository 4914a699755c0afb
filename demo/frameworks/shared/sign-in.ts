/** Authorization code with PKCE (RFC 7636) by oauth4webapi. Any login library will do: Sojourn begins where the tokens are. */
import * as oauth from 'oauth4webapi'
import type { TokenResponse } from 'sojourn'

export const issuer = `${location.origin}/oidc`
export const clientId = 'sojourn-demo'

const client: oauth.Client = { client_id: clientId }
/** Where the application lies, which is also where the provider sends the browser back to. */
const redirectUri = location.origin + location.pathname
/** State and verifier of a sign-in that is on its way rest in this tab only, and only until it is back. */
const PENDING = 'frameworks:sign-in'
// On localhost there is no TLS, which the library otherwise rightly insists on.
const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure))
}

/** Leaves for the provider's login page. */
export async function beginSignIn(): Promise<void> {
  const { authorization_endpoint: endpoint = '' } = await discover()
  const state = oauth.generateRandomState()
  const verifier = oauth.generateRandomCodeVerifier()
  sessionStorage.setItem(PENDING, JSON.stringify({ state, verifier }))
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  location.assign(`${endpoint}?${query.toString()}`)
}

/** The tokens, where the provider has just sent this page back with a code; null where it has not, or the user changed her mind. */
export async function finishSignIn(): Promise<TokenResponse | null> {
  const address = new URL(location.href)
  const pending = sessionStorage.getItem(PENDING)
  if (pending === null || !address.searchParams.has('state')) return null
  // Good for one try, and for no history, log or bookmark.
  sessionStorage.removeItem(PENDING)
  history.replaceState(null, '', redirectUri)
  if (address.searchParams.get('error') === 'access_denied') return null

  const { state, verifier } = JSON.parse(pending) as { state: string; verifier: string }
  const server = await discover()
  const answer = oauth.validateAuthResponse(server, client, address, state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    answer,
    redirectUri,
    verifier,
    insecure,
  )
  return { ...(await oauth.processAuthorizationCodeResponse(server, client, response)) }
}
