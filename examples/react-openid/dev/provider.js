// For development: an OpenID provider at /oidc, and an API at /api, inside Vite's own server. The example needs no account anywhere:
// every name signs in. When your own provider is in src/session.ts, remove this file and its line in vite.config.ts.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'

const page = (content) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
  <title>Provider</title><link rel="icon" href="data:,"><body style="font: 1rem system-ui; margin: 3rem">${content}`

const loginPage = page(`<h1>The provider</h1>
  <form method="post">
    <label>Your name <input name="name" required maxlength="40" autocomplete="off"></label>
    <button>Sign in</button>
    <button name="cancel" value="yes" formnovalidate>Cancel</button>
  </form>`)

/** @param {string} origin of the application */
function createProvider(origin) {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(`${origin}/oidc`, {
    clients: [
      {
        client_id: 'example',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${origin}/`],
        post_logout_redirect_uris: [`${origin}/`],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    responseTypes: ['code'],
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: 5 * 60,
      IdToken: 60 * 60,
      RefreshToken: 24 * 60 * 60,
      Session: 24 * 60 * 60,
      Grant: 24 * 60 * 60,
      Interaction: 60 * 60,
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub }) }),
    // Nobody is asked for consent.
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid profile offline_access')
      await grant.save()
      return grant
    },
    interactions: { url: (_ctx, { uid }) => `/oidc/login/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        // Nobody is asked whether they mean it.
        logoutSource(ctx, form) {
          ctx.body = page(`${form}<input type="hidden" name="logout" value="yes" form="op.logoutForm">
            <script>document.getElementById('op.logoutForm').submit()</script>`)
        },
      },
    },
  })
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/login/')) return next()
    await provider.interactionDetails(ctx.req, ctx.res)
    if (ctx.method !== 'POST') {
      ctx.body = loginPage
      return
    }
    let form = ''
    for await (const chunk of ctx.req) form += chunk
    const answer = new URLSearchParams(form)
    ctx.respond = false
    await provider.interactionFinished(
      ctx.req,
      ctx.res,
      answer.has('cancel') ? { error: 'access_denied' } : { login: { accountId: answer.get('name') } },
    )
  })
  return provider
}

/** What a real API does in its own way: look at the access token, and answer for its user. */
async function answerApi(provider, req, res) {
  const [, token = ''] = /^Bearer (.+)$/.exec(req.headers.authorization ?? '') ?? []
  const known = await provider.AccessToken.find(token)
  res.setHeader('content-type', 'application/json').setHeader('cache-control', 'no-store')
  if (!known) return res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}')
  res.end(JSON.stringify([`A kettle for ${known.accountId}`, `A lamp for ${known.accountId}`]))
}

/** @returns {import('vite').Plugin} */
export function developmentProvider() {
  let provider
  let answerOidc
  return {
    name: 'development-provider',
    apply: 'serve',
    configureServer({ middlewares }) {
      middlewares.use((req, res, next) => {
        // Only now is it known which port Vite has found.
        provider ??= createProvider(`http://${req.headers.host}`)
        answerOidc ??= provider.callback()
        // Where RFC 8414 puts the metadata, and where OpenID Connect does.
        if (req.url === '/.well-known/oauth-authorization-server/oidc')
          req.originalUrl = req.url = '/oidc/.well-known/openid-configuration'
        if (req.url.startsWith('/api/')) return answerApi(provider, req, res).catch(next)
        next()
      })
      middlewares.use('/oidc', (req, res) => answerOidc(req, res))
    },
  }
}
