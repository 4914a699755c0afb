import { createServer } from 'node:http'
import { once } from 'node:events'
import { argv, env, exit } from 'node:process'
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

import { createAccounts } from './server/accounts.mjs'
import { createCounters } from './server/counters.mjs'
import { createFaults } from './server/faults.mjs'
import { createLogin, errorPage } from './server/login.mjs'
import { CLIENT_ID, createProvider, MOUNT } from './server/provider.mjs'
import { createResource } from './server/resource.mjs'
import { createRoutes } from './server/routes.mjs'

/**
 * Starts an OpenID provider, a protected resource and the demo's pages, all on one origin and one port.
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
 * @param {readonly string[]} [options.redirectUris] further pages, of this or of other origins, that may sign in
 */
export async function startDemo({
  port = 0,
  accessTokenTtl = 30,
  refreshTokenTtl = 24 * 60 * 60,
  redirectUris = [],
} = {}) {
  const server = createServer()
  server.listen(port, 'localhost')
  await once(server, 'listening')

  const origin = `http://localhost:${server.address().port}`
  const accounts = createAccounts()
  const counters = createCounters()
  const faults = createFaults()
  const { provider, handle } = await createProvider({
    origin,
    redirectUris: [`${origin}/`, `${origin}/script-tag.html`, ...redirectUris],
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

  server.on(
    'request',
    createRoutes({
      origin,
      counters,
      faults,
      provider: handle,
      login: createLogin(provider, accounts),
      resource: createResource(provider, accounts),
    }),
  )

  return {
    url: origin,
    issuer: origin + MOUNT,
    clientId: CLIENT_ID,
    tokenEndpoint: `${origin}${MOUNT}/token`,
    revocationEndpoint: `${origin}${MOUNT}/token/revocation`,
    counters: counters.read,
    fault: faults.mode,
    setFault: faults.set,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
    console.error('The demo shows the built library, and there is none yet: run `npm run build` first.')
    exit(1)
  }
  const { url } = await startDemo({ port: Number(env.PORT ?? 0) })
  console.log(`Sojourn demo: ${url}\nOpen it in two tabs. Ctrl+C stops it.`)
}
