import { createSession } from 'sojourn'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

const session = createSession({
  idleTimeout: false,
  absoluteTimeout: false,
  tokenStore: idbTokens(),
  server: oauth({ tokenEndpoint: '/token', clientId: 'app' }),
})

window.peer = {
  async seed(tokens) {
    await session.signIn({ ...tokens, expires_in: 1 })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
  },
  token: () => session.getAccessToken(),
  signOut: () => session.signOut(),
  isSignedIn: () => session.check().phase !== 'signedOut',
}
