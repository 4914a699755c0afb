import { SessionError } from '../errors.js'
import type { EndReason, ServerTimes, SessionServer, TokenResponse } from '../types.js'
import type { Listener } from './channel.js'
import { browser, type Time } from './time.js'

export type ServerMethod = 'refresh' | 'keepAlive' | 'check' | 'signOut'

/** A call that the server received. */
export interface ServerCall {
  readonly method: ServerMethod
  /** The name of the tab. */
  readonly from: string
  /** By the wall clock, epoch ms. */
  readonly at: number
  readonly tokens: TokenResponse | null
  readonly reason?: EndReason
  /** The API that the access token is for, where `getAccessToken` was given one. */
  readonly resource?: string
}

/** How the server replies to a call. `lost`: it does the work, and the network loses the reply. `hangs`: it does the work, and never replies. */
export interface Reply {
  /** The time from the request to the reply, ms. @default 20 */
  readonly after?: number
  readonly lost?: boolean
  readonly hangs?: boolean
  /** The error of the reply, such as `new SessionError('server')`. The server then does no work. */
  readonly fails?: unknown
  /** The value of the reply, in place of the right one. */
  readonly replies?: unknown
}

/** A server with rotation and reuse detection, which can also send how much time its own session has left. */
export interface FakeServer {
  readonly calls: ServerCall[]
  readonly count: (method: ServerMethod) => number
  /** The reply to each call. @default () => ({}) */
  reply: (method: ServerMethod, call: ServerCall) => Reply
  /** The lifetime of access tokens, s. @default 300 */
  expiresIn: number
  /** Whether the server accepts the refresh token before the last once more, as after a lost reply. @default false */
  grace: boolean
  /** The result of `keepAlive` and `check`. @default {} */
  times: ServerTimes
  /** How often a refresh token was used again after its rotation. */
  reuseCount: number
  /** Returns the tokens of a new sign-in. */
  readonly grant: () => TokenResponse
  /** Revokes the grant of these tokens: the next refresh is refused. */
  readonly revoke: (tokens: TokenResponse | null) => void
  /** The server as one tab reaches it. */
  readonly of: (client: Listener) => Required<Pick<SessionServer, ServerMethod>>
}

export function createServer(time: Time): FakeServer {
  /** The number of the valid refresh token, by grant; 0 if the grant is revoked. */
  const grants = new Map<string, number>()
  const tokens = (family: string, number: number, resource?: string): TokenResponse => ({
    access_token: `access-${family}-${number}${resource ? `@${resource}` : ''}`,
    refresh_token: `refresh-${family}-${number}`,
    token_type: 'Bearer',
    expires_in: server.expiresIn,
  })
  const read = (given: TokenResponse | null): { family: string; number: number } => {
    const [, family = '', number = ''] = /^refresh-(\w+)-(\d+)$/.exec(given?.refresh_token ?? '') ?? []
    return { family, number: Number(number) }
  }

  const rotate = (used: TokenResponse | null, resource?: string): TokenResponse => {
    const { family, number } = read(used)
    const valid = grants.get(family) ?? 0
    if (!family) throw new SessionError('no_tokens')
    if (valid && number !== valid) {
      server.reuseCount++
      if (!(server.grace && number === valid - 1)) grants.set(family, 0)
    }
    if (!grants.get(family)) throw new SessionError('rejected')
    grants.set(family, Math.max(valid, number + 1))
    return tokens(family, Math.max(valid, number + 1), resource)
  }

  const server: FakeServer = {
    calls: [],
    count: (method) => server.calls.filter((call) => call.method === method).length,
    reply: () => ({}),
    expiresIn: 300,
    grace: false,
    times: {},
    reuseCount: 0,
    grant() {
      const family = `f${grants.size + 1}`
      grants.set(family, 1)
      return tokens(family, 1)
    },
    revoke(given) {
      grants.set(read(given).family, 0)
    },
    of(client) {
      const receive = <T>(call: Omit<ServerCall, 'at' | 'from'>, signal: AbortSignal, work: () => T): Promise<T> =>
        new Promise((resolve, reject) => {
          if (client.gone) return
          const made = { ...call, from: client.name, at: time.clock().wall }
          server.calls.push(made)
          const { after = 20, lost, hangs, fails, replies } = server.reply(call.method, made)
          signal.addEventListener('abort', () => reject(new DOMException('Nobody waits any more.', 'AbortError')))
          // The server does its work even if the caller has stopped waiting.
          time.later(browser, after / 2, () => {
            let answer: () => void
            try {
              if (fails !== undefined) throw fails as Error
              const done = work()
              answer = () => resolve(replies === undefined ? done : (replies as T))
            } catch (error) {
              const reason = error as Error
              answer = () => reject(reason)
            }
            if (lost) answer = () => reject(new TypeError('Failed to fetch'))
            if (!hangs) time.later(client, after / 2, answer)
          })
        })
      return {
        refresh: (used, { signal, resource }) =>
          receive({ method: 'refresh', tokens: used, ...(resource && { resource }) }, signal, () =>
            rotate(used, resource),
          ),
        keepAlive: ({ signal }) => receive({ method: 'keepAlive', tokens: null }, signal, () => server.times),
        check: ({ signal }) => receive({ method: 'check', tokens: null }, signal, () => server.times),
        signOut: (given, { signal, reason }) =>
          receive({ method: 'signOut', tokens: given, reason }, signal, () => {
            server.revoke(given)
          }),
      }
    },
  }
  return server
}
