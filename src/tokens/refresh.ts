import type { SharedRecord } from '../core/record.js'
import { ending, failure, type TokenTimes } from '../core/changes.js'
import { refreshAt, type Policy } from '../core/deadlines.js'
import { asError, failed, SessionError } from '../errors.js'
import type { Host } from '../session/context.js'
import { pause, rest, within } from '../util/async.js'
import type { Ports } from '../ports/types.js'
import { BETWEEN_TRIES, lockWait, quietAfter, SECOND_TRY, SPREADING } from '../util/timing.js'
import type { SessionServer, StoredTokens, TokenResponse } from '../types.js'
import { checkTokens } from './token-response.js'
import type { Keeper } from './token-cache.js'
import { grantEnds } from './lifetimes.js'

export interface Refresh {
  /** Tokens that can be used now, refreshed if need be. */
  readonly use: (minValidity?: number, force?: boolean) => Promise<StoredTokens>
  /** Newer tokens of session `id` than `generation`, once for all tabs and callers. */
  readonly newer: (id: string, generation: number) => Promise<StoredTokens>
  /** A refresh before need; nobody waits for it. */
  readonly ahead: (record: SharedRecord) => void
  readonly online: () => void
  /** A page that opens looks whether the store has the tokens that the record speaks of. */
  readonly findLost: () => Promise<void>
  /** Removes what lies there of another session than `id`: left by one that is over. Throws where that one has just begun. */
  readonly tidy: (id: string) => Promise<void>
  /** Stores what the application brings for session `id`, as what follows `generation`; run it under the lock. */
  readonly replace: (id: string, generation: number, given: TokenResponse, givenAt: number) => Promise<TokenTimes>
}

