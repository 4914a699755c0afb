import { COOKIE } from './cookie.mjs'
import { sendFile, importMap } from './files.mjs'
import { FAULTS } from './faults.mjs'
import { frameworkOf, sendFramework } from './frameworks.mjs'
import { renderPage, sendPage } from './html.mjs'
import { readBody, sendJson, sendText } from './http.mjs'
import { MIXED } from './mixed.mjs'
import { MOUNT } from './provider.mjs'

const PAGES = {
  '/': new URL('../index.html', import.meta.url),
  '/tab.html': new URL('../tab.html', import.meta.url),
  '/script-tag.html': new URL('../script-tag.html', import.meta.url),
}

/** The requests of the page's session to a backend: the demo's faults apply to them. */
const SESSION_CALLS = [`${COOKIE}/session`, `${COOKIE}/alive`]

/**
 * Sends each path to the part that answers it.
 *
 * @param {object} parts
 * @param {string} parts.origin
 * @param {ReturnType<typeof import('./counters.mjs').createCounters>} parts.counters
 * @param {ReturnType<typeof import('./faults.mjs').createFaults>} parts.faults
 * @param {import('node:http').RequestListener} parts.provider
 * @param {import('node:http').RequestListener} parts.login
 * @param {import('node:http').RequestListener} parts.resource
 * @param {import('node:http').RequestListener} parts.mixed
 * @param {import('node:http').RequestListener} parts.cookie
 * @returns {import('node:http').RequestListener}
 */
export function createRoutes({ origin, counters, faults, provider, login, resource, mixed, cookie }) {
  const { host } = new URL(origin)

  const token = (req, res) => {
    if (req.method === 'POST') counters.count('tokenCalls')
    faults.pass(req, res, () => provider(req, res))
  }

  const setFault = async (req, res) => {
    // A JSON body makes the browser send a preflight first, so no page of another origin can switch the demo's faults.
    if (req.headers['content-type'] !== 'application/json') return sendText(res, 415, 'Send application/json')
    const fault = JSON.parse(await readBody(req))?.fault
    if (!faults.set(fault)) return sendJson(res, 400, { error: 'unknown_fault', faults: FAULTS })
    sendJson(res, 200, { fault })
  }

  const route = async (req, res) => {
    const { pathname } = new URL(req.url, origin)
    // The provider's issuer, its cookies and the redirect URIs have one host name; 127.0.0.1 would be another origin.
    if (req.headers.host !== host) {
      res.writeHead(308, { Location: origin + req.url })
      return res.end()
    }
    if (pathname === `${MOUNT}/token`) return token(req, res)
    if (pathname.startsWith(`${MOUNT}/`)) return provider(req, res)
    if (pathname.startsWith('/login/')) return login(req, res)
    if (pathname === '/api/me') return resource(req, res)
    if (pathname.startsWith(`${MIXED}/`)) return mixed(req, res)
    if (SESSION_CALLS.includes(pathname)) return faults.pass(req, res, () => cookie(req, res))
    if (pathname.startsWith(`${COOKIE}/`)) return cookie(req, res)
    if (pathname === '/demo/counters') return sendJson(res, 200, { fault: faults.mode(), ...counters.read() })
    if (pathname === '/demo/faults' && req.method === 'POST') return setFault(req, res)
    if (pathname in PAGES) return sendPage(res, 200, await renderPage(PAGES[pathname], {}, await importMap()))
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
