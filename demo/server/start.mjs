import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'

import { createAccess } from './access.mjs'
import { createAccounts } from './accounts.mjs'
import { createBackend, openSessions } from './backend.mjs'
import { createCodeFlow } from './code-flow.mjs'
import { BACKCHANNEL, COOKIE } from './cookie.mjs'
import { createCounters } from './counters.mjs'
import { createFaults } from './faults.mjs'
import { createFeed } from './feed.mjs'
import { FRAMEWORKS } from './frameworks.mjs'
import { createLogin, errorPage } from './login.mjs'
import { createMixedBackend, MIXED } from './mixed.mjs'
import { startProcesses } from './processes.mjs'
import { BACKEND_CLIENT_ID, CLIENT_ID, createProvider, DPOP_CLIENT_ID, MOUNT } from './provider.mjs'
import { createResource } from './resource.mjs'
import { createRoutes } from './routes.mjs'

/** The text of the page about the backend. */
const textOf = (processes, isOnRedis) =>
  processes > 1
    ? `The cookie backend runs as ${processes} processes, which share their sessions on Redis.`
    : `The cookie backend is one process, and its sessions are ${isOnRedis ? 'on Redis' : 'in its memory'}.`

/** The backend by cookie, in this process or in several. @param {number} count @param {import('./backend.mjs').BackendOptions} options */
async function startBackend(count, options) {
  const sessions = await openSessions(options)
  const single = {
    handle: createBackend(options, sessions, 1),
    list: () => [],
    memory: async () => [],
    close: () => {},
  }
  const processes = count > 1 ? await startProcesses(count, options) : single
  return {
    ...processes,
    endAll: sessions.endAll,
    async close() {
      await processes.close()
      await sessions.close()
    },
  }
}

/**
 * Starts an OpenID provider, a protected resource with a live feed, two backends and the demo's pages, all on one origin and one port.
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
 * @param {import('./start.d.mts').DemoOptions} [options]
 */
export async function startDemo({
  port = 0,
  accessTokenTtl = 30,
  refreshTokenTtl = 24 * 60 * 60,
  idleTimeout = 90,
  absoluteTimeout = 15 * 60,
  redirectUris = [],
  keepsSessions = false,
  resources = [],
  hosts = [],
  companion = { name: 'companion' },
  redis = null,
  processes = 1,
  note = '',
} = {}) {
  if (processes > 1 && !redis) throw new TypeError('Several processes need Redis')
  const server = createServer()
  server.listen(port, 'localhost')
  await once(server, 'listening')

  const origins = ['localhost', ...hosts].map((host) => `http://${host}:${server.address().port}`)
  const [origin] = origins
  const issuer = origin + MOUNT
  const pages = ['/tab.html', '/script-tag.html', ...FRAMEWORKS.map((name) => `/frameworks/${name}/`)]
  const accounts = createAccounts()
  const counters = createCounters()
  const cookie = await startBackend(processes, {
    origins,
    issuer,
    secret: randomBytes(32).toString('hex'),
    idleTimeout,
    absoluteTimeout,
    companion,
    // Two demos on one Redis must not share sessions.
    redis: redis && { socket: redis, prefix: `${randomBytes(8).toString('base64url')}:` },
  })
  const faults = createFaults(cookie.endAll)
  const { provider, handle, logOutUser } = await createProvider({
    origin,
    redirectUris: [...origins.flatMap((each) => pages.map((page) => each + page)), ...redirectUris],
    backendRedirectUris: [`${origin}${MIXED}/callback`, ...origins.map((each) => `${each}${COOKIE}/callback`)],
    backchannelLogoutUri: origin + BACKCHANNEL,
    keepsSessions,
    resources,
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
  const access = createAccess({ origin, provider })
  const feed = createFeed({ origins, access })
  server.on('upgrade', feed.upgrade)
  /** Ends every login of a user, and lets their pages ask. */
  const logOut = async (name) => {
    const sub = accounts.subOf(name)
    return logOutUser(sub).finally(() => feed.tell(sub))
  }
  const flow = createCodeFlow({ issuer, clientId: BACKEND_CLIENT_ID, redirectUri: `${origin}${MIXED}/callback` })

  server.on(
    'request',
    createRoutes({
      origins,
      counters,
      faults,
      provider: handle,
      login: createLogin(provider, accounts, [...origins.slice(1), ...redirectUris.map((uri) => new URL(uri).origin)]),
      resource: createResource({ access, accounts, logOut: logOutUser, tell: feed.tell }),
      feed: feed.handle,
      mixed: createMixedBackend({ origin, flow }),
      cookie: cookie.handle,
      logOutUser: logOut,
      backend: () => ({
        store: redis ? 'redis' : 'memory',
        processes: processes > 1 ? cookie.list().length : 1,
        text: [textOf(processes, redis !== null), note].filter(Boolean).join(' '),
      }),
    }),
  )

  return {
    url: origin,
    issuer,
    clientId: CLIENT_ID,
    dpopClientId: DPOP_CLIENT_ID,
    tokenEndpoint: `${issuer}/token`,
    revocationEndpoint: `${issuer}/token/revocation`,
    counters: counters.read,
    fault: faults.mode,
    setFault: faults.set,
    endCookieSessions: cookie.endAll,
    signOutAtProvider: logOut,
    processes: cookie.list,
    memory: cookie.memory,
    async close() {
      server.close()
      // The server does not count sockets as its connections.
      feed.close()
      server.closeAllConnections()
      await once(server, 'close')
      await cookie.close()
    },
  }
}
