// Pages, an API, and a session in a cookie that no script can read.

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import * as pages from './pages.js'

const port = Number(process.env.PORT ?? 3000)
const origin = `http://localhost:${port}`

const MINUTE = 60_000
// Longer than the page's by a third, because the page reports activity only once per third. The server has the last word.
const IDLE = 1.5 * MINUTE
const ABSOLUTE = 12 * 60 * MINUTE

/** By the id in the cookie. @type {Map<string, { name: string, login: string, startedAt: number, activeAt: number }>} */
const sessions = new Map()

const idOf = (req) => /(?:^|; )session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''

function sessionOf(req) {
  const session = sessions.get(idOf(req))
  if (!session) return null
  if (Date.now() < Math.min(session.activeAt + IDLE, session.startedAt + ABSOLUTE)) return session
  sessions.delete(idOf(req))
  return null
}

/** How much time is left, in seconds. */
const timesOf = ({ activeAt, startedAt }) => ({
  idleExpiresIn: Math.floor((activeAt + IDLE - Date.now()) / 1000),
  absoluteExpiresIn: Math.floor((startedAt + ABSOLUTE - Date.now()) / 1000),
})

/** An address of this site, whatever was asked for. */
function ownAddress(asked) {
  const url = URL.canParse(asked, origin) ? new URL(asked, origin) : null
  return url?.origin === origin ? url.href : `${origin}/`
}

async function formOf(req) {
  let text = ''
  for await (const chunk of req) {
    text += chunk
    if (text.length > 10_000) throw new Error('too long')
  }
  return new URLSearchParams(text)
}

const sendPage = (res, html) => res.setHeader('content-type', 'text/html; charset=utf-8').end(html)
const sendJson = (res, value) => res.setHeader('content-type', 'application/json').end(JSON.stringify(value))
const redirect = (res, to) => res.writeHead(303, { location: to }).end()

const file = (path, type) => (_req, res) => {
  res.setHeader('content-type', type)
  createReadStream(new URL(path, import.meta.url)).pipe(res)
}

/** For requests of scripts: 401 ends the session in all tabs. */
const whileSignedIn = (answer) => (req, res) => {
  const session = sessionOf(req)
  if (session) answer(res, session)
  else res.writeHead(401).end()
}

const routes = {
  'GET /'(req, res) {
    sendPage(res, pages.home(sessionOf(req)))
  },
  'GET /orders'(req, res) {
    const session = sessionOf(req)
    if (session) sendPage(res, pages.orders(session))
    else redirect(res, '/login?returnTo=/orders')
  },
  'GET /login'(req, res, { searchParams }) {
    const session = sessionOf(req)
    // With `why` the session has just ended in the page; that may not have arrived here.
    if (session && !searchParams.has('why')) redirect(res, ownAddress(searchParams.get('returnTo') ?? '/'))
    else sendPage(res, pages.login(session, searchParams.get('why')))
  },
  async 'POST /login'(req, res, { searchParams }) {
    const name = (await formOf(req)).get('name')?.trim().slice(0, 40)
    // Here every name is right. Yours checks a password, or a passkey.
    if (!name) return redirect(res, '/login')
    sessions.delete(idOf(req))
    const id = randomBytes(32).toString('base64url')
    const login = randomBytes(8).toString('base64url')
    sessions.set(id, { name, login, startedAt: Date.now(), activeAt: Date.now() })
    // With https: `__Host-session`, and `Secure`.
    res.setHeader('set-cookie', `session=${id}; Path=/; HttpOnly; SameSite=Lax`)
    redirect(res, ownAddress(searchParams.get('returnTo') ?? '/'))
  },
  // What `cookieSession` of public/app.js asks for.
  'GET /session': whileSignedIn((res, session) => sendJson(res, timesOf(session))),
  'POST /session/alive': whileSignedIn((res, session) => {
    session.activeAt = Date.now()
    sendJson(res, timesOf(session))
  }),
  'POST /logout'(req, res) {
    sessions.delete(idOf(req))
    res.writeHead(204, { 'set-cookie': 'session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0' }).end()
  },
  'GET /api/orders': whileSignedIn((res, { name }) => sendJson(res, [`A kettle for ${name}`, `A lamp for ${name}`])),
  'GET /app.js': file('public/app.js', 'text/javascript'),
  'GET /style.css': file('public/style.css', 'text/css'),
  // It explains errors in sentences. In production: sojourn.min.js.
  'GET /sojourn.js': file('node_modules/sojourn/dist/sojourn.dev.js', 'text/javascript'),
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

const server = createServer(async (req, res) => {
  res.setHeader('content-security-policy', POLICY).setHeader('cache-control', 'no-store')
  try {
    const url = new URL(req.url, origin)
    const route = routes[`${req.method} ${url.pathname}`]
    if (!route) res.writeHead(404).end('Not found')
    // Another site can send a form here, and the cookie with it.
    else if (req.method === 'POST' && req.headers.origin !== origin) res.writeHead(403).end('Not from here')
    else await route(req, res, url)
  } catch (error) {
    console.error(error)
    // Not 401: the session may be alive.
    res.writeHead(500).end()
  }
})
server.listen(port, 'localhost', () => console.log(`Open ${origin}`))
