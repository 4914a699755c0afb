import { ending, failure } from '../core/changes.js'
import type { SharedRecord } from '../core/record.js'
import { SessionError, sessionError, toSessionError, withLink } from '../errors.js'
import { networkOf } from '../plugins/network.js'
import { latestOf } from '../session/context.js'
import type { StoredTokens } from '../types.js'
import { backoff, sleep } from '../util/async.js'
import { BETWEEN_TRIES, PROPAGATION_DELAY, quietAfter, SECOND_TRY } from '../util/timing.js'
import { tokensFor } from './resource-tokens.js'
import { createTokenRequest } from './token-request.js'
import type { TokenCache } from './token-cache.js'
import type { TokenWriter } from './token-writer.js'
import type { TokensContext } from './tokens-context.js'
import { DEVELOPMENT } from '../util/development.js'

/** The work of one tab while it holds the refresh lock. */
export interface RefreshTurn {
  /**
   * Adopts what another tab got, else asks the server and stores its answer. `acquire`: waits for the lock anew, where the browser
   * took it away. `until`: the end of the second try, by the monotonic clock. Returns all that is stored, also for a `resource`.
   */
  readonly refreshUnderLock: (
    id: string,
    seen: number,
    resource: string,
    acquire: () => Promise<StoredTokens>,
    isLost?: () => boolean,
    until?: number,
  ) => Promise<StoredTokens>
  /** Throws while the back-off of all tabs lasts. */
  readonly assertBackoffOver: (record: SharedRecord) => void
  /** Whether this failure of this tab has begun the back-off. */
  readonly isNewBackoff: (error: SessionError) => boolean
  /** Whether nobody has tokens for this session and generation. */
  readonly hasNoTokens: (record: SharedRecord) => boolean
  /** A background refresh of this session and generation waits for the network. */
  readonly noteMissed: (record: SharedRecord) => void
  readonly wasMissed: (record: SharedRecord) => boolean
}

export const noTokens = (): SessionError =>
  sessionError(
    'no_tokens',
    DEVELOPMENT && 'The session lives, but there are no tokens for it here. Bring some with setTokens().',
  )

const keyOf = ({ id, generation }: SharedRecord): string => id + String(generation)

