import { createAuth0Client } from '@auth0/auth0-spa-js'

const KEY = '@@auth0spajs@@::app::default::openid profile email offline_access'
const options = {
  domain: location.origin,
  clientId: 'app',
  useRefreshTokens: true,
  cacheLocation: 'localstorage',
  authorizationParams: { redirect_uri: location.origin, scope: 'openid profile email offline_access' },
}
const client = await createAuth0Client(options)

window.peer = {
  seed(tokens, claims) {
    const decodedToken = { encoded: { header: '', payload: '', signature: '' }, header: {}, claims, user: claims }
    const body = {
      ...tokens,
      expires_in: 1,
      decodedToken,
      audience: 'default',
      scope: options.authorizationParams.scope,
      client_id: 'app',
    }
    localStorage.setItem(KEY, JSON.stringify({ body, expiresAt: Math.floor(Date.now() / 1000) - 1 }))
    localStorage.setItem('@@auth0spajs@@::app::@@user@@', JSON.stringify({ id_token: tokens.id_token, decodedToken }))
  },
  token: () => client.getTokenSilently(),
  signOut: () => client.logout({ openUrl: false }),
  isSignedIn: () => client.isAuthenticated(),
}
