import { sendJson } from './http.mjs'

/**
 * The protected resource, which returns the user of an access token, and the sign-out on all devices for pages that have one.
 *
 * @param {object} parts
 * @param {ReturnType<typeof import('./access.mjs').createAccess>} parts.access
 * @param {ReturnType<typeof import('./accounts.mjs').createAccounts>} parts.accounts
 * @param {(sub: string) => Promise<number>} parts.logOut ends every login of a user
 * @param {(sub: string) => void} parts.tell lets the pages of a user ask whether their session still lives
 */
export function createResource({ access, accounts, logOut, tell }) {
  return {
    /** GET /api/me @type {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>} */
    async me(req, res) {
      const { token } = (await access.of(req, res)) ?? {}
      if (!token) return
      sendJson(res, 200, {
        name: accounts.nameOf(token.accountId),
        tokenExpiresIn: token.remainingTTL,
        servedAt: new Date().toISOString(),
      })
    },
    /** POST /api/logout-everywhere @type {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>} */
    async logOutEverywhere(req, res) {
      const { token } = (await access.of(req, res)) ?? {}
      if (!token) return
      await logOut(token.accountId)
      res.writeHead(204, { 'Cache-Control': 'no-store' }).end()
      // After the response: the page that asked signs itself out, and need not ask.
      tell(token.accountId)
    },
  }
}
