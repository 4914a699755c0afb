import type { Happening, TokenTimes } from '../core/reduce.js'
import type { SharedRecord } from '../core/record.js'
import { refreshAt, type Policy } from '../core/time.js'
import { isSessionError, SessionError } from '../errors.js'
import { within } from '../limit.js'
import type { Ports } from '../ports/types.js'
import type { SessionServer, StoredTokens, TokenResponse } from '../types.js'
import type { Keeper } from './keeper.js'

/** What refreshing needs of the session around it. */
export interface Host {
  /** The record as of now, settled. Throws `signed_out` where no session lives, or another than `id`. */
  readonly live: (id?: string) => SharedRecord
  /** Shared time. */
  readonly now: () => number
  /** Aborts when the session that lives now ends, or the tab is done with it. */
  readonly signal: () => AbortSignal
  /** `quiet`: listeners are told later, by `drain`. */
  readonly step: (cause: string, happening: Happening, quiet?: boolean) => void
  readonly drain: () => void
  readonly failed: (error: SessionError, retryAt: number | null) => void
  /** Runs `work` in one tab at a time. */
  readonly exclusive: <T>(wait: number, work: () => Promise<T>) => Promise<T>
}

export interface Use {
  readonly minValidity?: number
  readonly forceRefresh?: boolean
}

export interface Refresh {
  /** Tokens that can be used now, refreshed if need be. */
  readonly use: (use: Use) => Promise<StoredTokens>
  /** Newer tokens than `generation`, once for all tabs and callers. */
  readonly newer: (generation: number) => Promise<StoredTokens>
  /** A refresh ahead of need; nobody waits for it. */
  readonly ahead: (record: SharedRecord) => void
  /** When `ahead` may be tried again, shared time. */
  readonly pausedUntil: () => number
  /** The network is back. */
  readonly online: () => void
  /** Stores what the application brings for session `id`, as what follows `generation`; run it under the lock. */
  readonly replace: (id: string, generation: number, given: TokenResponse) => Promise<TokenTimes>
}

const LOCK_WAIT = 15e3
/** Together shorter than the lock's wait, so that those who wait get their turn. */
const FIRST_TRY = 10e3
const SECOND_TRY = 4e3
const LONGEST_PAUSE = 6e4

/** A token response (RFC 6749 §5.1), or `invalid_response`. */
export function checkTokens(value: unknown): TokenResponse {
  const token = (value as Partial<TokenResponse> | null | undefined)?.access_token
  if (typeof token === 'string' && token) return value as TokenResponse
  throw new SessionError('invalid_response', {
    message: 'This is no token response: it has no access_token (RFC 6749 §5.1). Nothing was changed.',
  })
}

