import * as oauth from 'oauth4webapi'

import { changeMachine } from './machine.js'
import { server as chosen } from './servers.js'

const ISSUER = new URL('/oidc', location.origin)
const CLIENT = { client_id: chosen.client?.clientId }
const REDIRECT_URI = `${location.origin}/tab.html`

/** The state and verifier of a sign-in stay in this tab, until the provider has redirected back. */
const PENDING = 'demo:sign-in'

// The library requires TLS, which localhost does not have.
const insecure = { [oauth.allowInsecureRequests]: true }

async function discover() {
  return oauth.processDiscoveryResponse(ISSUER, await oauth.discoveryRequest(ISSUER, insecure))
}

/** Navigates to the provider's login page, for an authorization code with PKCE (RFC 7636), or to the backend, which does the same. */
export async function beginSignIn() {
  // The clock is set right first: the ID token's `iat` and `exp` (RFC 7519) have to be near the machine's time.
  changeMachine({ ahead: 0 })
  if (chosen.login) return location.assign(chosen.login)
  const server = await discover()
  const state = oauth.generateRandomState()
  const verifier = oauth.generateRandomCodeVerifier()
  sessionStorage.setItem(PENDING, JSON.stringify({ state, verifier }))

  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    client_id: CLIENT.client_id,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'openid',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  location.assign(url)
}

/**
 * Finishes a sign-in if the provider has just redirected to this page. The code is removed from the address at once, so that no
 * history, log or bookmark keeps it, and the stored verifier is removed with it: both are valid once.
 *
 * @returns {(() => Promise<{ tokens: object, name: string, signIn: string }>) | null} exchanges the code for tokens
 */
export function takeSignIn() {
  const address = new URL(location.href)
  const { searchParams: answer } = address
  if (!answer.has('code') && !answer.has('error')) return null

  history.replaceState(null, '', REDIRECT_URI)
  const pending = sessionStorage.getItem(PENDING)
  sessionStorage.removeItem(PENDING)

  return async () => {
    if (pending === null) throw new Error('This tab has not begun a sign-in')
    const { state, verifier } = JSON.parse(pending)
    const server = await discover()
    const parameters = oauth.validateAuthResponse(server, CLIENT, address, state)
    // The tokens are bound to the key that the session has prepared.
    const proofs = chosen.client.proofs
    const DPoP = proofs && oauth.DPoP(CLIENT, await proofs.prepare())
    const trade = async () => {
      const options = { ...insecure, ...(DPoP && { DPoP }) }
      const none = oauth.None()
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        CLIENT,
        none,
        parameters,
        REDIRECT_URI,
        verifier,
        options,
      )
      return oauth.processAuthorizationCodeResponse(server, CLIENT, response, { requireIdToken: true })
    }
    // The provider requires its nonce in the proof, and sends it with its first response.
    const tokens = await trade().catch((error) => (oauth.isDPoPNonceError(error) ? trade() : Promise.reject(error)))
    const { name, sign_in: signIn } = oauth.getValidatedIdTokenClaims(tokens)
    return { tokens, name, signIn }
  }
}
