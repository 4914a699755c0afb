import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'

import { createMemoryStore } from './memory-store.mjs'

/** The number of logins that are remembered for a logout; a demo that runs for weeks must not grow. */
const REMEMBERED = 10_000

/** The path of the provider; its endpoints are below it. */
export const MOUNT = '/oidc'
export const CLIENT_ID = 'sojourn-demo'
/** The client of the same page with bound tokens: it gets no bearer tokens (RFC 9449 §5.2). */
export const DPOP_CLIENT_ID = 'sojourn-demo-dpop'
/** The client of the backends, which sign in for the page. */
export const BACKEND_CLIENT_ID = 'sojourn-demo-backend'

const DAY = 24 * 60 * 60

/**
 * A label for the sign-in of a grant that the page may show. The grant's own id stays on the server.
 *
 * @param {string | undefined} grantId
 */
const labelOf = (grantId) => grantId && createHash('sha256').update(grantId).digest('hex').slice(0, 8)

/** A public client with code, PKCE and refresh tokens. */
const client = (id, redirectUris) => ({
  client_id: id,
  client_name: 'Sojourn demo',
  application_type: 'web',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [...redirectUris],
  id_token_signed_response_alg: 'ES256',
})

/**
 * When it is imported, oidc-provider prints that it needs Node 22. The demo is tested on Node 20 as well, so the line is suppressed.
 */
