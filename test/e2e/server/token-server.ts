/**
 * A small and strict authorization server for tests: opaque tokens, rotation with reuse detection that revokes the whole family
 * (RFC 9700 §4.14.2), revocation (RFC 7009), one protected resource, and faults on demand. It judges what clients send as a
 * severe server would, so that a request which is almost right fails a test here and not at somebody's login.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** Every token holds this, so that a scan of console, storage and events finds each one that leaked. */
export const TOKEN_MARK = 'mrk7Secret'

export interface IssuedTokens {
  readonly [extra: string]: unknown
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token: string
}

/** What goes wrong with one call to the token endpoint. `acts`: whether the server rotated before it failed. */
export type Fault =
  | { readonly kind: 'delay'; readonly ms: number }
  /** Waits for `open()`; `acts: 'before'` rotates first and keeps only the reply back. */
  | { readonly kind: 'gate'; readonly gate: Gate; readonly acts: 'before' | 'after' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop'; readonly acts: boolean }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: () => Record<string, string> }
  | { readonly kind: 'body'; readonly status?: number; readonly body: string; readonly contentType: string }
  /** The right reply, but for some members. A server that sends no new refresh token leaves the old one in force. */
  | { readonly kind: 'without'; readonly members: readonly string[] }
  | { readonly kind: 'error'; readonly error: string }

/** Holds requests back; resolves when the first one has arrived. */
export interface Gate {
  readonly reached: Promise<void>
  readonly open: () => void
}

export interface Call {
  readonly url: string
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly form: Readonly<Record<string, string>>
  readonly at: number
  /** Null while the call is unanswered, and for ever where the connection was cut. */
  status: number | null
}

export interface TokenServerOptions {
  /** Life of an access token in seconds. */
  accessLife?: number
  /** For how long a used refresh token is still taken, in ms; 0 is strict. */
  grace?: number
  clientId?: string
}

interface RefreshToken {
  readonly family: string
  usedAt: number | null
}

export interface TokenServer {
  /** May be changed at any time. */
  accessLife: number
  grace: number
  /** A new family of tokens, as after a sign-in. */
  issue(options?: { accessLife?: number }): IssuedTokens
  /** Faults for the next calls, one each, in order. */
  failNext(...faults: Fault[]): void
  /** A fault for every call that has none of its own; null heals the server. */
  failAlways(fault: Fault | null): void
  revokeAll(): void
  readonly calls: readonly Call[]
  /** Calls to the token endpoint, whatever came of them. */
  tokenCalls(): readonly Call[]
  revocations(): readonly Call[]
  readonly counts: { refreshes: number; reuse: number; graceUses: number }
  /** Resolves with the next call to `path`. */
  nextCall(path: string): Promise<Call>
  isLive(accessToken: string): boolean
  /** Answers a request to one of its paths; false for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

export function createGate(): Gate & { readonly opened: Promise<void>; reach(): void } {
  let open!: () => void
  let reach!: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (reach = resolve))
  return { opened, reached, open, reach }
}

export function createTokenServer(options: TokenServerOptions = {}): TokenServer {
  const clientId = options.clientId ?? 'app'
  const accessTokens = new Map<string, { family: string; diesAt: number }>()
  const refreshTokens = new Map<string, RefreshToken>()
  const revoked = new Set<string>()
  const calls: Call[] = []
  const queue: Fault[] = []
  const waiting: { path: string; resolve: (call: Call) => void }[] = []
  const counts = { refreshes: 0, reuse: 0, graceUses: 0 }
  let always: Fault | null = null
  let families = 0

  const mint = (kind: 'at' | 'rt'): string => `${kind}.${TOKEN_MARK}.${randomBytes(12).toString('base64url')}`

  function grant(family: string, life = server.accessLife): IssuedTokens {
    const access_token = mint('at')
    const refresh_token = mint('rt')
    accessTokens.set(access_token, { family, diesAt: Date.now() + life * 1000 })
    refreshTokens.set(refresh_token, { family, usedAt: null })
    return { access_token, token_type: 'Bearer', expires_in: life, refresh_token }
  }

  /** The refresh grant of RFC 6749 §6, with everything a client may get wrong. */
  function refresh(call: Call, rotates = true): { status: number; body: Record<string, unknown> } {
    const refuse = (error: string, why: string): { status: number; body: Record<string, unknown> } => ({
      status: 400,
      body: { error, error_description: why },
    })
    if (call.method !== 'POST') return refuse('invalid_request', 'POST is the only method')
    if (!isForm(call)) return refuse('invalid_request', 'the body must be a form')
    if (call.form['client_id'] !== clientId) return refuse('invalid_client', 'unknown client_id')
    if (call.form['grant_type'] !== 'refresh_token') return refuse('unsupported_grant_type', 'only refresh_token')
    const stored = refreshTokens.get(call.form['refresh_token'] ?? '')
    if (!stored) return refuse('invalid_grant', 'unknown refresh token')
    if (revoked.has(stored.family)) return refuse('invalid_grant', 'the family is revoked')
    if (stored.usedAt !== null) {
      if (Date.now() - stored.usedAt > server.grace) {
        counts.reuse++
        revoked.add(stored.family)
        return refuse('invalid_grant', 'reuse of a refresh token; the family is revoked')
      }
      counts.graceUses++
    }
    if (rotates) stored.usedAt ??= Date.now()
    counts.refreshes++
    return { status: 200, body: { ...grant(stored.family) } }
  }

  function revoke(call: Call): number {
    if (call.method !== 'POST' || !isForm(call) || !call.form['token']) return 400
    const family = refreshTokens.get(call.form['token'])?.family ?? accessTokens.get(call.form['token'])?.family
    // RFC 7009 §2.2: an unknown token is answered with 200 as well.
    if (family !== undefined) revoked.add(family)
    return 200
  }

  async function token(call: Call, response: ServerResponse): Promise<void> {
    const fault = queue.shift() ?? always
    const answer = (status: number, body: string, headers: Record<string, string> = {}): void => {
      call.status = status
      if (response.destroyed) return
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
        .end(body)
    }
    const act = (): void => {
      const missing = fault?.kind === 'without' ? fault.members : []
      const { status, body } = refresh(call, !missing.includes('refresh_token'))
      if (status === 200) for (const member of missing) Reflect.deleteProperty(body, member)
      answer(status, JSON.stringify(body))
    }
    switch (fault?.kind) {
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms))
        if (response.destroyed) return
        act()
        return
      case 'gate': {
        const gate = fault.gate as ReturnType<typeof createGate>
        const early = fault.acts === 'before' ? refresh(call) : null
        gate.reach()
        await gate.opened
        if (early) answer(early.status, JSON.stringify(early.body))
        else if (!response.destroyed) act()
        return
      }
      case 'hang':
        return
      case 'drop':
        if (fault.acts) refresh(call)
        response.destroy()
        return
      case 'status':
        answer(fault.status, '', fault.headers?.())
        return
      case 'body':
        answer(fault.status ?? 200, fault.body, { 'content-type': fault.contentType })
        return
      case 'error':
        answer(400, JSON.stringify({ error: fault.error }))
        return
      default:
        act()
    }
  }

  function resource(request: IncomingMessage, response: ServerResponse): void {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const live = server.isLive(bearer)
    response.writeHead(live ? 200 : 401, {
      'content-type': 'application/json',
      ...(live ? {} : { 'www-authenticate': 'Bearer error="invalid_token"' }),
    })
    response.end(JSON.stringify({ live }))
  }

  const server: TokenServer = {
    accessLife: options.accessLife ?? 600,
    grace: options.grace ?? 0,
    issue: (how = {}) => grant(`family-${String(++families)}`, how.accessLife),
    failNext: (...faults) => void queue.push(...faults),
    failAlways: (fault) => {
      always = fault
    },
    revokeAll() {
      for (const { family } of refreshTokens.values()) revoked.add(family)
    },
    calls,
    tokenCalls: () => calls.filter(({ path, method }) => path === '/token' && method !== 'OPTIONS'),
    revocations: () => calls.filter(({ path, method }) => path === '/revoke' && method !== 'OPTIONS'),
    counts,
    nextCall: (path) => new Promise((resolve) => waiting.push({ path, resolve })),
    isLive(accessToken) {
      const found = accessTokens.get(accessToken)
      return found !== undefined && found.diesAt > Date.now() && !revoked.has(found.family)
    },

    async handle(request, response) {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname
      if (!['/token', '/revoke', '/resource', '/issue', '/alive'].includes(path)) return false
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
      response.setHeader('access-control-expose-headers', 'Retry-After, WWW-Authenticate, DPoP-Nonce')
      response.setHeader('vary', 'origin')
      const text = await readBody(request)
      const call: Call = {
        url: request.url ?? '',
        path,
        method: request.method ?? 'GET',
        headers: request.headers,
        form: Object.fromEntries(new URLSearchParams(text)),
        at: Date.now(),
        status: null,
      }
      calls.push(call)
      if (call.method === 'OPTIONS') {
        response.writeHead(204, {
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '',
        })
        response.end()
        return true
      }
      for (const waiter of waiting.filter((each) => each.path === path)) {
        waiting.splice(waiting.indexOf(waiter), 1)
        waiter.resolve(call)
      }
      if (path === '/token') await token(call, response)
      else if (path === '/revoke') response.writeHead((call.status = revoke(call))).end()
      else if (path === '/resource') resource(request, response)
      else if (path === '/alive') response.writeHead(204).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(server.issue()))
      return true
    },
  }
  return server
}

function isForm(call: Call): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(call.headers['content-type'] ?? '')
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = ''
  try {
    for await (const chunk of request) text += String(chunk)
  } catch {
    // The client went away in the middle of its own request; what came is all there is.
  }
  return text
}
