import { refreshAt } from '../core/deadlines.js'
import type { SharedRecord } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { SessionContext } from '../session/context.js'
import type { Session, StoredTokens } from '../types.js'
import { DEVELOPMENT } from '../util/development.js'
import { until } from './until.js'

/** Which token of one session a connection may be tried with, and when. */
export interface TokenGate {
  /** Whether there is a token, or the session may refresh for one. Always true for a session by cookie. */
  readonly isOpen: () => boolean
  /** Resolves when the gate is open, or `signal` aborts. */
  readonly opening: (signal: AbortSignal) => Promise<void>
  /** The token; null for a session by cookie. */
  readonly take: () => Promise<StoredTokens | null>
  /** The server refused a token of this generation (0: it got none). False: there is nothing left to try. */
  readonly refuse: (generation: number) => boolean
}

/**
 * A connection refreshes as the session's timer does, and no more: only for a user who has been active since the token was issued.
 * Else a server that closes connections when their token expires would keep the grant of an idle user alive.
 */
export function createTokenGate(session: Session, context: SessionContext, id: string): TokenGate {
  const { config, liveRecord: current, requireLive: live, server } = context
  const canRefresh = !!server?.refresh
  /** Tokens up to this generation were refused. */
  let refusedUpTo = -1
  /** The generation that came because the one before was refused. */
  let forced = 0

  /** Whether the token can be used without a refresh: ahead of its end the session refreshes for whoever asks for it. */
  const isFresh = (record: SharedRecord): boolean =>
    Math.min(record.tokenExpiresAt, refreshAt(record, config)) > context.now()

  const isOpen = (): boolean => {
    const record = current()
    if (!record || !context.tokens()) return true
    // A sign-in is the user's (0): a token that is refused right after it may be replaced.
    const active = canRefresh ? record.activeAt - Math.max(record.startedAt, record.tokenAt) : -1
    return active > 0 || (isFresh(record) && (record.generation > refusedUpTo || active === 0))
  }

  /** A page that was frozen or left in the middle may come back much later, to a user who was away. */
  const assertOpen = (): void => {
    if (!isOpen())
      throw sessionError('no_tokens', DEVELOPMENT && 'The token has expired, and nobody has been active since it came.')
  }

  return {
    isOpen,
    async opening(signal) {
      // Activity and newer tokens, of any tab, are steps of the session: this needs no timer.
      if (!isOpen()) await until(signal, (done) => session.inspect(() => isOpen() && done()))
    },
    async take() {
      const { generation } = live(id)
      const tokens = context.tokens()
      if (!tokens || !(generation || canRefresh)) return null
      // Not ahead of its end: reading the store may take until then, for a user who does nothing.
      let found = generation <= refusedUpTo ? null : await tokens.use(0, false, assertOpen)
      // The generation of the record counts refreshes for other APIs as well, which bring no token for this server.
      const isForced = !found || found.generation <= refusedUpTo
      if (!found || isForced) {
        assertOpen()
        found = await tokens.newer(id, refusedUpTo)
      }
      // The wait may have passed the end of the session.
      live(id)
      if (isForced) forced = found.generation
      return found
    },
    refuse(generation) {
      const record = current()
      // A newer token may help. Where this one came for the last refusal, it did not.
      if (!record || !generation || (generation === forced && generation >= record.generation && isFresh(record)))
        return false
      refusedUpTo = generation
      return true
    },
  }
}
