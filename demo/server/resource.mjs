import { sendJson } from './http.mjs'

/** RFC 6750 §3: says what is wrong with the token, and nothing about the tokens that would be right. */
const refuse = (res, error) =>
  sendJson(
    res,
    401,
    { error: error ?? 'missing_token' },
    {
      'WWW-Authenticate': error ? `Bearer realm="demo", error="${error}"` : 'Bearer realm="demo"',
    },
  )

/**
 * The protected resource: who is asking? Access tokens are opaque, so the provider is asked whether one lives,
 * which makes a revocation felt at once.
 *
 * @param {import('oidc-provider').Provider} provider
 * @param {ReturnType<typeof import('./accounts.mjs').createAccounts>} accounts
 * @returns {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>}
 */
export function createResource(provider, accounts) {
  return async (req, res) => {
    const value = /^Bearer ([\w.~+/-]+=*)$/i.exec(req.headers.authorization ?? '')?.[1]
    if (!value) return refuse(res)
    const token = await provider.AccessToken.find(value)
    const grant = token?.isValid && (await provider.Grant.find(token.grantId))
    if (!grant || grant.isExpired || !token.scopes.has('openid')) return refuse(res, 'invalid_token')
    sendJson(res, 200, {
      name: accounts.nameOf(token.accountId),
      tokenExpiresIn: token.remainingTTL,
      servedAt: new Date().toISOString(),
    })
  }
}