const RECEIVING = 5e3
const noop = (): void => undefined

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
   * `givenAt`: when the application brought them, by the wall clock, for shared time may have been raised since; it may bring what
   * is dead by now. A server that answers with a life of 0 states none.
   */
  const times = (
    id: string,
    generation: number,
    tokens: TokenResponse,
    givenAt?: number,
    used?: StoredTokens | null,
  ): [StoredTokens, (kept: StoredTokens) => TokenTimes] => {
    const life = Math.max(0, (tokens.expires_in ?? NaN) * 1e3)
    const lives = (givenAt !== undefined || life > 0) && life < Infinity
    const wall = ports.wall()
    const at = Math.min(givenAt ?? wall, wall)
    const expiresAt = lives ? at + life : null
    const next = { id, generation, tokens, expiresAt }
    return [
      next,
      // Whether they could be stored is known later.
      (kept) => {
        // Where the clock was set back since, no token comes from the future, though nobody else may know of it.
        const tokenAt = host.now() - Math.max(0, ports.wall() - at)
        const record = host.current()
        const before = record?.id === id ? record : undefined
        const ends = grantEnds(tokens, tokenAt, used?.tokens, used && before)
        const isTold = Math.min(ends.refreshEndsAt, ends.grantEndsAt, before?.refreshEndsAt ?? Infinity) < Infinity
        return {
          generation: kept.generation,
          tokenAt,
          tokenExpiresAt: lives ? tokenAt + life : Infinity,
          ...ends,
          // Other tabs do not share these tokens. What the server says of them is its word on the session all the same.
          ...(!policy.sharesTokens &&
            isTold && {
              serverAt: tokenAt,
              serverIdleEndsAt: before?.serverIdleEndsAt ?? Infinity,
              serverAbsoluteEndsAt: Math.min(ends.refreshEndsAt, ends.grantEndsAt),
            }),
          unstored: Number(keeper.isUnstored(kept)),
        }
      },
    ]
  }

  const tidy = async (id: string, live: (id: string) => SharedRecord = host.live): Promise<void> => {
    const stored = await keeper.peek()
    if (!stored || stored.id === id) return
    // Word of it may be on its way.
    await rest(ports.after, SPREADING, host.signal())
    live(id)
    await keeper.clear(stored.id)
  }

  const replace: Refresh['replace'] = async (id, generation, given, givenAt) => {
    await within(ports.after, RECEIVING, null, async (signal) =>
      server?.receive?.(given, { signal, degraded: host.degraded }),
    )
    const [next, known] = times(id, generation + 1, given, givenAt)
    const { replaced, kept } = await keeper.replace(next)
    // The tab that ended that session finds its tokens no more, and cannot revoke them. Those of one that lives are left alone: a
    // server may count old and new tokens as one grant.
    if (replaced && host.lastEnded()?.id === replaced.id && replaced.tokens.refresh_token !== given.refresh_token)
      void host.wipe(replaced.id, replaced.tokens)
    return known(kept)
  }

  const send = async (used: StoredTokens | null, signal: AbortSignal): Promise<TokenResponse> => {
    const reply = checkTokens(await server?.refresh?.(used?.tokens ?? null, { signal }))
    // RFC 6749 §5.1 and §6: without a new refresh token the old one stays in force, and without a scope it is the same. OpenID
    // Connect Core §12.2: a refresh need not bring an ID token, which a sign-out at the server may ask for.
    const kept: Record<string, unknown> = {}
    for (const key of ['refresh_token', 'id_token', 'scope']) {
      const value = used?.tokens[key]
      if (value && !reply[key]) kept[key] = value
    }
    return { ...reply, ...kept }
  }

  /**
   * Asks the server, and waits `limit` ms at most. What comes later counts as well, as long as the session lives, and so does what
   * comes after `destroy()`: the server may have rotated, and whoever came next with the old token would end the session.
   */
  const ask = (id: string, used: StoredTokens | null, limit: number): Promise<StoredTokens> => {
    // Each try is an act of its own: a laptop may have slept past the deadline since the last.
    const { generation } = host.live(id, 'refresh')
    let hear = noop
    const heard = new Promise<void>((resolve) => {
      hear = resolve
    })
    const result = within(ports.after, limit + policy.requestTimeout, host.ended(), (signal) =>
      send(used, signal)
        .finally(hear)
        .then(
          (tokens) => {
            host.reach.heard()
            return commit(id, used, tokens)
          },
          (thrown: unknown) => refused(id, used, generation, asError(thrown)),
        ),
    )
    result.catch(hear)
    return within(ports.after, limit, null, () => heard).then(() => result)
  }

  /** A tab may die between storing tokens and saying so: whoever finds them says it. */
  const adopted = (found: StoredTokens): StoredTokens => {
    const { id, generation, tokens, expiresAt } = found
    const record = host.latest(id)
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
    let isStored = false
    try {
      const generation = Math.max(host.latest(id).generation, used?.generation ?? 0) + 1
      const [next, known] = times(id, generation, tokens, undefined, used)
      let kept = next
      isStored = await keeper.put(next, used)
      if (!isStored) {
        // Something else is stored: newer tokens, or none since the session ended, or none because somebody emptied the store.
        const newer = await newerThan(id, used)
        if (newer) return adopted(newer)
        await tidy(id, host.latest)
        kept = (await keeper.replace(next)).kept
        isStored = true
      }
      host.latest(id)
      const told = known(kept)
      // Activity that is known is older than these tokens, even if it lies a little ahead by the clock of another tab.
      host.step('refreshed', id, ({ activeAt }) => ({ ...told, tokenAt: Math.max(told.tokenAt, activeAt) }), true)
      return kept
    } catch (error) {
      // The session's end cleared the store, perhaps a moment too early; or it comes to that later, and finds nothing to revoke.
      const isNew = tokens.refresh_token !== used?.tokens.refresh_token
      void host.wipe(id, isNew && !isStored ? tokens : null)
      throw error
    }
  }

  /** What was stored since: by another tab's refresh, or by `setTokens()`. */
  const newerThan = async (id: string, used: StoredTokens | null): Promise<StoredTokens | null> => {
    const known = used?.generation ?? 0
    const found = await keeper.get(id, known + 1)
    host.latest(id)
    return found && found.generation > known ? found : null
  }

  /** No tokens came. A refusal of tokens that have been replaced since is none of the session's. */
  const refused = async (
    id: string,
    used: StoredTokens | null,
    generation: number,
    error: SessionError,
  ): Promise<StoredTokens> => {
    host.reach.heard(error.code)
    if (error.code === 'rejected') {
      const newer = await newerThan(id, used)
      if (newer) return adopted(newer)
      // Only another tab may have them.
      if (host.latest(id).generation > generation) throw noTokens()
      fail(id, error)
    }
    throw error
  }

  const fail = (id: string, error: SessionError): void => {
    const record = host.latest(id)
    const { code, retryAt: toldAt = 0 } = error
    if (code === 'rejected') host.step(code, id, ending(code), true)
    else {
      const now = host.now()
      // While the browser itself is offline there is no back-off: it will say when it is online.
      missed = code === 'offline' ? name(record) : undefined
      if (!missed || !host.reach.isOffline()) {
        const told = Math.max(0, toldAt + record.skew - now) * (1 + ports.random() / 5)
        // The request may still be served.
        const quiet = code === 'timeout' ? quietAfter(policy.requestTimeout) : 0
        host.step('refresh failed', id, failure(now + Math.max(told, quiet, pause(record.failures, ports.random))))
      }
      lastFailure = error
      const { retryAt, skew } = host.latest(id)
      host.tell('refreshFailed', { error, retryAt: retryAt > now ? retryAt - skew : null })
    }
  }

  /**
   * Nobody can refresh. Where all tabs share the store and it has nothing for the record, the tokens are gone and so is the
   * session: it was signed out, and only the store knows; or somebody emptied the store. Runs under the lock.
   */
  const lost = async (id: string, error = noTokens()): Promise<SessionError> => {
    const { generation, unstored } = host.live(id)
    if (generation && !unstored && (await keeper.isMissing(id, generation))) {
      // The record of a sign-out, or of another sign-in, may be on its way: each process reads its own copy of localStorage.
      await rest(ports.after, SPREADING, host.signal())
      const isStill = host.live(id).generation === generation && (await keeper.isMissing(id, generation))
      host.live(id)
      if (isStill) host.step('wiped', id, ending('wiped'), true)
    }
    empty = name(host.live(id))
    return error
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
  const turn = async (id: string, seen: number, isLost?: () => boolean, until?: number): Promise<StoredTokens> => {
    await tidy(id)
    const record = host.live(id)
    // The newest: whoever waited long for this turn may hold one in between, which has expired as well.
    const used = await keeper.get(id, Math.max(seen + 1, record.generation))
    if (used && used.generation > seen) return adopted(used)
    if (!server?.refresh) throw await lost(id)
    mayTry(record)
    // Its refresh token has been used: the newer one was lost with the tab that could not store it.
    if (used && used.generation < record.generation) throw await lost(id)
    // WebKit takes the lock from a page that it puts into the back/forward cache.
    if (isLost?.()) return run(id, seen)
    const { requestTimeout } = policy
    const { mono } = ports.clock()
    try {
      return await ask(id, used, Math.min(requestTimeout, Math.max((until ?? Infinity) - mono, SECOND_TRY)))
    } catch (thrown) {
      const error = asError(thrown)
      // The server may have rotated while its answer was lost. Those with a grace period answer the old token once more.
      if (!until && error.code === 'offline' && !host.reach.isOffline()) {
        // A page that is being left loses its requests first and lives on for a moment: the next page is to ask, not this one.
        await rest(ports.after, BETWEEN_TRIES, host.signal())
        // From the start: another tab may have come in between.
        return turn(id, seen, isLost, mono + requestTimeout)
      }
      if (error.code === 'no_tokens') throw await lost(id, error)
      if (error.code !== 'signed_out' && error.code !== 'rejected') fail(id, error)
      throw error
    }
  }

  const run = async (id: string, seen: number): Promise<StoredTokens> => {
    // A session by cookie has no tokens that could be lost.
    if (!host.live(id).generation && !server?.refresh) throw noTokens()
    // What is known of network and server before somebody opens the page is no reason to fail.
    await host.opening()
    const record = host.live(id)
    if (server?.refresh) mayTry(record)
    return new Promise((resolve, reject) => {
      host
        .exclusive(lockWait(policy.requestTimeout), (isLost) =>
          turn(id, seen, isLost).catch(async (thrown: unknown) => {
            const error = asError(thrown)
            if (error.code === 'timeout') {
              reject(error)
              // Whoever has the lock next is to read that nobody may ask now, while the request may still be served.
              await rest(ports.after, SPREADING, host.ended())
            }
            throw error
          }),
        )
        .then(resolve, reject)
    })
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
    if (empty === name(record)) return
    if (host.reach.mayTry()) newer(record.id, record.generation).catch(noop)
    else missed = name(record)
  }

  return {
    newer,
    ahead,
    tidy,
    replace,
    async findLost() {
      const record = host.current()
      if (!record?.generation) return
      const { id, generation } = record
      if (await keeper.isMissing(id, generation)) await newer(id, generation)
    },
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
          // Whoever forces a refresh wants to know that there was none. But first: an end of the session counts for more.
          if (!isValid(0) || force) throw error
        }
      } else if (policy.canRefresh && refreshAt(host.live(id), policy) <= host.now()) ahead(host.live(id))
      // What was waited for proves that it is still wanted: by this session, on this side of its deadline.
      host.live(id)
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- what is valid is there; all else threw
      return tokens!
    },
  }
}
