import { refreshAt } from '../core/deadlines.js'
import type { SharedRecord } from '../core/record.js'
import type { SessionContext } from '../session/context.js'
import type { Session, StoredTokens } from '../types.js'
import { onceAborted } from '../util/async.js'

/** Which token of one session a connection may be tried with, and when. */
export interface TokenGate {
  /** Whether there is one, or the session may refresh for one. Always true for a session by cookie. */
  readonly isOpen: () => boolean
  /** Resolves when the gate is open, or `signal` aborts. */
  readonly wait: (signal: AbortSignal) => Promise<void>
  /** The token; undefined for a session by cookie. */
  readonly take: () => Promise<StoredTokens | undefined>
  /** The server refused a token of this generation (0: it got none). False: there is nothing left to try. */
  readonly refused: (generation: number) => boolean
  /** Nobody has tokens of the session: wait for newer ones. */
  readonly missed: () => void
}

/**
 * A connection refreshes as a timer may, and no more: only for a user who has been active since the token was issued. Else a server
 * that closes connections when their token expires would keep the grant of an idle user alive for ever.
 */
export function createTokenGate(session: Session, context: SessionContext, id: string): TokenGate {
  const { config, server } = context
  /** A token up to this generation was refused. */
  let refusedUpTo = -1
  /** The generation that came because the one before was refused. */
  let forced = 0
  /** Up to this generation nobody has tokens. */
  let missedUpTo = -1

  const hasTokens = ({ generation }: SharedRecord): boolean =>
    !!context.tokens() && (generation > 0 || !!server?.refresh)
  /** Whether the token can be used without a refresh: the session refreshes ahead of its end for whoever asks for it then. */
  const isFresh = (record: SharedRecord): boolean =>
    Math.min(record.tokenExpiresAt, config.canRefresh ? refreshAt(record, config) : Infinity) > context.now()

  const isOpen = (): boolean => {
    const record = context.current()
    if (!record || !hasTokens(record)) return true
    const { generation, activeAt, startedAt, tokenAt } = record
    if (generation <= missedUpTo) return false
    const issuedAt = Math.max(startedAt, tokenAt)
    if (config.canRefresh && activeAt > issuedAt) return true
    // A sign-in is the user's: a token that is refused right after it may be replaced.
    return isFresh(record) && (generation > refusedUpTo || (config.canRefresh && activeAt === issuedAt))
  }

  return {
    isOpen,
    wait: (signal) =>
      new Promise((resolve) => {
        const done = new AbortController()
        const end = (): void => {
          done.abort()
          stop()
          resolve()
        }
        // Activity and newer tokens, of any tab, are steps of the session. No timer is needed.
        const stop = session.inspect(() => {
          if (isOpen()) end()
        })
        onceAborted(signal, end, done.signal)
        if (signal.aborted || isOpen()) end()
      }),
    async take() {
      const record = context.live(id)
      const tokens = context.tokens()
      if (!tokens || !hasTokens(record)) return undefined
      const isForced = record.generation <= refusedUpTo
      const found = await (isForced ? tokens.newer(id, refusedUpTo) : tokens.use())
      // The wait may have passed the end of the session.
      context.live(id)
      if (found.id !== id) throw context.signedOutError()
      if (isForced) forced = found.generation
      return found
    },
    refused(generation) {
      const record = context.current()
      if (!record || !generation) return false
      // A newer token may help. Where that came for the last refusal, it did not.
      if (record.generation <= generation && isFresh(record) && generation === forced) return false
      refusedUpTo = generation
      return true
    },
    missed() {
      missedUpTo = context.current()?.generation ?? -1
    },
  }
}
