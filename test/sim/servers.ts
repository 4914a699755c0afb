import { toSessionError, SessionError } from '../../src/errors.js'
import { browser, type Time } from '../../src/testing/time.js'
import type { ServerTimes, SessionServer, TokenResponse } from '../../src/types.js'
import type { Actor } from './actor.js'
import type { Random } from './random.js'
import type { Traits } from './traits.js'
import { overCookie, overOAuth, Page } from './wire.js'

/** A mark in every token, by which it is found where it must not be. */
export const MARK = 'tok3n'

export type Weather =
  'fine' | 'slow' | 'down' | 'hangs' | 'loses' | 'busy' | 'limits' | 'garbage' | 'page' | 'interaction' | 'mixed'

export interface Call {
  readonly method: 'refresh' | 'keepAlive' | 'check' | 'signOut'
  readonly actor: Actor
  readonly at: number
  /** The grant and the number of the refresh token that was sent. */
  readonly family: string
  readonly number: number
  readonly signal: AbortSignal
  /** `done`: the server has acted. `told`: the caller has got the reply. */
  done: boolean
  told: boolean
  /** True if a reply came that is no failure. A malformed one does not count as the end of the session. */
  answered: boolean
  settled: boolean
}

/** A sign-in at the server. */
export interface Grant {
  readonly family: string
  readonly user: string
  readonly issuedAt: number
  /** The number of the valid refresh token, and since when it is valid. */
  number: number
  rotatedAt: number
  revoked: boolean
  /** For a session by cookie: when the server last got activity. */
  heardAt: number
}

export interface Servers {
  readonly calls: Call[]
  readonly grants: Map<string, Grant>
  weather: Weather
  /** Makes a new sign-in at the login page. */
  readonly grant: (user: string) => { readonly grant: Grant; readonly tokens: TokenResponse | undefined }
  readonly of: (actor: Actor) => SessionServer
  readonly tokenOf: (
    text: string,
  ) => { readonly family: string; readonly number: number; readonly issuedAt: number } | null
  /** Notes that a token has reached its page. */
  readonly arrived: (text: string) => void
  /** The grant of the cookie in the browser. `signedIn`: only while the server accepts it. */
  readonly cookie: () => Grant | null
  readonly signedIn: () => Grant | null
  readonly usesTokens: boolean
}

const GRACE = 30e3

