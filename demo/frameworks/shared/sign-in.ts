/** Authorization code with PKCE (RFC 7636) by oauth4webapi. Any other login library works too: Sojourn takes over the tokens. */
import * as oauth from 'oauth4webapi'
import type { TokenResponse } from 'sojourn'

export const issuer = `${location.origin}/oidc`
export const clientId = 'sojourn-demo'

const client: oauth.Client = { client_id: clientId }
/** The URL of the application, to which the provider also redirects the browser. */
const redirectUri = location.origin + location.pathname
/** The state and verifier of a sign-in stay in this tab, until the provider has redirected back. */
const PENDING = 'frameworks:sign-in'
// The library requires TLS, which localhost does not have.
const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure))
}

/** Navigates to the provider's login page. */
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

/** The tokens, if the provider has just redirected to this page with a code; null if not, or if the user cancelled. */
export async function finishSignIn(): Promise<TokenResponse | null> {
  const address = new URL(location.href)
  const pending = sessionStorage.getItem(PENDING)
  if (pending === null || !address.searchParams.has('state')) return null
  // The code is valid once, and must not stay in the history, a log or a bookmark.
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
