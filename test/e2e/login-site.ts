/** A site of its own origin that lets its users sign in at a real OpenID provider, by `sojourn/login`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TokenSession } from 'sojourn'
import type { Login } from 'sojourn/login'
import { importMap, sendFile } from '../../demo/server/files.mjs'
import { startDemo, type Demo, type DemoOptions } from '../../demo/server/start.mjs'

/** What the page's script puts on the window. */
interface App {
  readonly session: TokenSession
  readonly auth: Login
  readonly api: typeof fetch
  readonly name: () => Promise<unknown>
  /** The results of two calls of `finish`, as under React's StrictMode. */
  readonly done: readonly (string | null)[]
  readonly events: readonly string[]
}
declare global {
  interface Window {
    app: App
    config?: { readonly idleTimeout?: number; readonly isBound?: boolean; readonly resources?: readonly string[] }
  }
}

const SCRIPT = `
import { createSession } from 'sojourn'
import { dpop } from 'sojourn/dpop'
import { createFetch } from 'sojourn/fetch'
import { decodeClaims, login } from 'sojourn/login'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

const { idleTimeout = false, isBound = false, resources = [] } = window.config ?? {}
const client = {
  issuer: document.documentElement.dataset.issuer,
  clientId: isBound ? 'sojourn-demo-dpop' : 'sojourn-demo',
  ...(isBound && { dpop: dpop() }),
}
const session = createSession({ idleTimeout, warnBefore: 500, tokenStore: idbTokens(), server: oauth(client) })
const auth = login({ ...client, redirectUri: '/app', parameters: { resource: resources } })
const events = []
for (const type of ['signedIn', 'signedOut', 'switched']) session.on(type, () => events.push(type))
const say = (promise) => promise.then((done) => done && done.returnTo, (error) => error.cause ?? error.code)
const done = await Promise.all([say(auth.finish(session)), say(auth.finish(session))])
const api = createFetch(session, { stepUp: (challenge) => auth.start({ ...challenge, returnTo: '/app?again' }) })
const name = async () => {
  const idToken = await session.getIdToken()
  return idToken && decodeClaims(idToken).name
}
window.app = { session, auth, api, name, done, events }
const show = () => { document.title = session.getSnapshot().phase }
session.subscribe(show)
show()
`

export interface Site {
  readonly origin: string
  readonly demo: Demo
}

/** Responses of the site's own API, by path. */
export type Api = Record<string, (authorization: string | undefined) => { status: number; challenge?: string }>

export async function startSite(setup: DemoOptions, api: Api): Promise<Site & { close: () => Promise<void> }> {
  let issuer = ''
  const imports = JSON.stringify({ imports: await importMap() })
  const page = (): string =>
    `<!doctype html><html lang="en" data-issuer="${issuer}"><link rel="icon" href="data:,"><title>…</title>` +
    `<script type="importmap">${imports}</script><script type="module">${SCRIPT}</script>`
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    const answer = api[pathname]?.(request.headers.authorization)
    if (answer)
      response.writeHead(answer.status, answer.challenge ? { 'WWW-Authenticate': answer.challenge } : {}).end()
    else if (pathname === '/app') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page())
    else void sendFile(pathname, response)
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const origin = `http://localhost:${String((server.address() as AddressInfo).port)}`
  const demo = await startDemo({ keepsSessions: true, redirectUris: [`${origin}/app`], ...setup })
  issuer = demo.issuer
  return {
    origin,
    demo,
    async close() {
      server.close()
      server.closeAllConnections()
      await demo.close()
    },
  }
}
