import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { edited, type Edit } from '../../scripts/worlds.mjs'

let library = ''

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export * from './src/testing.ts'
        export { createFetch } from './src/fetch.ts'
        export { isSessionError } from './src/errors.ts'
        export { oauth } from './src/servers/oauth.ts'
        export { cookieSession } from './src/servers/cookie.ts'`,
      resolveDir: root,
    },
    // As vitest.config.ts does for imports.
    plugins: process.env['SABOTAGE'] ? [edited(JSON.parse(process.env['SABOTAGE']) as Edit)] : [],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'lib',
    target: 'es2022',
    tsconfigRaw: {},
    absWorkingDir: join(root),
  })
  library = outputFiles[0]!.text
})

/** Runs a whole day of a session, and returns its phases and the calls of the server. */
const day = `async () => {
  const { createWorld } = lib
  const world = createWorld({ drain })
  const one = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
  const two = world.tab({ idleTimeout: '15m', warnBefore: '2m' })
  const seen = []
  const look = () => seen.push(one.visible() + ' ' + two.visible())
  seen.push(await world.until(one.session.getAccessToken({ forceRefresh: true })))
  await world.advance('13m'); look()
  seen.push(await world.until(two.session.extend())); await world.advance('1s'); look()
  await world.until(one.session.signOut()); await world.advance('1s'); look()
  await world.until(one.session.getAccessToken()).catch((error) => seen.push(error.name + ' ' + error.code))
  seen.push(world.tab({ idleTimeout: '15m', warnBefore: '2m' }).visible())
  seen.push(world.server.calls.map(({ method }) => method).join(' '))
  return seen.join('|')
}`
const usual =
  'access-f1-2|warning warning|true|active active|signedOut signedOut|SessionError signed_out|signedOut|' +
  'refresh refresh signOut'

/** Runs `script` in a realm of its own, in which `patch` has run before the library, or after it. */
async function inRealm(patch: string, script = day, isLate = false): Promise<string> {
  const context = createContext({
    ...{ AbortController, DOMException, URL, URLSearchParams, Headers, Request, Response, TextEncoder },
    drain: () => new Promise<void>((resolve) => setImmediate(resolve)),
    location: { origin: 'https://app.example' },
    console,
  })
  // The channel's messages are of this realm.
  runInContext('globalThis.structuredClone = (value) => ({ ...value })', context)
  const parts = isLate ? [library, patch] : [patch, library]
  for (const part of parts) runInContext(part, context)
  return (runInContext(script, context) as () => Promise<string>)()
}

describe('a page whose built-in objects are not as the language has them', () => {
  const holds = async (patch: string): Promise<void> => {
    expect(await inRealm(patch)).toBe(usual)
    expect(await inRealm(patch, day, true)).toBe(usual)
  }

  // There, methods that a page had added to all arrays appeared in loops over the array's own members.
  it('getkirby/kirby#6135: a page has a session if all objects have enumerable methods', async () => {
    await holds(
      'Object.prototype.extend = function () {}; Array.prototype.sortBy = Array.prototype.split = function () {}',
    )
  })

  // There, Prototype.js 1.6 gave strings and arrays a toJSON, and written values were quoted twice. Right: another page can read
  // the record, and no page shows a session that is over.
  it('prototypejs/prototype#344: a page has a session if strings, numbers and arrays have a toJSON', async () => {
    await holds(`for (const { prototype } of [Array, String, Number, Date])
      prototype.toJSON = function () { return '"' + String(this) + '"' }`)
  })

  // There, code that sets an inherited member on its own objects failed once all built-in objects were frozen.
  it('MetaMask/snaps#3304: a page has a session if built-in objects are frozen', async () => {
    await holds(`for (const key of Reflect.ownKeys(globalThis)) {
      const value = globalThis[key]
      if (value !== Object(value) || value === globalThis) continue
      if (value.prototype) Object.freeze(value.prototype)
      Object.freeze(value)
    }`)
  })

  it('a page has a session if Array.from knows no iterators, as in Prototype.js 1.7', async () => {
    await holds('Array.from = (list) => [].slice.call(list)')
  })

  it('a page has a session if Promise is a class of the page', async () => {
    await holds('globalThis.Promise = class extends Promise {}')
  })
})

describe('a page whose Object.prototype has members that look like options', () => {
  /** Runs a sign-in, a refresh, a request and a sign-out, and returns the URL and the content of each request. */
  const sent = (options: string): string => `async () => {
    const { createFetch, createWorld, oauth } = lib
    const sent = []
    const send = async (input, init) => {
      const request = new Request(input, init)
      sent.push(request.method + ' ' + request.url + ' ' + request.headers.get('Authorization'))
      return Response.json({ issuer: 'https://id.example', access_token: 'a2', refresh_token: 'r2', expires_in: 300 })
    }
    const world = createWorld({ drain })
    const tab = world.tab({ server: oauth({ ...${options}, clientId: 'app', fetch: send }) })
    await world.until(tab.session.signIn({ access_token: 'a1', refresh_token: 'r1', expires_in: 300 }))
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    const api = createFetch(tab.session, { fetch: send })
    await world.until(api('https://evil.example/x'))
    await world.until(api('https://app.example/x'))
    await world.until(tab.session.signOut())
    return sent.join('|')
  }`

  // There, inherited members counted as options, so that an attacker who could pollute the prototype chose where credentials go.
  it('zextras/carbonio-mails-ui#1203: a polluted Object.prototype does not choose where tokens go', async () => {
    const polluted = `Object.assign(Object.prototype, {
      issuer: 'https://evil.example',
      tokenEndpoint: 'https://evil.example/token',
      revocationEndpoint: 'https://evil.example/revoke',
      token_endpoint: 'https://evil.example/token',
      revocation_endpoint: 'https://evil.example/revoke',
      origins: ['https://evil.example'],
    })`
    const requests = 'GET https://evil.example/x null|GET https://app.example/x Bearer a2'
    expect(await inRealm(polluted, sent(`{ tokenEndpoint: 'https://id.example/token' }`), true)).toBe(
      `POST https://id.example/token null|${requests}`,
    )
    // Metadata without a revocation endpoint has none.
    const discovery = 'GET https://id.example/.well-known/oauth-authorization-server null'
    const script = sent(`{ issuer: 'https://id.example', tokenEndpoint: 'https://id.example/token' }`)
    expect(await inRealm(polluted, script, true)).toBe(`POST https://id.example/token null|${requests}|${discovery}`)
  })
})