async function importProvider() {
  const { warn } = console
  console.warn = (...args) => String(args[0]).includes('Unsupported runtime') || warn(...args)
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

/**
 * A real OpenID provider with the rules for a browser client: code with PKCE, no client secret, rotation, and reuse detection that
 * revokes the whole grant (RFC 9700 §4.14.2).
 *
 * @param {object} options
 * @param {string} options.origin
 * @param {readonly string[]} options.redirectUris of pages
 * @param {readonly string[]} options.backendRedirectUris of backends
 * @param {string} options.backchannelLogoutUri of the backend that has sessions
 * @param {boolean} options.keepsSessions whether the provider remembers its users, and can log them out (RP-Initiated Logout)
 * @param {readonly string[]} options.resources APIs that get access tokens of their own (RFC 8707)
 * @param {number} options.accessTokenTtl seconds
 * @param {number} options.refreshTokenTtl seconds, from the sign-in on: rotation does not prolong it
 * @param {ReturnType<typeof import('./accounts.mjs').createAccounts>} options.accounts
 * @param {ReturnType<typeof import('./counters.mjs').createCounters>} options.counters
 * @param {(ctx: any, error: { error: string, error_description?: string }) => void} options.renderError
 */
export async function createProvider({
  origin,
  redirectUris,
  backendRedirectUris,
  backchannelLogoutUri,
  keepsSessions,
  resources,
  accessTokenTtl,
  refreshTokenTtl,
  accounts,
  counters,
  renderError,
}) {
  const { errors, Provider } = await importProvider()
  const origins = new Set([origin, ...redirectUris.map((uri) => new URL(uri).origin)])
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

  const provider = new Provider(origin + MOUNT, {
    adapter: createMemoryStore(),
    clients: [
      { ...client(CLIENT_ID, redirectUris), post_logout_redirect_uris: [...redirectUris] },
      { ...client(DPOP_CLIENT_ID, redirectUris), dpop_bound_access_tokens: true },
      {
        ...client(BACKEND_CLIENT_ID, backendRedirectUris),
        backchannel_logout_uri: backchannelLogoutUri,
        // The ID token and the logout token name the login, so that one login can end without the user's others.
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [{ ...signingKey, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    responseTypes: ['code'],
    scopes: ['openid'],
    claims: { openid: ['sub', 'name', 'sign_in'] },
    // The ID token has the name, so that the page needs no further request for it.
    conformIdTokenClaims: false,
    // No tolerance: 30 seconds are 30 seconds.
    clockTolerance: 0,
    // By default the provider sends no request to a loopback address. The whole demo is on one, and the URL is the demo's own.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined }),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      // Every proof needs a nonce, which limits how long a stolen proof is valid (RFC 9449 §8).
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      // A server that keeps connections open asks until when a token is valid (RFC 7662).
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: keepsSessions,
        logoutSource(ctx, form) {
          ctx.body = `<!doctype html><html lang="en"><title>Sign out</title>${form}
            <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out here as well</button></html>`
        },
      },
      resourceIndicators: {
        enabled: resources.length > 0,
        // A token for no API in particular is for the provider's own endpoints.
        defaultResource: () => undefined,
        getResourceServerInfo(_ctx, audience) {
          if (!resources.includes(audience)) throw new errors.InvalidTarget()
          return { scope: 'api', audience, accessTokenFormat: 'opaque', accessTokenTTL: accessTokenTtl }
        },
        useGrantedResource: () => false,
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    },
    clientBasedCORS: (_ctx, requestOrigin) => origins.has(requestOrigin),
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenTtl,
      AuthorizationCode: 60,
      IdToken: 3600,
      RefreshToken: (ctx) => ctx?.oidc?.entities.RotatedRefreshToken?.remainingTTL ?? refreshTokenTtl,
      Grant: 14 * DAY,
      Interaction: 3600,
      Session: 3600,
    },
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    findAccount: async (_ctx, sub, token) => {
      const name = accounts.nameOf(sub)
      if (!name) return undefined
      return { accountId: sub, claims: () => ({ sub, name, sign_in: labelOf(token?.grantId) }) }
    },
    // The user gives no consent, and each sign-in is a grant of its own, so that a revocation affects no other.
    async loadExistingGrant(ctx) {
      const { accountId } = ctx.oidc.session
      if (!accountId) return undefined
      const grant = new ctx.oidc.provider.Grant({ accountId, clientId: ctx.oidc.client.clientId })
      grant.addOIDCScope('openid')
      for (const resource of resources) grant.addResourceScope(resource, 'api')
      await grant.save()
      return grant
    },
    renderError: (ctx, out) => renderError(ctx, out),
  })

  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route === 'revocation' && ctx.status === 200) {
      const { RefreshToken, AccessToken } = ctx.oidc.entities
      counters.count('revocations', labelOf((RefreshToken ?? AccessToken)?.grantId))
    }
    // Without a session of its own after the code was sent, the provider shows the login page at each sign-in.
    if (!keepsSessions && ctx.oidc?.route === 'resume' && ctx.oidc.session?.accountId) await ctx.oidc.session.destroy()
  })

  /** The logins, by the grant's id. @type {Map<string, { sub: string, clientId: string, sid?: string }>} */
  const logins = new Map()
  provider.on('grant.success', (ctx) => {
    const { Grant, AuthorizationCode } = ctx.oidc.entities
    const kind = ctx.oidc.params.grant_type === 'refresh_token' ? 'refreshes' : 'signIns'
    counters.count(kind, labelOf(Grant?.jti))
    if (!AuthorizationCode) return
    const { accountId: sub, clientId, sid, grantId } = AuthorizationCode
    logins.set(grantId, { sub, clientId, sid })
    if (logins.size > REMEMBERED) logins.delete(logins.keys().next().value)
  })
  provider.on('grant.error', (ctx, error) => {
    const signIn = labelOf(ctx.oidc.entities.RefreshToken?.grantId)
    counters.count('refused', signIn)
    if (error.error_detail === 'refresh token already used') counters.count('reuse', signIn)
  })

  /** Revokes the tokens of a login, and sends a logout token to the client if it has an endpoint for them. */
  const logOut = async (grantId, { sub, clientId, sid }) => {
    logins.delete(grantId)
    const grant = await provider.Grant.find(grantId)
    for (const kind of [provider.RefreshToken, provider.AccessToken]) await kind.revokeByGrantId(grantId)
    await grant?.destroy()
    const client = await provider.Client.find(clientId)
    if (client?.backchannelLogoutUri) await client.backchannelLogout(sub, sid)
  }

  const callback = provider.callback()
  return {
    provider,
    /**
     * Ends every login of a user, as an administrator can: the next refresh of a page with tokens is refused, and backends get a logout
     * token at once (OpenID Connect Back-Channel Logout 1.0). Rejects if a backend could not be reached, after all others were.
     *
     * @param {string} sub
     * @returns {Promise<number>} the number of logins
     */
    async logOutUser(sub) {
      const own = [...logins].filter(([, login]) => login.sub === sub)
      const results = await Promise.allSettled(own.map((entry) => logOut(...entry)))
      for (const { reason } of results) if (reason) throw reason
      return own.length
    },
    /** Answers a request below `MOUNT`, and removes that from the path before the provider sees it. */
    handle(req, res) {
      req.originalUrl = req.url
      req.url = req.url.slice(MOUNT.length) || '/'
      return callback(req, res)
    },
  }
}
