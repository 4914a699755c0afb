// @ts-check

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** @param {object} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url')

/**
 * An authorization server that rotates refresh tokens and revokes all of a sign-in when a used one comes back (RFC 9700 §4.14.2),
 * and the page of the library that is looked at, on one origin.
 *
 * @param {string} script
 */
export async function startServer(script) {
  /** @type {'none' | 'slow' | 'limited' | 'unavailable'} */
  let fault = 'none'
  let calls = 0
  let current = ''
  let isRevoked = false
  const claims = () => {
    const now = Math.floor(Date.now() / 1000)
    return { iss: `${origin}/`, aud: 'app', sub: 'ada', iat: now, exp: now + 3_600 }
  }
  const issue = () => {
    current = randomUUID()
    const id_token = [encode({ alg: 'RS256', typ: 'JWT' }), encode(claims()), 'signature'].join('.')
    return {
      access_token: randomUUID(),
      refresh_token: current,
      id_token,
      token_type: 'Bearer',
      scope: 'openid offline_access',
    }
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    const json = (/** @type {number} */ status, /** @type {object} */ body, headers = {}) =>
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (pathname === '/') {
      response.setHeader('Content-Type', 'text/html')
      return response.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>')
    }
    if (pathname === '/app.js') return response.setHeader('Content-Type', 'text/javascript').end(script)
    if (!pathname.endsWith('/token')) return response.writeHead(204).end()
    calls++
    const text = (await request.setEncoding('utf8').toArray()).join('')
    if (fault === 'limited') return json(429, { error: 'rate_limited' }, { 'Retry-After': '5' })
    if (fault === 'unavailable') return json(503, { error: 'unavailable' })
    // Supabase's client sends JSON, and expects more members than RFC 6749 has.
    const isSupabase = text.startsWith('{')
    const sent = isSupabase ? JSON.parse(text).refresh_token : new URLSearchParams(text).get('refresh_token')
    if (isRevoked || sent !== current) {
      isRevoked = true
      return json(400, { error: 'invalid_grant', error_code: 'refresh_token_already_used' })
    }
    const tokens = issue()
    await setTimeout(fault === 'slow' ? 1_500 : 100)
    const more = isSupabase ? { expires_at: claims().exp, user: { id: 'ada' } } : {}
    json(200, { ...tokens, expires_in: 3_600, ...more })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const address = server.address()
  const origin = `http://localhost:${typeof address === 'object' && address ? address.port : ''}`

  return {
    origin,
    claims,
    issue,
    calls: () => calls,
    isRevoked: () => isRevoked,
    /** @param {typeof fault} next */
    setFault(next) {
      fault = next
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
