import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import express from 'express'
import session from 'express-session'

import { createCart } from './cart.mjs'
import { createEventStream } from './events.mjs'
import { cookieOf } from './http.mjs'
import { createLogoutTokens, LogoutTokenError } from './logout-token.mjs'

/** Where the backend is mounted. */
export const COOKIE = '/cookie'

/** The path for the provider's logout tokens. */
export const BACKCHANNEL = `${COOKIE}/backchannel-logout`

/** The cookie that holds state and verifier between `/login` and `/callback`. */
const PENDING = 'pending'
const PENDING_FOR = 10 * 60 * 1000

/**
 * A backend for frontend on Express and express-session. It keeps the session, the browser has a cookie that no script can read, and
 * no token ever reaches the page. The server enforces both limits, whatever the page shows:
 *
 * - idle: `rolling` with a `maxAge` moves the end with each request, of the cookie and of what is stored;
 * - absolute: counted from the login, and never moved.
 *
 * | request                      | what it does                                                              | extends  |
 * | ---------------------------- | ------------------------------------------------------------------------- | -------- |
 * | GET /login, /callback        | the login                                                                 |          |
 * | GET /me                      | who is signed in, and the time left                                       | yes      |
 * | GET /session                 | the time left                                                             | no       |
 * | POST /alive                  | the user is active                                                        | yes      |
 * | POST /logout                 | ends this session                                                         |          |
 * | POST /logout-everywhere      | ends every session of this user, on all devices                           |          |
 * | GET /events                  | server-sent events: `verify`, `cart` (events.mjs)                         | no       |
 * | GET /cart                    | `{ items }`                                                               | no       |
 * | POST /cart `{ "item": "…" }` | adds to it, and answers the same; 409 where it is full                    | yes      |
 * | DELETE /cart                 | empties it, and answers the same                                          | yes      |
 * | POST /backchannel-logout     | by the provider: ends what the logout token names                         |          |
 *
 * A visitor who has not signed in can have a cart as well, in an anonymous session. A login takes it over. All other paths answer 401.
 * A session is written once, when it begins. Later requests only move its expiry, which cannot bring back a session that another
 * request, or another process, has ended meanwhile.
 *
 * Beside the session's cookie the server sets a companion: no secret, readable by scripts, set anew at each sign-in and removed at each
 * sign-out. Pages watch it (`sojourn/companion`), on other subdomains too if it has a `domain`.
 *
 * @param {object} parts
 * @param {readonly string[]} parts.origins of the pages
 * @param {string} parts.issuer
 * @param {string} parts.clientId
 * @param {(origin: string) => ReturnType<typeof import('./code-flow.mjs').createCodeFlow>} parts.flowFor pages of an origin
 * @param {import('./sessions.mjs').Sessions} parts.sessions
 * @param {string} parts.secret of the cookie's signature, the same in all processes
 * @param {number} parts.idleTimeout seconds
 * @param {number} parts.absoluteTimeout seconds
 * @param {{ name: string, domain?: string | undefined }} parts.companion its cookie. `domain` is the session's cookie's as well
 * @param {number} parts.number of this process, from 1: the response header `X-Process` has it
 * @returns {import('node:http').RequestListener}
 */
