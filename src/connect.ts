import { createKeepOpen, type KeepOpen } from './connect/keep-open.js'
import { createTokenGate } from './connect/token-gate.js'
import type { AttemptParts } from './connect/attempt.js'
import type { ConnectionState, ConnectOptions, Run } from './connect/types.js'
import { contextOf } from './session/context.js'
import { eachSession } from './session/each-session.js'
import type { Session } from './types.js'
import { onceAborted } from './util/async.js'

export { eventStream, type StreamEvent } from './connect/event-stream.js'
export type { Connection, ConnectionState, ConnectOptions } from './connect/types.js'
export { webSocket, type WebSocketOptions } from './connect/web-socket.js'

const noop = (): void => undefined

/**
 * Keeps `run` going while somebody is signed in and the page is in use. `run` opens one connection; the connection is over when its
 * promise settles, and another follows after a wait. Returns the undo.
 *
 * The connection is opened with a valid token of the session, and its signal aborts in the task in which this tab learns that the
 * session is over or replaced, and when the page is left. Traffic is no activity, and a new connection does not refresh the tokens
 * of an idle user: it waits until the user is active again.
 *
 * @throws SessionError `invalid_options` for what is no session
 * @example Messages for whoever is signed in
 * ```ts
 * const undo = connect(
 *   session,
 *   webSocket('wss://api.example.com/feed', {
 *     open: (token) => JSON.stringify({ type: 'auth', token }),
 *     receive: ({ data }) => show(data),
 *   }),
 * )
 * ```
 */
export function connect(session: Session, run: Run, options: ConnectOptions = {}): () => void {
  const context = contextOf(session, 'connect')
  // On a server there is no page, and after `destroy()` no session.
  if (context.isClosed()) return noop
  const { ports } = context
  const undone = new AbortController()
  let isInUse = !ports.prerendering()
  let current: KeepOpen | undefined
  let span: AbortController | undefined

  const tell = (state: ConnectionState): void => {
    try {
      options.onState?.(state)
    } catch (error) {
      ports.report(error)
    }
  }
  const open = (): void => {
    if (!current || !isInUse || span) return
    span = new AbortController()
    current.run(span.signal).catch(ports.report)
  }
  const close = (): void => {
    if (!span) return
    span.abort()
    span = undefined
    tell({ state: 'closed' })
  }

  // The session's own listeners come first: when the page returns, the session is settled by now.
  const stopWake = ports.onWake((cause) => {
    if (cause === 'online') current?.online()
    // Chromium keeps the streams of a page in the back/forward cache open, and delivers what came when the page returns.
    if (cause === 'pagehide') {
      isInUse = false
      close()
    } else if (cause === 'pageshow' || (cause === 'prerenderingchange' && !ports.prerendering())) {
      isInUse = true
      open()
    }
  })
  const stopEach = eachSession(session, ({ id }) => {
    const gate = createTokenGate(session, context, id)
    const parts: AttemptParts = { session, context, id, gate, run, hold: options.hold, tell }
    current = createKeepOpen(parts, options)
    open()
    return () => {
      current = undefined
      close()
    }
  })
  onceAborted(context.destroyed, stopWake, undone.signal)
  return () => {
    undone.abort()
    stopWake()
    stopEach()
  }
}
