import { SessionError } from '../../../../src/errors.js'
import type { EndReason, ServerTimes, SessionServer, TokenResponse } from '../../../../src/types.js'
import type { Listener } from './board.js'
import type { Time } from './time.js'

export type Method = 'refresh' | 'keepAlive' | 'check' | 'signOut'

export interface Call {
  readonly method: Method
  readonly from: string
  readonly at: number
  readonly tokens: TokenResponse | null
  readonly reason?: EndReason
}

/** How the server answers: `lost` does its work, and the answer never arrives; `hangs` does it, and never answers. */
export interface Manner {
  readonly after?: number
  readonly lost?: boolean
  readonly hangs?: boolean
  readonly fails?: unknown
  readonly replies?: unknown
}

/** A token server with rotation and reuse detection, and a session of its own that it tells the times of. */
export interface FakeServer {
  readonly calls: Call[]
  readonly count: (method: Method) => number
  /** How each call is answered; by default after 20 ms, as it should be. */
  manner: (method: Method, call: Call) => Manner
  /** Seconds that access tokens live. */
  life: number
  /** Whether the token before the last is answered once more. */
  grace: boolean
  /** What `keepAlive` and `check` tell. */
  times: ServerTimes
  /** How often a used refresh token was seen. */
  reused: number
  /** Tokens of a new sign-in. */
  readonly grant: () => TokenResponse
  readonly of: (client: Listener) => Required<Pick<SessionServer, Method>>
}

export function createServer(time: Time): FakeServer {
  /** The number of the refresh token in force, by sign-in; 0 when revoked. */
  const grants = new Map<string, number>()
  const tokens = (family: string, number: number): TokenResponse => ({
    access_token: `access-${family}-${number}`,
    refresh_token: `refresh-${family}-${number}`,
    token_type: 'Bearer',
    expires_in: server.life,
  })

  const rotate = (used: TokenResponse | null): TokenResponse => {
    const [, family = '', text = ''] = /^refresh-(\w+)-(\d+)$/.exec(used?.refresh_token ?? '') ?? []
    const number = Number(text)
    const inForce = grants.get(family) ?? 0
    if (!family) throw new SessionError('no_tokens')
    if (inForce && number !== inForce) {
      server.reused++
      if (!(server.grace && number === inForce - 1)) grants.set(family, 0)
    }
    if (!grants.get(family)) throw new SessionError('rejected')
    grants.set(family, Math.max(inForce, number + 1))
    return tokens(family, Math.max(inForce, number + 1))
  }

  const server: FakeServer = {
    calls: [],
    count: (method) => server.calls.filter((call) => call.method === method).length,
    manner: () => ({}),
    life: 300,
    grace: false,
    times: {},
    reused: 0,
    grant() {
      const family = `f${grants.size + 1}`
      grants.set(family, 1)
      return tokens(family, 1)
    },
    of(client) {
      const ask = <T>(call: Omit<Call, 'at' | 'from'>, signal: AbortSignal, work: () => T): Promise<T> =>
        new Promise((resolve, reject) => {
          const made = { ...call, from: client.name, at: time.clock().wall }
          server.calls.push(made)
          const { after = 20, lost, hangs, fails, replies } = server.manner(call.method, made)
          signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
          // The server does its work, whether or not the client still waits.
          const everybody = { frozen: false, gone: false }
          time.later(everybody, after / 2, () => {
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
        refresh: (used, { signal }) => ask({ method: 'refresh', tokens: used }, signal, () => rotate(used)),
        keepAlive: ({ signal }) => ask({ method: 'keepAlive', tokens: null }, signal, () => server.times),
        check: ({ signal }) => ask({ method: 'check', tokens: null }, signal, () => server.times),
        signOut: (given, { signal, reason }) =>
          ask({ method: 'signOut', tokens: given, reason }, signal, () => {
            const [, family = ''] = /-(\w+)-/.exec(given?.refresh_token ?? '') ?? []
            grants.set(family, 0)
          }),
      }
    },
  }
  return server
}
