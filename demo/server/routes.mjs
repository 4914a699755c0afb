import { COOKIE } from './cookie.mjs'
import { sendFile, importMap } from './files.mjs'
import { FAULTS } from './faults.mjs'
import { FEED } from './feed.mjs'
import { builtFrameworks, frameworkOf, sendFramework } from './frameworks.mjs'
import { renderPage, sendPage } from './html.mjs'
import { readBody, sendJson, sendText } from './http.mjs'
import { MIXED } from './mixed.mjs'
import { MOUNT } from './provider.mjs'

const PAGES = {
  '/': new URL('../index.html', import.meta.url),
  '/story.html': new URL('../story.html', import.meta.url),
  '/tab.html': new URL('../tab.html', import.meta.url),
  '/script-tag.html': new URL('../script-tag.html', import.meta.url),
}

/** The requests of the page's session to a backend: the demo's faults apply to them. */
const SESSION_CALLS = [`${COOKIE}/session`, `${COOKIE}/alive`]

/**
 * Sends each path to the part that answers it.
 *
 * @param {object} parts
 * @param {readonly string[]} parts.origins of the pages; the first is the provider's as well
 * @param {ReturnType<typeof import('./counters.mjs').createCounters>} parts.counters
 * @param {ReturnType<typeof import('./faults.mjs').createFaults>} parts.faults
 * @param {import('node:http').RequestListener} parts.provider
 * @param {import('node:http').RequestListener} parts.login
 * @param {ReturnType<typeof import('./resource.mjs').createResource>} parts.resource
 * @param {import('node:http').RequestListener} parts.feed
 * @param {import('node:http').RequestListener} parts.mixed
 * @param {import('node:http').RequestListener} parts.cookie
 * @param {(name: string) => Promise<number>} parts.logOutUser at the provider; resolves with how many logins there were
 * @param {() => { store: 'memory' | 'redis', processes: number, text: string }} parts.backend how the backend with a cookie runs
 * @returns {import('node:http').RequestListener}
 */
export function createRoutes({
  origins,
  counters,
  faults,
  provider,
  login,
  resource,
  feed,
  mixed,
  cookie,
  logOutUser,
  backend,
}) {
  const [origin] = origins
  const hosts = origins.map((each) => new URL(each).host)

  const token = (req, res) => {
    if (req.method === 'POST') counters.count('tokenCalls')
    return faults.pass(req, res, () => provider(req, res))
  }

  const setFault = ({ fault }, res) => {
    if (!faults.set(fault)) return sendJson(res, 400, { error: 'unknown_fault', faults: FAULTS })
    sendJson(res, 200, { fault })
  }
  const signOutAtProvider = async ({ name }, res) => {
    if (typeof name !== 'string') return sendJson(res, 400, { error: 'name_missing' })
    sendJson(res, 200, { ended: await logOutUser(name) })
  }
  /** The commands for the demo's servers. */
  const commands = { '/demo/faults': setFault, '/demo/sign-out': signOutAtProvider }
  const command = async (pathname, req, res) => {
    // A JSON body makes the browser send a preflight first, so no page of another origin can give commands.
    if (req.headers['content-type'] !== 'application/json') return sendText(res, 415, 'Send application/json')
    return commands[pathname](JSON.parse(await readBody(req)) ?? {}, res)
  }

  const route = async (req, res) => {
    const { pathname } = new URL(req.url, origin)
    // The provider's issuer, its cookies and the redirect URIs have the names in `hosts`; 127.0.0.1 would be another origin.
    if (!hosts.includes(req.headers.host)) {
      res.writeHead(308, { Location: origin + req.url })
      return res.end()
    }
    if (pathname === `${MOUNT}/token`) return token(req, res)
    if (pathname.startsWith(`${MOUNT}/`)) return provider(req, res)
    if (pathname.startsWith('/login/')) return login(req, res)
    if (pathname === '/api/me') return resource.me(req, res)
    if (pathname === '/api/logout-everywhere' && req.method === 'POST') return resource.logOutEverywhere(req, res)
    if (pathname === FEED) return feed(req, res)
    if (pathname.startsWith(`${MIXED}/`)) return mixed(req, res)
    if (SESSION_CALLS.includes(pathname)) return faults.pass(req, res, () => cookie(req, res))
    if (pathname.startsWith(`${COOKIE}/`)) return cookie(req, res)
    if (pathname === '/demo/counters') return sendJson(res, 200, { fault: faults.mode(), ...counters.read() })
    if (pathname === '/demo/backend') return sendJson(res, 200, backend())
    if (pathname in commands && req.method === 'POST') return command(pathname, req, res)
    if (pathname in PAGES) {
      const values = { backend: backend().text, frameworks: builtFrameworks().join(' ') }
      const page = await renderPage(PAGES[pathname], values, await importMap())
      return sendPage(res, 200, page)
    }
    const framework = frameworkOf(pathname)
    if (framework) return sendFramework(framework, res)
    return sendFile(pathname, res)
  }

  return (req, res) => {
    route(req, res).catch((error) => {
      // A request may be malformed; any other error is a bug of the demo and is printed.
      const theirs = error instanceof SyntaxError || error instanceof RangeError || error.code === 'ERR_INVALID_URL'
      if (!theirs) console.error(error)
      if (!res.headersSent) sendText(res, theirs ? 400 : 500, theirs ? 'Bad request' : 'The demo failed')
    })
  }
}