export function createRefresh(
  host: Host,
  keeper: Keeper,
  server: SessionServer | undefined,
  ports: Ports,
  policy: Policy,
): Refresh {
  let flight: Promise<StoredTokens> | null = null
  /** Where requests do not arrive at all, each tab pauses by itself: another may be better off. */
  let unreached = { count: 0, until: 0 }
  let lastFailure: SessionError | null = null
  /** The session and generation that nobody has tokens for. */
  let empty = ''
  let ranOffline = false

  const expiresAt = (record: SharedRecord, { generation, expiresAt: wall }: StoredTokens): number =>
    Math.min(
      wall === null ? Infinity : wall + record.skew,
      // Shared time knows of a clock that was set back since.
      generation === record.generation ? record.tokenExpiresAt : Infinity,
    )

  const pause = (failures: number): number =>
    Math.min(LONGEST_PAUSE, 1e3 * 2 ** (failures - 1)) * (0.5 + ports.random() / 2)

  const pausedUntil = (record: SharedRecord): number => Math.max(record.retryAt, unreached.until)

  const newGeneration = (id: string, generation: number, tokens: TokenResponse): [StoredTokens, TokenTimes] => {
    const now = host.now()
    const life = Number(tokens.expires_in) * 1e3
    const lives = life > 0 && life < Infinity
    return [
      { id, generation, tokens, expiresAt: lives ? ports.clock().wall + life : null },
      { generation, tokenAt: now, tokenExpiresAt: lives ? now + life : Infinity },
    ]
  }

  const replace: Refresh['replace'] = async (id, generation, given) => {
    const [next, times] = newGeneration(id, generation + 1, given)
    if (!(await keeper.put(next))) keeper.hold(next)
    return times
  }

  const ask = async (tokens: StoredTokens | null): Promise<TokenResponse> => {
    const once = (limit: number): Promise<TokenResponse> =>
      within(ports.after, limit, host.signal(), async (signal) =>
        checkTokens(await server?.refresh?.(tokens?.tokens ?? null, { signal })),
      )
    try {
      return await once(FIRST_TRY)
    } catch (error) {
      // The server may have rotated while its answer was lost. Those with a grace period answer the old token once more.
      if (!['timeout', 'offline'].includes(asError(error).code) || !ports.online()) throw error
      return once(SECOND_TRY)
    }
  }

  const commit = async (id: string, used: StoredTokens | null, reply: TokenResponse): Promise<StoredTokens> => {
    const generation = Math.max(used?.generation ?? 0, host.live(id).generation) + 1
    // RFC 6749 §6: without a new refresh token the old one stays in force.
    const kept = used?.tokens.refresh_token
    const tokens = reply.refresh_token || !kept ? reply : { ...reply, refresh_token: kept }
    const [next, times] = newGeneration(id, generation, tokens)
    if (!(await keeper.put(next, used))) {
      const newer = await keeper.get(id, generation)
      host.live(id)
      if (newer && newer.generation >= generation) return newer
      keeper.hold(next)
    }
    try {
      host.live(id)
    } catch (error) {
      // The session ended while this was stored. Its end has cleared the store, perhaps a moment too early.
      await keeper.clear(id)
      throw error
    }
    host.step('refreshed', { type: 'tokens', id, ...times }, true)
    return next
  }

  const fail = (id: string, error: SessionError): void => {
    const record = host.live(id)
    const { code } = error
    if (code === 'no_tokens') {
      empty = `${id} ${String(record.generation)}`
      return
    }
    if (code === 'rejected') {
      host.step('rejected', { type: 'end', id, reason: 'rejected' })
      return
    }
    const now = host.now()
    lastFailure = error
    if (code === 'offline') {
      ranOffline = true
      const count = unreached.count + 1
      unreached = { count, until: ports.online() ? now + pause(count) : 0 }
      host.failed(error, null)
      return
    }
    const { generation, failures, skew } = record
    const told = error.retryAt === undefined ? 0 : (error.retryAt + skew - now) * (1 + ports.random() / 5)
    host.step('refresh failed', {
      type: 'refreshFailed',
      id,
      generation,
      retryAt: now + Math.max(told, pause(failures + 1)),
    })
    host.failed(error, host.live(id).retryAt - skew)
  }

  /** Under the lock: adopt what another tab got, else ask the server and commit. */
  const turn = async (id: string, seen: number): Promise<StoredTokens> => {
    const stored = await keeper.peek()
    if (stored && stored.id !== id) await keeper.clear(stored.id)
    const record = host.live(id)
    const used = await keeper.get(id, Math.max(seen + 1, record.generation))
    if (used && used.generation > seen) return used
    mayTry(host.live(id))
    // Its refresh token has been used: the newer one was lost with the tab that could not store it.
    if (used && used.generation < record.generation) throw noTokens()
    try {
      const reply = await ask(used)
      unreached = { count: 0, until: 0 }
      lastFailure = null
      return await commit(id, used, reply)
    } catch (thrown) {
      const error = asError(thrown)
      if (error.code !== 'signed_out') fail(id, error)
      throw error
    }
  }

  const mayTry = (record: SharedRecord): void => {
    const until = pausedUntil(record)
    if (until <= host.now()) return
    const retryAt = until - record.skew
    const message = 'The server could not be asked a moment ago. Nobody asks again before `retryAt`.'
    throw new SessionError(lastFailure?.code ?? 'server', { message, retryAt, cause: lastFailure })
  }

  const run = async (seen: number): Promise<StoredTokens> => {
    const { id } = host.live()
    if (!server?.refresh) throw noTokens()
    if (!ports.online()) {
      ranOffline = true
      throw new SessionError('offline', {
        message: 'The browser is offline. The session stays; try again once it is online.',
      })
    }
    mayTry(host.live(id))
    try {
      return await host.exclusive(LOCK_WAIT, () => turn(id, seen))
    } finally {
      host.drain()
    }
  }

  const newer: Refresh['newer'] = (seen) =>
    (flight ??= Promise.resolve(seen)
      .then(run)
      .finally(() => {
        flight = null
      }))

  const ahead = (record: SharedRecord): void => {
    if (flight || !ports.online() || pausedUntil(record) > host.now()) return
    if (empty !== `${record.id} ${String(record.generation)}`) newer(record.generation).catch(() => undefined)
  }

  return {
    newer,
    ahead,
    replace,
    pausedUntil: () => unreached.until,
    online() {
      if (!ranOffline) return
      ranOffline = false
      unreached = { count: 0, until: 0 }
      ahead(host.live())
    },
    async use({ minValidity = 0, forceRefresh = false }) {
      const { id, generation } = host.live()
      let tokens = await keeper.get(id, generation)
      const isValid = (left: number): boolean => !!tokens && expiresAt(host.live(id), tokens) > host.now() + left
      if (forceRefresh || !isValid(minValidity)) {
        try {
          tokens = await newer(tokens?.generation ?? generation)
        } catch (error) {
          if (asError(error).code === 'signed_out' || !isValid(0)) {
            host.live(id)
            throw error
          }
        }
      } else if (policy.canRefresh && refreshAt(host.live(id), policy) <= host.now()) ahead(host.live(id))
      // What was waited for proves that it is still wanted: by this session, on this side of its deadline.
      host.live(id)
      if (!tokens) throw noTokens()
      return tokens
    },
  }
}

const noTokens = (): SessionError =>
  new SessionError('no_tokens', {
    message: 'The session lives, but this tab has no tokens for it. Give it some with setTokens(), or sign in again.',
  })

/** What a server or the browser threw, as one of our errors. `fetch` rejects with a TypeError when nothing came back. */
function asError(thrown: unknown): SessionError {
  if (isSessionError(thrown)) return thrown
  const isNetwork = thrown instanceof TypeError
  return new SessionError(isNetwork ? 'offline' : 'server', {
    message: isNetwork
      ? 'The server could not be reached. The session stays; this is tried again.'
      : 'The server call failed in an unexpected way. The session stays; this is tried again.',
    cause: thrown,
  })
}
