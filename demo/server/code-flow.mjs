import * as oauth from 'oauth4webapi'

/**
 * A login by a backend: authorization code with PKCE (RFC 7636). The backend keeps the state of a pending login where no script of
 * the page can read it.
 *
 * @param {{ issuer: string, clientId: string, redirectUri: string }} options
 */
export function createCodeFlow({ issuer, clientId, redirectUri }) {
  const server = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/token/revocation`,
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: ['ES256'],
  }
  const client = { client_id: clientId }
  // The library requires TLS, which localhost does not have.
  const insecure = { [oauth.allowInsecureRequests]: true }

  return {
    /** @returns {Promise<{ url: string, pending: string }>} where to send the browser, and what to keep until it is back */
    async begin() {
      const state = oauth.generateRandomState()
      const verifier = oauth.generateRandomCodeVerifier()
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid',
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { url: `${server.authorization_endpoint}?${query}`, pending: `${state}.${verifier}` }
    },

    /**
     * Rejects if the login was cancelled, or is not the one that this browser has begun.
     *
     * @param {URL} url that the browser came back to
     * @param {string} pending
     */
    async finish(url, pending) {
      const [state, verifier] = pending.split('.')
      const parameters = oauth.validateAuthResponse(server, client, url, state)
      const none = oauth.None()
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        none,
        parameters,
        redirectUri,
        verifier,
        insecure,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true })
      const { sub, sid, name, sign_in: signIn } = oauth.getValidatedIdTokenClaims(tokens)
      return { tokens, sub, sid, name, signIn }
    },

    /** @param {string} refreshToken @returns {Promise<Response>} as the provider gave it */
    refresh: (refreshToken) => oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, insecure),

    /** @param {string} token */
    revoke: (token) => oauth.revocationRequest(server, client, oauth.None(), token, insecure),
  }
}