export function createCookieBackend({
  origins,
  issuer,
  clientId,
  flowFor,
  sessions,
  secret,
  idleTimeout,
  absoluteTimeout,
  companion,
  number,
}) {
  const { store } = sessions
  const domain = companion.domain ? { domain: companion.domain } : {}
  const place = { path: COOKIE, ...domain }
  const options = {
    name: 'sid',
    secret,
    resave: false,
    saveUninitialized: false,
    // In production add `secure: true` and the name `__Host-sid` (which requires the path `/`); not every browser takes them on
    // http://localhost. A `Strict` cookie would be missing after the redirect of a login on another site.
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: idleTimeout * 1000, ...place },
  }
  const using = session({ ...options, store, rolling: true })
  // express-session touches whatever it has read, rolling or not. Whoever only looks gets a store that cannot be written.
  const ignore = (_id, _session, done) => done?.()
  const looking = session({ ...options, store: Object.assign(Object.create(store), { set: ignore, touch: ignore }) })

  const shown = { path: '/', sameSite: 'lax', ...domain }
  const removeCookies = (res) => res.clearCookie(options.name, place).clearCookie(companion.name, shown)
  /**
   * Keeps the session's cookie: a late response to an old session must not remove the cookie of a new one. If it removes the companion,
   * pages of the new session send one check too many.
   */
  const refuse = (res) => res.clearCookie(companion.name, shown).status(401).json({ error: 'session_over' })
  const destroy = (req) => promisify(req.session.destroy).call(req.session)

  /** 401 unless a user is signed in, within both limits. */
  const required = async (req, res, next) => {
    const { user, startedAt } = req.session
    if (user && Date.now() < startedAt + absoluteTimeout * 1000) return next()
    if (user) await destroy(req)
    refuse(res)
  }

  /**
   * As `required`, but a request without a session passes too. A request with the cookie of a session that is over does not: the item
   * would go into an anonymous cart, and the next login would give it to another user.
   */
  const visitor = (req, res, next) => {
    const isNew = !req.session.user && !req.session.isAnonymous
    return req.session.isAnonymous || (isNew && !cookieOf(req, options.name)) ? next() : required(req, res, next)
  }

  /** What `cookieSession` reads: seconds, by this clock. @param {number} idleLeft ms */
  const times = ({ session: { startedAt } }, idleLeft) => ({
    idleExpiresIn: Math.floor(idleLeft / 1000),
    absoluteExpiresIn: Math.floor((startedAt - Date.now()) / 1000 + absoluteTimeout),
  })

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((_req, res, next) => {
    res.set({ 'Cache-Control': 'no-store', 'X-Process': String(number) })
    next()
  })

  const logoutTokenOf = createLogoutTokens({
    issuer,
    clientId,
    jwksUri: new URL(`${issuer}/jwks`),
    isFirst: sessions.isFirst,
  })
  // The provider sends neither a cookie nor the header; the token's signature replaces both.
  app.post('/backchannel-logout', express.urlencoded({ extended: false, limit: '16kb' }), async (req, res) => {
    const named = await logoutTokenOf(req.body?.logout_token)
    // A sign-in of this login that is not finished yet is refused at `/callback`.
    if (named.sid) await sessions.refuseLogin(named.sid)
    await sessions.end(await sessions.find(named))
    res.status(204).end()
  })

  app.use((req, res, next) => {
    // No form and no foreign page can send this header (OWASP CSRF Prevention Cheat Sheet).
    const isSafe = req.method === 'GET' || req.method === 'HEAD'
    if (!isSafe && !req.get('X-Requested-With')) return res.status(403).json({ error: 'header_missing' })
    next()
  })

  /** The page's origin. The header is only compared with the known ones. */
  const originOf = (req) => origins.find((origin) => new URL(origin).host === req.headers.host) ?? origins[0]
  const pendingCookie = { httpOnly: true, sameSite: 'lax', path: COOKIE }

  app.get('/login', async (req, res) => {
    const { url, pending } = await flowFor(originOf(req)).begin()
    // Not in the session: a session that exists stays as it is until the login is done.
    res.cookie(PENDING, pending, { ...pendingCookie, maxAge: PENDING_FOR }).redirect(303, url)
  })

  app.get('/callback', using, async (req, res) => {
    const origin = originOf(req)
    const done = await flowFor(origin)
      .finish(new URL(req.originalUrl, origin), cookieOf(req, PENDING) ?? '')
      .catch(() => null)
    res.clearCookie(PENDING, pendingCookie)
    if (!done) return res.redirect(303, '/tab.html')
    const cart = req.session.isAnonymous ? await sessions.takeCart(req.sessionID) : []
    // A new id, because an attacker may know the old one (OWASP, session fixation). What was kept under the old id is deleted: the cart of
    // one user never goes to the next.
    await promisify(req.session.regenerate).call(req.session)
    // `login` is new each time, so that the page may call signIn() on each load.
    const user = { name: done.name, signIn: done.signIn, login: randomBytes(8).toString('base64url') }
    Object.assign(req.session, { user, sub: done.sub, startedAt: Date.now() })
    await promisify(req.session.save).call(req.session)
    if (!(await sessions.own(req.sessionID, { sub: done.sub, sid: done.sid }))) {
      await destroy(req)
      removeCookies(res)
      return res.redirect(303, '/tab.html')
    }
    if (cart.length > 0) await sessions.addToCart(req.sessionID, cart)
    res.cookie(companion.name, user.login, { ...shown, maxAge: absoluteTimeout * 1000 }).redirect(303, '/tab.html')
  })

  app.get('/me', using, required, (req, res) => res.json({ ...req.session.user, ...times(req, idleTimeout * 1000) }))
  app.get('/session', looking, required, async (req, res) => {
    const left = await sessions.timeLeft(req.sessionID)
    if (left !== null) return res.json(times(req, left.idle))
    refuse(res)
  })
  app.post('/alive', using, required, (req, res) => res.json(times(req, idleTimeout * 1000)))
  app.post('/logout', using, async (req, res) => {
    await destroy(req)
    removeCookies(res)
    res.status(204).end()
  })
  app.post('/logout-everywhere', using, required, async (req, res) => {
    const all = await sessions.find({ sub: req.session.sub })
    await sessions.end(all.filter((id) => id !== req.sessionID))
    await destroy(req)
    removeCookies(res)
    res.status(204).end()
  })

  app.get('/events', looking, required, createEventStream(sessions))

  app.use('/cart', createCart({ sessions, using, looking, visitor }))

  // Express recognizes an error handler by its four parameters.
  app.use((error, _req, res, next) => {
    if (res.headersSent) return next(error)
    if (error instanceof LogoutTokenError)
      return res.status(400).json({ error: 'invalid_request', error_description: error.message })
    if (error.status >= 400 && error.status < 500) return res.status(error.status).json({ error: 'bad_request' })
    // Not 401, which would end the session in all tabs: the session may still exist.
    res.status(503).json({ error: 'temporarily_unavailable' })
  })

  return express().disable('x-powered-by').use(COOKIE, app)
}
