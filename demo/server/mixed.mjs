import { randomBytes } from 'node:crypto'

import { cookieOf, sendJson, sendText } from './http.mjs'

/** Where the backend is mounted. */
export const MIXED = '/mixed'

/**
 * A backend that mediates tokens: the page gets access tokens and keeps them in memory, the refresh token stays in an HttpOnly
 * cookie that browsers send to these paths only (RFC 10017, "Token-Mediating Backend"). The backend stores nothing.
 *
 * @param {{ origin: string, flow: ReturnType<typeof import('./code-flow.mjs').createCodeFlow> }} parts
 * @returns {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>}
 */
export function createMixedBackend({ origin, flow }) {
  const DAY = 24 * 60 * 60
  // In production add `Secure` and the prefix `__Host-Http-`; not every browser takes them on http://localhost.
  const hidden = (name, value, age, sameSite = 'Strict') =>
    `${name}=${value}; Path=${MIXED}; Max-Age=${age}; HttpOnly; SameSite=${sameSite}`
  /** The part of the login that the page may read. It is no secret, so it is not HttpOnly. */
  const shown = (value, age = DAY) =>
    `who=${encodeURIComponent(JSON.stringify(value))}; Path=/; Max-Age=${age}; SameSite=Strict`

  const redirect = (res, location, cookies) => {
    res.writeHead(303, { Location: location, 'Set-Cookie': cookies, 'Cache-Control': 'no-store' })
    res.end()
  }

  const actions = {
    async 'GET /login'(_req, res) {
      const { url, pending } = await flow.begin()
      // Lax, because the provider may redirect from another site.
      redirect(res, url, [hidden('login', pending, 600, 'Lax')])
    },

    async 'GET /callback'(req, res) {
      const done = await flow.finish(new URL(req.url, origin), cookieOf(req, 'login') ?? '').catch(() => null)
      if (!done) return redirect(res, '/tab.html', [hidden('login', '', 0)])
      const { tokens, name, signIn } = done
      // New for each login, so that the page may call signIn() on each load.
      const login = randomBytes(8).toString('base64url')
      redirect(res, '/tab.html', [
        hidden('rt', tokens.refresh_token, DAY),
        hidden('login', '', 0),
        shown({ name, signIn, login }),
      ])
    },

    async 'POST /token'(req, res) {
      const spent = cookieOf(req, 'rt')
      if (!spent) return sendJson(res, 401, { error: 'no_session' })
      const answer = await flow.refresh(spent)
      const body = await answer.json().catch(() => ({}))
      if (body.error === 'invalid_grant') {
        return sendJson(res, 401, { error: 'session_over' }, { 'Set-Cookie': [hidden('rt', '', 0), shown(null, 0)] })
      }
      if (!answer.ok) {
        const retryAfter = answer.headers.get('retry-after')
        return sendJson(res, answer.status, { error: 'try_again' }, retryAfter ? { 'Retry-After': retryAfter } : {})
      }
      const { access_token, token_type, expires_in, refresh_token } = body
      sendJson(res, 200, { access_token, token_type, expires_in }, { 'Set-Cookie': [hidden('rt', refresh_token, DAY)] })
    },

    async 'POST /logout'(req, res) {
      const token = cookieOf(req, 'rt')
      // The cookie is removed first: the provider's response makes no difference to the browser.
      res.writeHead(204, { 'Set-Cookie': [hidden('rt', '', 0), shown(null, 0)] })
      res.end()
      if (token) await flow.revoke(token).catch(() => {})
    },
  }

  return async (req, res) => {
    const { pathname } = new URL(req.url, origin)
    const action = actions[`${req.method} ${pathname.slice(MIXED.length)}`]
    if (!action) return sendText(res, 404, 'Not found')
    // No form and no page of another origin can send this header (OWASP CSRF Prevention Cheat Sheet).
    if (req.method === 'POST' && !req.headers['x-requested-with'])
      return sendText(res, 403, 'X-Requested-With is missing')
    return action(req, res)
  }
}
