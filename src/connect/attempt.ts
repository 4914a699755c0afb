import { sessionError } from '../errors.js'
import type { SessionContext } from '../session/context.js'
import type { Session } from '../types.js'
import { checkFunction } from '../util/arguments.js'
import { abortable, onceAborted } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import type { TokenGate } from './token-gate.js'
import type { Connection, ConnectOptions, Run } from './types.js'

/** How long a connection may take until it is up. */
const UP_WITHIN = 3e4

/** What the connections of one session have in common. */
export interface ConnectionParts {
  readonly session: Session
  readonly context: SessionContext
  readonly id: string
  readonly run: Run
  readonly options: ConnectOptions
  readonly gate: TokenGate
  /** Reports what a function of the application throws. */
  readonly guard: (work: () => void) => void
  readonly tell: (state: string, more?: object) => void
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
export const attempt = (parts: ConnectionParts, signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const { session, context, id, gate, guard, tell } = parts
    const { ports } = context
    const own = new AbortController()
    const senders: ((token: string) => void)[] = []
    let used = 0
    let upAt = NaN
    let release = noop
    let cancelLimit = noop

    const isOver = (): boolean => own.signal.aborted
    const finish = (reason?: unknown): void => {
      own.abort()
      for (const undo of [cancelLimit, release, stopListening]) undo()
      resolve({ reason, used, lasted: ports.clock().mono - upAt || 0 })
    }
    const token = async (): Promise<string> => {
      await gate.opening(own.signal)
      const tokens = isOver() ? null : await gate.take()
      if (!tokens)
        throw sessionError('no_tokens', DEVELOPMENT && 'The connection is over, or its session has no tokens.')
      used = tokens.generation
      return tokens.tokens.access_token
    }
    /** Sends a token that is newer than the last one. */
    const renew = async (): Promise<void> => {
      const before = used
      if (!(upAt >= 0) || !senders.length || (context.liveRecord()?.generation ?? 0) <= before) return
      const newer = await token()
      if (!isOver() && used > before) for (const send of senders) guard(() => send(newer))
    }
    const onRefreshed = (): void => {
      // A failure is temporary: the next refresh tries again.
      renew().catch(noop)
    }
    const connection: Connection = {
      sessionId: id,
      get signal() {
        // Not once it is over: that may be told in the middle of a step.
        if (!isOver()) context.poll()
        return own.signal
      },
      token: () => abortable(token(), own.signal),
      onToken(send) {
        if (DEVELOPMENT) checkFunction('onToken: send', send, 'takes a newer token')
        senders.push(send)
        onRefreshed()
      },
      up() {
        if (isOver() || upAt >= 0) return
        upAt = ports.clock().mono
        cancelLimit()
        if (parts.options.hold) release = session.hold()
        // The session may have ended in this very step.
        if (isOver()) release()
        else tell('up')
        onRefreshed()
      },
    }
    const start = (): unknown => {
      if (isOver()) return undefined
      cancelLimit = ports.after(UP_WITHIN, () => {
        finish(sessionError('timeout', DEVELOPMENT && 'The connection did not call up() within 30 s of its start.'))
      })
      return parts.run(connection)
    }

    const stopListening = session.on('refreshed', onRefreshed)
    onceAborted(signal, finish, own.signal)
    tell('connecting')
    gate.take().then(start).then(finish, finish)
  })
