import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import express from 'express'
import session from 'express-session'

/** Where the backend is mounted. */
export const COOKIE = '/cookie'

/**
 * A backend for frontend on Express and express-session. It keeps the session, the browser has a cookie that no script can read, and
 * no token ever reaches the page. The server enforces both limits, whatever the page shows:
 *
 * - idle: `rolling` with a `maxAge` moves the end with each request, of the cookie and of what is stored;
 * - absolute: counted from the login, and never moved.
 *
 * @param {object} parts
 * @param {string} parts.origin
 * @param {ReturnType<typeof import('./code-flow.mjs').createCodeFlow>} parts.flow
 * @param {number} parts.idleTimeout seconds
 * @param {number} parts.absoluteTimeout seconds
 */
export function createCookieBackend({ origin, flow, idleTimeout, absoluteTimeout }) {
  const store = new session.MemoryStore()
  const options = {
    name: 'sid',
    secret: randomBytes(32).toString('hex'),
    resave: false,
    saveUninitialized: false,
    // In production add `secure: true` and the name `__Host-sid` (which requires the path `/`); not every browser takes them on
    // http://localhost. A `Strict` cookie would be missing after the redirect of a login on another site.
    cookie: { httpOnly: true, sameSite: 'lax', path: COOKIE, maxAge: idleTimeout * 1000 },
  }
  const using = session({ ...options, store, rolling: true })
  // express-session touches whatever it has read, rolling or not. Whoever only looks gets a store that cannot be written.
  const ignore = (_id, _session, done) => done?.()
  const looking = session({ ...options, store: Object.assign(Object.create(store), { set: ignore, touch: ignore }) })

  /** 401 unless somebody is signed in within both limits. */
  const required = (req, res, next) => {
    const { user, startedAt } = req.session
    if (user && Date.now() < startedAt + absoluteTimeout * 1000) return next()
    req.session.destroy(() => res.status(401).json({ error: 'session_over' }))
  }

  /** What `cookieSession` reads: seconds, by this clock. */
  const times = ({ session: { cookie, startedAt } }) => ({
    idleExpiresIn: Math.floor(cookie.maxAge / 1000),
    absoluteExpiresIn: Math.floor((startedAt - Date.now()) / 1000 + absoluteTimeout),
  })

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((req, res, next) => {
    res.set('Cache-Control', 'no-store')
    // No form and no foreign page can send this header (OWASP CSRF Prevention Cheat Sheet).
    if (req.method === 'POST' && !req.get('X-Requested-With')) return res.status(403).json({ error: 'header_missing' })
    next()
  })

  app.get('/login', using, async (req, res) => {
    const { url, pending } = await flow.begin()
    req.session.pending = pending
    res.redirect(303, url)
  })

  app.get('/callback', using, async (req, res) => {
    const done = await flow.finish(new URL(req.originalUrl, origin), req.session.pending ?? '').catch(() => null)
    if (!done) return res.redirect(303, '/tab.html')
    // A new id, so that nobody is signed in under one that he brought along (OWASP, session fixation).
    await promisify(req.session.regenerate).call(req.session)
    // `login` is new each time, so that the page may call signIn() on each load.
    const user = { name: done.name, signIn: done.signIn, login: randomBytes(8).toString('base64url') }
    Object.assign(req.session, { user, startedAt: Date.now() })
    res.redirect(303, '/tab.html')
  })

  app.get('/me', using, required, (req, res) => res.json({ ...req.session.user, ...times(req) }))
  app.get('/session', looking, required, (req, res) => res.json(times(req)))
  app.post('/alive', using, required, (req, res) => {
    req.session.touch()
    res.json(times(req))
  })
  app.post('/logout', using, (req, res) => {
    req.session.destroy(() => res.clearCookie(options.name, { path: COOKIE }).status(204).end())
  })

  const mounted = express().disable('x-powered-by').use(COOKIE, app)
  return {
    handle: mounted,
    /** Ends every session, as an administrator may. */
    endAll: () => store.clear(),
  }
}
