import { createServer } from 'node:http'
import { once } from 'node:events'

import { createAccounts } from './accounts.mjs'
import { createCodeFlow } from './code-flow.mjs'
import { COOKIE, createCookieBackend } from './cookie.mjs'
import { createCounters } from './counters.mjs'
import { createFaults } from './faults.mjs'
import { FRAMEWORKS } from './frameworks.mjs'
import { createLogin, errorPage } from './login.mjs'
import { createMixedBackend, MIXED } from './mixed.mjs'
import { BACKEND_CLIENT_ID, CLIENT_ID, createProvider, DPOP_CLIENT_ID, MOUNT } from './provider.mjs'
import { createResource } from './resource.mjs'
import { createRoutes } from './routes.mjs'

/**
 * Starts an OpenID provider, a protected resource, two backends and the demo's pages, all on one origin and one port.
 *
 * @example In a test
 * ```js
 * const demo = await startDemo({ accessTokenTtl: 5 })
 * await page.goto(demo.url)
 * demo.setFault('unavailable')
 * expect(demo.counters().total.refreshes).toBe(1)
 * await demo.close()
 * ```
 *
 * @param {object} [options]
 * @param {number} [options.port] 0, the default, takes a free one
 * @param {number} [options.accessTokenTtl] seconds
 * @param {number} [options.refreshTokenTtl] seconds, from the sign-in on
 * @param {number} [options.idleTimeout] seconds, of the backend for frontend
 * @param {number} [options.absoluteTimeout] seconds, of the backend for frontend
 * @param {readonly string[]} [options.redirectUris] further pages, of this or of other origins, that may sign in
 */
export async function startDemo({
  port = 0,
  accessTokenTtl = 30,
  refreshTokenTtl = 24 * 60 * 60,
  idleTimeout = 90,
  absoluteTimeout = 15 * 60,
  redirectUris = [],
} = {}) {
  const server = createServer()
  server.listen(port, 'localhost')
  await once(server, 'listening')

  const origin = `http://localhost:${server.address().port}`
  const accounts = createAccounts()
  const counters = createCounters()
  const faults = createFaults(() => cookie.endAll())
  const { provider, handle } = await createProvider({
    origin,
    redirectUris: [
      `${origin}/tab.html`,
      `${origin}/script-tag.html`,
      ...FRAMEWORKS.map((name) => `${origin}/frameworks/${name}/`),
      ...redirectUris,
    ],
    backendRedirectUris: [MIXED, COOKIE].map((mount) => `${origin}${mount}/callback`),
    accessTokenTtl,
    refreshTokenTtl,
    accounts,
    counters,
    async renderError(ctx, { error, error_description: detail }) {
      const { body, headers } = await errorPage(detail ?? error)
      ctx.set(headers)
      ctx.body = body
    },
  })

  const flowOf = (mount) =>
    createCodeFlow({
      issuer: origin + MOUNT,
      clientId: BACKEND_CLIENT_ID,
      redirectUri: `${origin}${mount}/callback`,
    })
  const cookie = createCookieBackend({ origin, flow: flowOf(COOKIE), idleTimeout, absoluteTimeout })

  server.on(
    'request',
    createRoutes({
      origin,
      counters,
      faults,
      provider: handle,
      login: createLogin(provider, accounts),
      resource: createResource({ origin, provider, accounts }),
      mixed: createMixedBackend({ origin, flow: flowOf(MIXED) }),
      cookie: cookie.handle,
    }),
  )

  return {
    url: origin,
    issuer: origin + MOUNT,
    clientId: CLIENT_ID,
    dpopClientId: DPOP_CLIENT_ID,
    tokenEndpoint: `${origin}${MOUNT}/token`,
    revocationEndpoint: `${origin}${MOUNT}/token/revocation`,
    counters: counters.read,
    fault: faults.mode,
    setFault: faults.set,
    endCookieSessions: cookie.endAll,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
