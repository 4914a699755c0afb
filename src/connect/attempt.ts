import { sessionError } from '../errors.js'
import type { SessionContext } from '../session/context.js'
import type { Session } from '../types.js'
import { abortable, onceAborted } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import type { TokenGate } from './token-gate.js'
import type { Connection, ConnectionState, Run } from './types.js'

/** How long a connection may take until it is up. */
const UP_WITHIN = 3e4

/** The work of one connection. */
export interface AttemptParts {
  readonly session: Session
  readonly context: SessionContext
  readonly id: string
  readonly gate: TokenGate
  readonly run: Run
  readonly hold: boolean | undefined
  readonly tell: (state: ConnectionState) => void
}

/** What came of one connection. */
export interface Outcome {
  readonly reason: unknown
  /** The generation of the last token that it took; 0 where it took none. */
  readonly used: number
  /** For how long it was up, ms. */
  readonly lasted: number
}

const noop = (): void => undefined

/** Opens one connection with a valid token; resolves when it is over. `signal`: the session is over, or the page is left. */
export const attempt = (parts: AttemptParts, signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const { session, context, id, gate, run, hold, tell } = parts
    const { ports } = context
    const own = new AbortController()
    const senders: ((token: string) => void)[] = []
    let used = 0
    let upAt = NaN
    let cancelLimit = noop
    let release = noop

    const isOver = (): boolean => own.signal.aborted
    const finish = (reason?: unknown): void => {
      if (isOver()) return
      own.abort()
      cancelLimit()
      release()
      stopListening()
      resolve({ reason, used, lasted: ports.clock().mono - upAt || 0 })
    }
    /** Sends a token that is newer than the last one. */
    const renew = async (): Promise<void> => {
      const isNewer = (generation = 0): boolean => !isOver() && generation > used
      if (!(upAt >= 0) || !senders.length || !isNewer(context.current()?.generation) || !gate.isOpen()) return
      const tokens = await gate.take()
      if (!tokens || !isNewer(tokens.generation)) return
      used = tokens.generation
      for (const send of senders)
        new Promise<void>((done) => {
          send(tokens.tokens.access_token)
          done()
        }).catch(ports.report)
    }
    const tryRenew = (): void => {
      // A failure is temporary: the next refresh tries again.
      renew().catch(noop)
    }
    const token = async (): Promise<string> => {
      await gate.wait(own.signal)
      const tokens = isOver() ? undefined : await gate.take()
      if (!tokens)
        throw sessionError('no_tokens', DEVELOPMENT && 'The connection is over, or its session has no tokens.')
      used = tokens.generation
      return tokens.tokens.access_token
    }
    const connection: Connection = {
      sessionId: id,
      get signal() {
        // Not once it is over: that may be told in the middle of a step.
        if (!isOver()) context.look()
        return own.signal
      },
      token: () => abortable(token(), own.signal),
      onToken(send) {
        senders.push(send)
        tryRenew()
      },
      up() {
        if (isOver() || upAt >= 0) return
        upAt = ports.clock().mono
        cancelLimit()
        if (hold) release = session.hold()
        // The session ended in this very step.
        if (isOver()) release()
        else tell({ state: 'up' })
        tryRenew()
      },
    }
    const start = (): Promise<unknown> | undefined => {
      if (isOver()) return undefined
      cancelLimit = ports.after(UP_WITHIN, () => {
        finish(sessionError('timeout', DEVELOPMENT && 'The connection did not call up() within 30 s of its start.'))
      })
      return run(connection)
    }

    const stopListening = session.on('refreshed', tryRenew)
    onceAborted(signal, finish, own.signal)
    tell({ state: 'connecting' })
    gate.take().then(start).then(finish, finish)
  })
