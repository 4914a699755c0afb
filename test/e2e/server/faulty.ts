/**
 * A server on an origin of its own that does whatever the library asks of one, and does it badly on demand: token endpoint with
 * discovery and revocation, the endpoints of a session by cookie, and a resource. Proofs are judged by `jose`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'

/** `drop` cuts the connection before the server acted, `lost` after it. `nocors`: the browser may not see the answer. */
export const FAULTS = [
  '503',
  '429 in seconds',
  '429 by date',
  'hang',
  'drop',
  'lost',
  'html',
  'text',
  'nocors',
] as const
export type Fault = (typeof FAULTS)[number] | 'none'

export interface FaultyServer {
  readonly origin: string
  fault: Fault
  /** Whether proofs are wanted, and with a nonce. */
  nonce: string | null
  /** The path of each request that the server acted on. */
  readonly acts: string[]
  /** What each proof was found to be. */
  readonly proofs: {
    readonly path: string
    readonly problem: string | null
    readonly key: string
    readonly jti: string
  }[]
  close(): Promise<void>
}

const SECONDS = 5
/** How old a proof may be, seconds. */
const AGE = 60

export async function startFaultyServer(): Promise<FaultyServer> {
  let tokens = 0

  const answers: Record<string, () => [status: number, body: unknown]> = {
    '/.well-known/oauth-authorization-server': () => [
      200,
      {
        issuer: faulty.origin,
        token_endpoint: `${faulty.origin}/token`,
        revocation_endpoint: `${faulty.origin}/revoke`,
      },
    ],
    '/token': () => {
      const number = ++tokens
      const token_type = faulty.nonce === null ? 'Bearer' : 'DPoP'
      return [200, { access_token: `a${number}`, token_type, expires_in: 600, refresh_token: `r${number}` }]
    },
    '/revoke': () => [200, {}],
    '/alive': () => [200, { idleExpiresIn: 600 }],
    '/session': () => [200, { idleExpiresIn: 300 }],
    '/logout': () => [200, {}],
    '/resource': () => [200, { fine: true }],
  }

  /** RFC 9449 §4.3 */
  async function wrongWith(request: IncomingMessage, path: string): Promise<string | null> {
    const token = /^DPoP (.*)/.exec(request.headers.authorization ?? '')?.[1]
    const judge = async (): Promise<[string | null, string, string]> => {
      const { payload, protectedHeader } = await jwtVerify(String(request.headers['dpop']), EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ['ES256'],
      })
      const key = await calculateJwkThumbprint(protectedHeader.jwk!)
      const jti = String(payload.jti)
      const ath = token && createHash('sha256').update(token).digest('base64url')
      const isSound =
        payload['htm'] === request.method &&
        payload['htu'] === faulty.origin + path &&
        payload['ath'] === ath &&
        Math.abs(Number(payload.iat) - Date.now() / 1000) < AGE &&
        !faulty.proofs.some((proof) => proof.jti === jti)
      if (!isSound) return ['invalid_dpop_proof', key, jti]
      return [faulty.nonce && payload['nonce'] !== faulty.nonce ? 'use_dpop_nonce' : null, key, jti]
    }
    const [problem, key, jti] = await judge().catch((): [string, string, string] => ['invalid_dpop_proof', '', ''])
    faulty.proofs.push({ path, problem, key, jti })
    return problem
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const { fault } = faulty
    // Each request gets a connection of its own: a browser sends one once more by itself when a used connection breaks.
    response.setHeader('connection', 'close')
    if (fault !== 'nocors') {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
      response.setHeader('access-control-allow-credentials', 'true')
      response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '')
      response.setHeader('access-control-expose-headers', 'Retry-After, Date, DPoP-Nonce, WWW-Authenticate')
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end()
      return
    }
    if (fault === 'hang') return
    if (fault === 'drop') {
      response.destroy()
      return
    }
    if (fault === '503') {
      response.writeHead(503).end('out of service')
      return
    }
    if (fault.startsWith('429')) {
      // Both of the same moment: Node renews its own `Date` now and then.
      const [now, date] = [0, SECONDS].map((ahead) => new Date(Date.now() + ahead * 1000).toUTCString()) as [
        string,
        string,
      ]
      response.setHeader('date', now)
      response.writeHead(429, { 'retry-after': fault === '429 by date' ? date : String(SECONDS) }).end()
      return
    }
    if (fault === 'html') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome to our hotel</title>')
      return
    }
    const isBound = faulty.nonce !== null && ['/token', '/resource'].includes(path)
    const problem = isBound ? await wrongWith(request, path) : null
    if (problem) {
      response.setHeader('dpop-nonce', faulty.nonce ?? '')
      response.setHeader('content-type', 'application/json')
      if (path === '/resource') response.setHeader('www-authenticate', `DPoP error="${problem}"`)
      response.writeHead(path === '/resource' ? 401 : 400).end(JSON.stringify({ error: problem }))
      return
    }
    const [status, body] = answers[path]?.() ?? [404, {}]
    if (status === 200) faulty.acts.push(path)
    if (fault === 'lost') {
      response.destroy()
      return
    }
    response.writeHead(status, { 'content-type': fault === 'text' ? 'text/plain' : 'application/json' })
    response.end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    request.resume()
    void handle(request, response)
  })
  server.listen(0)
  await once(server, 'listening')
  const faulty: FaultyServer = {
    origin: `http://localhost:${String((server.address() as AddressInfo).port)}`,
    fault: 'none',
    nonce: null,
    acts: [],
    proofs: [],
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return faulty
}
