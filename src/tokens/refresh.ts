import type { SharedRecord } from '../core/record.js'
import { ending, failure, type TokenTimes } from '../core/reduce.js'
import { refreshAt, type Policy } from '../core/time.js'
import { asError, failed, SessionError } from '../errors.js'
import type { Host } from '../host.js'
import { pause, rest, SPREADING, within } from '../limit.js'
import type { Ports } from '../ports/types.js'
import type { SessionServer, StoredTokens, TokenResponse } from '../types.js'
import { checkTokens } from '../token-response.js'
import type { Keeper } from './keeper.js'
import { grantEnds } from './lifetimes.js'

export interface Refresh {
  /** Tokens that can be used now, refreshed if need be. */
  readonly use: (minValidity?: number, force?: boolean) => Promise<StoredTokens>
  /** Newer tokens of session `id` than `generation`, once for all tabs and callers. */
  readonly newer: (id: string, generation: number) => Promise<StoredTokens>
  /** A refresh before need; nobody waits for it. */
  readonly ahead: (record: SharedRecord) => void
  readonly online: () => void
  /** Removes what lies there of another session than `id`: left by one that is over. Throws where that one has just begun. */
  readonly tidy: (id: string) => Promise<void>
  /** Stores what the application brings for session `id`, as what follows `generation`; run it under the lock. */
  readonly replace: (id: string, generation: number, given: TokenResponse, givenAt: number) => Promise<TokenTimes>
}

const LOCK_WAIT = 15e3
/** All three together, and SPREADING, are shorter than the lock's wait, so that those who wait get their turn. */
const FIRST_TRY = 10e3
const BETWEEN_TRIES = 5e2
const SECOND_TRY = 3.5e3
const RECEIVING = 5e3

const noTokens = (): SessionError =>
  failed('no_tokens', 'The session lives, but there are no tokens for it here. Bring some with setTokens().')