export function createServers(
  time: Time,
  traits: Traits,
  random: Random,
  note: {
    readonly called: (call: Call, given: string) => void
    readonly told: (call: Call, result: unknown) => void
    readonly paused: (call: Call, until: number) => void
  },
): Servers {
  const grants = new Map<string, Grant>()
  const issued = new Map<string, number>()
  const calls: Call[] = []
  let cookie: Grant | null = null
  const now = time.passed
  const isWired = traits.wired && ['strict', 'grace', 'cookie'].includes(traits.server)
  const usesTokens = traits.server === 'strict' || traits.server === 'grace' || traits.server === 'gateway'

  const tokens = ({ family, number, issuedAt }: Grant): TokenResponse => {
    const access = `access.${MARK}.${family}.${number}`
    issued.set(access, Math.max(now(), issued.get(access) ?? 0))
    return {
      access_token: access,
      expires_in: traits.tokenLife / 1e3,
      ...(traits.server !== 'gateway' && { refresh_token: `refresh.${MARK}.${family}.${number}` }),
      ...(traits.grantLife < Infinity && { authorization_expires_in: (issuedAt + traits.grantLife - now()) / 1e3 }),
    }
  }
  const idleOf = (): number => traits.idle * traits.serverIdle
  /** A session by cookie expires by the server's own clock. */
  const signedIn = (): Grant | null => {
    const isOver = !cookie || now() > Math.min(cookie.heardAt + idleOf(), cookie.issuedAt + traits.absolute)
    return isOver || cookie?.revoked ? null : cookie
  }
  const living = (): Grant => {
    const grant = signedIn()
    if (!grant) throw new SessionError('rejected')
    return grant
  }
  const times = ({ heardAt, issuedAt }: Grant): ServerTimes => ({
    idleExpiresIn: (heardAt + idleOf() - now()) / 1e3,
    absoluteExpiresIn: (issuedAt + traits.absolute - now()) / 1e3,
  })

  const work = (call: Call): unknown => {
    const { method, family, number } = call
    const grant = grants.get(family)
    if (method === 'signOut') {
      if (grant) grant.revoked = true
      else if (cookie) cookie.revoked = true
      return undefined
    }
    if (traits.server === 'strict' || traits.server === 'grace') {
      if (method !== 'refresh') return {}
      if (!grant) throw new SessionError('no_tokens')
      const isPrevious = traits.server === 'grace' && number === grant.number - 1 && now() <= grant.rotatedAt + GRACE
      if ((number !== grant.number && !isPrevious) || now() > grant.issuedAt + traits.grantLife) grant.revoked = true
      if (grant.revoked) throw new SessionError('rejected')
      if (!isPrevious) {
        grant.number++
        grant.rotatedAt = now()
      }
      return tokens(grant)
    }
    const session = living()
    if (method === 'check') return times(session)
    if (method === 'keepAlive') {
      session.heardAt = now()
      return times(session)
    }
    session.number++
    return tokens(session)
  }

  const fate = (): Exclude<Weather, 'mixed'> =>
    servers.weather === 'mixed'
      ? random.pick(['fine', 'fine', 'slow', 'down', 'hangs', 'loses', 'busy', 'limits', 'garbage', 'page'])
      : servers.weather

  const ask = <T>(
    actor: Actor,
    method: Call['method'],
    given: TokenResponse | null,
    signal: AbortSignal,
  ): Promise<T> => {
    const [, family = '', number = ''] = /^refresh\.tok3n\.(\w+)\.(\d+)$/.exec(given?.refresh_token ?? '') ?? []
    const call: Call = {
      method,
      actor,
      at: now(),
      family,
      number: Number(number),
      signal,
      done: false,
      told: false,
      answered: false,
      settled: false,
    }
    const { page } = actor
    return new Promise<T>((resolve, reject) => {
      if (page.gone) return
      note.called(call, JSON.stringify(given))
      calls.push(call)
      signal.addEventListener('abort', () => reject(new DOMException('Nobody waits any more.', 'AbortError')))
      const how = fate()
      const way = (random.next() * traits.network) / 2 + (how === 'slow' ? random.next() * 12e3 : 0)
      if (!page.online || how === 'down') {
        time.later(page, page.online ? way : 0, () => reject(new TypeError(`Failed to fetch`)))
        return
      }
      time.later(browser, way, () => {
        let answer: () => void
        if (how === 'busy') answer = () => reject(new SessionError('server', { message: 'Answered 503.' }))
        else if (how === 'limits')
          answer = () => {
            const retryAt = time.clock().wall + random.below(20) * 1e3
            note.paused(call, retryAt)
            reject(new SessionError('rate_limited', { retryAt }))
          }
        else if (how === 'page')
          // A proxy may require its own login from a request with tokens. For a session by cookie a 401 is the end.
          answer = () => reject(isWired ? new Page(given ? 401 : 502) : new SessionError('server'))
        else
          try {
            // Only the user can go on: the grant cannot be used any more.
            const grant = grants.get(family)
            if (how === 'interaction' && method === 'refresh' && grant) grant.revoked = true
            const result = work(call)
            call.done = true
            answer = () => {
              call.answered = !signal.aborted
              call.told = call.answered && how !== 'garbage'
              if (call.told) note.told(call, result)
              if (how === 'garbage' && isWired) reject(new Page(200))
              else resolve((how === 'garbage' ? { error: 'proxy' } : result) as T)
            }
          } catch (error) {
            answer = () => reject(toSessionError(error))
          }
        if (how === 'loses') answer = () => reject(new TypeError('Failed to fetch'))
        if (how !== 'hangs') time.later(page, way, answer)
      })
    }).finally(() => {
      call.settled = true
    })
  }

  const wired = (actor: Actor): SessionServer => {
    const send = (method: Call['method'], given: TokenResponse | null, signal: AbortSignal): Promise<unknown> =>
      ask(actor, method, given, signal)
    const wall = (): number => time.clock().wall
    const tokens = overOAuth(send, wall)
    const times = overCookie(send, wall, traits)
    if (!usesTokens) return times
    return { ...times, ...tokens }
  }

  const servers: Servers = {
    calls,
    grants,
    usesTokens,
    weather: 'fine',
    cookie: () => cookie,
    signedIn,
    grant(user) {
      const family = `f${grants.size + 1}`
      const at = now()
      const grant = { family, user, issuedAt: at, number: 1, rotatedAt: at, revoked: false, heardAt: at }
      grants.set(family, grant)
      cookie = grant
      return { grant, tokens: usesTokens ? tokens(grant) : undefined }
    },
    of: (actor) =>
      isWired
        ? wired(actor)
        : {
            ...(usesTokens && { refresh: (given, { signal }) => ask(actor, 'refresh', given, signal) }),
            ...(traits.keepAlive && { keepAlive: ({ signal }) => ask(actor, 'keepAlive', null, signal) }),
            ...(traits.check && { check: ({ signal }) => ask(actor, 'check', null, signal) }),
            ...(traits.server !== 'none' && { signOut: (given, { signal }) => ask(actor, 'signOut', given, signal) }),
          },
    arrived(text) {
      issued.set(text, now())
    },
    tokenOf(text) {
      const [, family = '', number = ''] = /^access\.tok3n\.(\w+)\.(\d+)$/.exec(text) ?? []
      return family ? { family, number: Number(number), issuedAt: issued.get(text) ?? 0 } : null
    },
  }
  return servers
}