export function createRefreshTurn(
  context: TokensContext,
  cache: TokenCache,
  { clearForeign, noteGeneration, newerThan, commit }: TokenWriter,
): RefreshTurn {
  const { ports, config, server } = context
  const network = networkOf(context)
  let lastFailure: SessionError | undefined
  let noTokensFor: string | undefined
  let missedOffline: string | undefined

  /** The server sent no tokens. A refusal of tokens that have been replaced since does not end the session. */
  const refused = async (
    id: string,
    used: StoredTokens | null,
    generation: number,
    error: SessionError,
  ): Promise<StoredTokens> => {
    network.noteOutcome(error.code)
    if (error.code === 'rejected') {
      const newer = await newerThan(id, used)
      if (newer) return noteGeneration(newer)
      // Only another tab may have them.
      if (latestOf(context, id).generation > generation) throw noTokens()
      context.step('rejected', id, ending('rejected'), true)
    }
    throw error
  }

  const requestTokens = createTokenRequest(context, commit, refused)

  /** Notes a failure for all tabs. Returns it with the time of the next call: the server names an earlier one, or none. */
  const fail = (id: string, error: SessionError): SessionError => {
    const record = latestOf(context, id)
    const { code, retryAt: wantedAt = 0 } = error
    const now = context.now()
    // While the browser itself is offline there is no back-off: it says when it is online.
    missedOffline = code === 'offline' ? keyOf(record) : undefined
    if (!missedOffline || !network.isOffline()) {
      const wanted = Math.max(0, wantedAt + record.skew - now) * (1 + ports.random() / 5)
      // The request may still be served.
      const quiet = code === 'timeout' ? quietAfter(config.requestTimeout) : 0
      context.step('refresh failed', id, failure(now + Math.max(wanted, quiet, backoff(record.failures, ports.random))))
    }
    const { retryAt, skew } = latestOf(context, id)
    const { message, cause } = error
    lastFailure = retryAt > now ? new SessionError(code, { message, cause, retryAt: retryAt - skew }) : error
    context.enqueue('refreshFailed', { error: lastFailure, retryAt: retryAt > now ? retryAt - skew : null })
    return lastFailure
  }

  /**
   * Nobody can refresh `used`. Where all tabs share the store and it has nothing for the record, the tokens are gone and so is the
   * session: it was signed out, and only the store knows; or somebody emptied the store. Runs under the lock. Returns where newer
   * tokens are there now.
   */
  const lost = async (id: string, used: StoredTokens | null, error = noTokens()): Promise<void> => {
    const { generation, unstored } = context.requireLive(id)
    if (generation && !unstored && (await cache.isMissing(id, generation))) {
      // The tokens, the record of a sign-out or that of another sign-in may be on their way: each process reads its own copy of
      // localStorage.
      await sleep(ports.after, PROPAGATION_DELAY, context.signal())
      const isStill = context.requireLive(id).generation === generation && (await cache.isMissing(id, generation))
      context.requireLive(id)
      if (isStill) context.step('wiped', id, ending('wiped'))
    }
    const found = await cache.get(id, context.requireLive(id).generation)
    const record = context.requireLive(id)
    if (found && found.generation > (used?.generation ?? -1)) return
    noTokensFor = keyOf(record)
    throw error
  }

  const assertBackoffOver: RefreshTurn['assertBackoffOver'] = ({ retryAt, skew }) => {
    if (retryAt <= context.now()) return
    const at = retryAt - skew
    // The failure of another tab is not known here.
    const known = lastFailure?.retryAt === at ? lastFailure : undefined
    const code = known?.code ?? 'server'
    throw new SessionError(code, {
      ...(DEVELOPMENT && {
        message: withLink(code, 'The server failed a moment ago. Nobody asks again before `retryAt`.'),
      }),
      retryAt: at,
      cause: known,
    })
  }

  const refreshUnderLock: RefreshTurn['refreshUnderLock'] = async (id, seen, resource, acquire, isLost, until) => {
    await clearForeign(id)
    const { generation } = context.requireLive(id)
    // The newest: a tab that waited long for the lock may hold a generation in between, which has expired as well. The token of a
    // resource is older than the refresh token that gets the next one, which another tab may have used.
    const used = await cache.get(id, resource ? generation + 1 : Math.max(seen + 1, generation))
    // Without locks another tab may have asked the server meanwhile.
    const record = context.requireLive(id)
    const onceTheyAreThere = async (error?: SessionError): Promise<StoredTokens> => {
      await lost(id, used, error)
      return refreshUnderLock(id, seen, resource, acquire, isLost, until)
    }
    const known = tokensFor(used, resource)
    if (used && known && known.generation > seen) return noteGeneration(used)
    if (!server?.refresh || (resource && !used)) return onceTheyAreThere()
    assertBackoffOver(record)
    // Its refresh token, where there is one, has been used: the newer one was lost with the tab that could not store it.
    if (used?.tokens.refresh_token && used.generation < record.generation) return onceTheyAreThere()
    // WebKit takes the lock from a page that it puts into the back/forward cache.
    if (isLost?.()) return acquire()
    const { requestTimeout } = config
    const { mono } = ports.clock()
    try {
      const limit = Math.min(requestTimeout, Math.max((until ?? Infinity) - mono, SECOND_TRY))
      return await requestTokens(id, used, limit, resource)
    } catch (thrown) {
      const error = toSessionError(thrown)
      // The server may have rotated while its answer was lost. Those with a grace period answer the old token once more.
      if (!until && error.code === 'offline' && !network.isOffline()) {
        // A page that is being left loses its requests first and lives on for a moment: the next page is to ask, not this one.
        await sleep(ports.after, BETWEEN_TRIES, context.signal())
        // From the start: another tab may have come in between.
        return refreshUnderLock(id, seen, resource, acquire, isLost, mono + requestTimeout)
      }
      if (error.code === 'no_tokens') return onceTheyAreThere(error)
      // `invalid_options`: the server does not know this resource. It must not stop the refresh that all others need.
      if (!['signed_out', 'rejected', resource && 'invalid_options'].includes(error.code)) throw fail(id, error)
      throw error
    }
  }

  return {
    refreshUnderLock,
    assertBackoffOver,
    isNewBackoff: (error) => error === lastFailure && (context.liveRecord()?.retryAt ?? 0) > context.now(),
    hasNoTokens: (record) => noTokensFor === keyOf(record),
    noteMissed(record) {
      missedOffline = keyOf(record)
    },
    wasMissed: (record) => missedOffline === keyOf(record),
  }
}