export function createRefresh(
  host: Host,
  keeper: Keeper,
  server: SessionServer | undefined,
  ports: Ports,
  policy: Policy,
): Refresh {
  /** The refresh that is under way, and whose. */
  let flight: { readonly id: string; readonly result: Promise<StoredTokens> } | null = null
  let lastFailure: SessionError | undefined
  /** The session and generation that nobody has tokens for. */
  let empty: string | undefined
  /** The session and generation whose successor was wanted while there was no network. */
  let missed: string | undefined

  const name = ({ id, generation }: SharedRecord): string => id + String(generation)

  /**
   * `givenAt`: when the application brought them, which may bring what is dead by now. A server that answers with a life of 0
   * states none.
   */
  const times = (
    id: string,
    generation: number,
    tokens: TokenResponse,
    givenAt?: number,
    used?: StoredTokens | null,
  ): [StoredTokens, TokenTimes] => {
    const life = Math.max(0, (tokens.expires_in ?? NaN) * 1e3)
    const lives = (givenAt !== undefined || life > 0) && life < Infinity
    const now = host.now()
    const tokenAt = givenAt ?? now
    return [
      { id, generation, tokens, expiresAt: lives ? ports.clock().wall + tokenAt - now + life : null },
      {
        generation,
        tokenAt,
        tokenExpiresAt: lives ? tokenAt + life : Infinity,
        ...grantEnds(tokens, tokenAt, used?.tokens, used && host.current()),
      },
    ]
  }

  const tidy: Refresh['tidy'] = async (id) => {
    const stored = await keeper.peek()
    if (!stored || stored.id === id) return
    // Word of it may be on its way.
    await rest(ports.after, SPREADING, host.signal())
    host.live(id)
    await keeper.clear(stored.id)
  }

  const replace: Refresh['replace'] = async (id, generation, given, givenAt) => {
    await within(ports.after, RECEIVING, null, async (signal) =>
      server?.receive?.(given, { signal, degraded: host.degraded }),
    )
    const [next, known] = times(id, generation + 1, given, givenAt)
    await keeper.put(next)
    return known
  }

  const ask = async (id: string, used: StoredTokens | null, limit: number): Promise<TokenResponse> => {
    // Each try is an act of its own: a laptop may have slept past the deadline since the last.
    host.live(id, 'refresh')
    const reply = await within(ports.after, limit, host.signal(), async (signal) =>
      checkTokens(await server?.refresh?.(used?.tokens ?? null, { signal })),
    )
    // RFC 6749 §5.1 and §6: without a new refresh token the old one stays in force, and without a scope it is the same. OpenID
    // Connect Core §12.2: a refresh need not bring an ID token, which a sign-out at the server may ask for.
    const kept: Record<string, unknown> = {}
    for (const key of ['refresh_token', 'id_token', 'scope']) {
      const value = used?.tokens[key]
      if (value && !reply[key]) kept[key] = value
    }
    return { ...reply, ...kept }
  }

  /** A tab may die between storing tokens and saying so: whoever finds them says it. */
  const adopted = (found: StoredTokens): StoredTokens => {
    const { id, generation, tokens, expiresAt } = found
    const record = host.live(id)
    const tokenExpiresAt = (expiresAt ?? Infinity) + record.skew
    const tokenAt = tokenExpiresAt - Number(tokens.expires_in) * 1e3
    if (generation > record.generation)
      host.step(
        'adopted',
        id,
        () => ({ generation, tokenAt, tokenExpiresAt, ...grantEnds(tokens, tokenAt, tokens, record) }),
        true,
      )
    return found
  }

  const commit = async (id: string, used: StoredTokens | null, tokens: TokenResponse): Promise<StoredTokens> => {
    const [next, known] = times(
      id,
      Math.max(host.live(id).generation, used?.generation ?? 0) + 1,
      tokens,
      undefined,
      used,
    )
    if (!(await keeper.put(next, used))) {
      // Something else is stored: newer tokens, or none since the session ended, or none because somebody emptied the store.
      const newer = await keeper.get(id, next.generation)
      host.live(id)
      if (newer && newer.generation >= next.generation) return adopted(newer)
      await keeper.put(next)
    }
    try {
      host.live(id)
    } catch (error) {
      // The session's end cleared the store, perhaps a moment too early; or it comes to that later, and finds nothing to revoke.
      if (!host.isClosed()) void host.wipe(id)
      throw error
    }
    // Activity that is known is older than these tokens, even if it lies a little ahead by the clock of another tab.
    host.step('refreshed', id, ({ activeAt }) => ({ ...known, tokenAt: Math.max(known.tokenAt, activeAt) }), true)
    return next
  }

  const fail = (id: string, error: SessionError): void => {
    const record = host.live(id)
    const { code, retryAt: toldAt = 0 } = error
    if (code === 'no_tokens') empty = name(record)
    else if (code === 'rejected') host.step(code, id, ending(code), true)
    else {
      const now = host.now()
      // While the browser itself is offline there is no back-off: it will say when it is online.
      missed = code === 'offline' ? name(record) : undefined
      if (!missed || ports.online()) {
        const told = Math.max(0, toldAt + record.skew - now) * (1 + ports.random() / 5)
        host.step('refresh failed', id, failure(now + Math.max(told, pause(record.failures, ports.random))))
      }
      lastFailure = error
      const { retryAt, skew } = host.live(id)
      host.tell('refreshFailed', { error, retryAt: retryAt > now ? retryAt - skew : null })
    }
  }

  const mayTry = ({ retryAt, skew }: SharedRecord): void => {
    if (retryAt <= host.now()) return
    throw new SessionError(lastFailure?.code ?? 'server', {
      message: 'The server failed a moment ago. Nobody asks again before `retryAt`.',
      retryAt: retryAt - skew,
      cause: lastFailure,
    })
  }

  /** Under the lock: adopt what another tab got, else ask the server and commit. */
  const turn = async (id: string, seen: number, isLost?: () => boolean, limit = FIRST_TRY): Promise<StoredTokens> => {
    await tidy(id)
    const record = host.live(id)
    const used = await keeper.get(id, seen + 1)
    if (used && used.generation > seen) return adopted(used)
    mayTry(record)
    // Its refresh token has been used: the newer one was lost with the tab that could not store it.
    if (used && used.generation < record.generation) {
      empty = name(record)
      throw noTokens()
    }
    // WebKit takes the lock from a page that it puts into the back/forward cache.
    if (isLost?.()) return run(id, seen)
    try {
      return await commit(id, used, await ask(id, used, limit))
    } catch (thrown) {
      const error = asError(thrown)
      // The server may have rotated while its answer was lost. Those with a grace period answer the old token once more.
      if (limit === FIRST_TRY && ['timeout', 'offline'].includes(error.code) && ports.online()) {
        // A page that is being left loses its requests first and lives on for a moment: the next page is to ask, not this one.
        await rest(ports.after, BETWEEN_TRIES, host.signal())
        // From the start: another tab may have come in between.
        return turn(id, seen, isLost, SECOND_TRY)
      }
      if (error.code !== 'signed_out') fail(id, error)
      throw error
    }
  }

  const run = async (id: string, seen: number): Promise<StoredTokens> => {
    host.live(id)
    if (!server?.refresh) throw noTokens()
    // What is known of network and server before somebody opens the page is no reason to fail.
    await host.opening()
    const record = host.live(id)
    missed = ports.online() ? undefined : name(record)
    if (missed) throw failed('offline', 'The browser is offline. The session stays; try again when it is online.')
    mayTry(record)
    return host.exclusive(LOCK_WAIT, (isLost) => turn(id, seen, isLost))
  }

  const newer: Refresh['newer'] = (id, seen) => {
    if (flight?.id !== id) {
      const result = Promise.resolve()
        .then(() => run(id, seen))
        .finally(() => {
          if (flight === mine) flight = null
        })
      const mine = (flight = { id, result })
    }
    // The one that is under way may have been asked for less.
    return flight.result.then((tokens) => (tokens.generation > seen ? tokens : newer(id, seen)))
  }

  const ahead = (record: SharedRecord): void => {
    if (empty !== name(record)) newer(record.id, record.generation).catch(() => undefined)
  }

  return {
    newer,
    ahead,
    tidy,
    replace,
    online() {
      const record = host.current()
      // Another tab may have got it meanwhile.
      if (record && missed === name(record)) ahead(record)
    },
    async use(minValidity = 0, force = false) {
      const { id, generation } = host.live()
      let tokens = await keeper.get(id, generation)
      if (tokens) adopted(tokens)
      const isValid = (left: number): boolean => {
        const record = host.live(id)
        if (!tokens) return false
        // Shared time knows of a clock that was set back since the store was written.
        const known = tokens.generation === record.generation ? record.tokenExpiresAt : Infinity
        // What no token can give must not cause a refresh at each call.
        const life = record.tokenExpiresAt - record.tokenAt
        const wanted = left < life ? left : life / 2
        return Math.min(known, (tokens.expiresAt ?? Infinity) + record.skew) > host.now() + wanted
      }
      if (force || !isValid(minValidity)) {
        try {
          tokens = await newer(id, tokens?.generation ?? generation)
          // What another tab had got may be dead by now: the machine slept.
          if (!isValid(0)) tokens = await newer(id, tokens.generation)
        } catch (error) {
          if (!isValid(0)) throw error
        }
      } else if (policy.canRefresh && refreshAt(host.live(id), policy) <= host.now()) ahead(host.live(id))
      // What was waited for proves that it is still wanted: by this session, on this side of its deadline.
      host.live(id)
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- what is valid is there; all else threw
      return tokens!
    },
  }
}
