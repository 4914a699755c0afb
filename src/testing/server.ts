import { SessionError } from '../errors.js'
import type { EndReason, ServerTimes, SessionServer, TokenResponse } from '../types.js'
import type { Listener } from './channel.js'
import { browser, type Time } from './time.js'

export type ServerMethod = 'refresh' | 'keepAlive' | 'check' | 'signOut'

/** A call as the server got it. */
export interface ServerCall {
  readonly method: ServerMethod
  /** The name of the tab. */
  readonly from: string
  /** By the wall clock, epoch ms. */
  readonly at: number
  readonly tokens: TokenResponse | null
  readonly reason?: EndReason
}

/** How a call is answered. `lost`: the work is done, and the answer never arrives. `hangs`: it is done, and nobody answers. */
export interface Reply {
  /** The whole way there and back, ms. @default 20 */
  readonly after?: number
  readonly lost?: boolean
  readonly hangs?: boolean
  /** Thrown in place of the work: `new SessionError('server')`, say. */
  readonly fails?: unknown
  /** Answered in place of what would be right. */
  readonly replies?: unknown
}

/** A server with refresh tokens that are used once, and with a session of its own that it can tell the times of. */
export interface FakeServer {
  readonly calls: ServerCall[]
  readonly count: (method: ServerMethod) => number
  /** How each call is answered. @default () => ({}) */
  reply: (method: ServerMethod, call: ServerCall) => Reply
  /** How long access tokens live, s. @default 300 */
  expiresIn: number
  /** Whether the refresh token before the last is answered once more, as after a lost reply. @default false */
  grace: boolean
  /** What `keepAlive` and `check` tell. @default {} */
  times: ServerTimes
  /** How often a refresh token came that had been used. */
  reuseCount: number
  /** Tokens of a new sign-in. */
  readonly grant: () => TokenResponse
  /** Ends the grant that these tokens are of: the next refresh is refused. */
  readonly revoke: (tokens: TokenResponse | null) => void
  /** The server as one tab reaches it. */
  readonly of: (client: Listener) => Required<Pick<SessionServer, ServerMethod>>
}

export function createServer(time: Time): FakeServer {
  /** The number of the refresh token in force, by sign-in; 0 when revoked. */
  const grants = new Map<string, number>()
  const tokens = (family: string, number: number): TokenResponse => ({
    access_token: `access-${family}-${number}`,
    refresh_token: `refresh-${family}-${number}`,
    token_type: 'Bearer',
    expires_in: server.expiresIn,
  })
  const read = (given: TokenResponse | null): { family: string; number: number } => {
    const [, family = '', number = ''] = /^refresh-(\w+)-(\d+)$/.exec(given?.refresh_token ?? '') ?? []
    return { family, number: Number(number) }
  }

  const rotate = (used: TokenResponse | null): TokenResponse => {
    const { family, number } = read(used)
    const valid = grants.get(family) ?? 0
    if (!family) throw new SessionError('no_tokens')
    if (valid && number !== valid) {
      server.reuseCount++
      if (!(server.grace && number === valid - 1)) grants.set(family, 0)
    }
    if (!grants.get(family)) throw new SessionError('rejected')
    grants.set(family, Math.max(valid, number + 1))
    return tokens(family, Math.max(valid, number + 1))
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
          // The server does its work whether or not anybody still waits.
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
        refresh: (used, { signal }) => receive({ method: 'refresh', tokens: used }, signal, () => rotate(used)),
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
