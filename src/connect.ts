import { createConnections, type Connections } from './connect/connections.js'
import { createTokenGate } from './connect/token-gate.js'
import type { ConnectOptions, Run } from './connect/types.js'
import { contextOf } from './session/context.js'
import { eachSession } from './session/each-session.js'
import type { Session } from './types.js'
import { checkArgument, checkFunction, checkOptions } from './util/arguments.js'
import { onceAborted } from './util/async.js'
import { DEVELOPMENT } from './util/development.js'

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
 * import { connect, webSocket } from 'sojourn/connect'
 *
 * const undo = connect(
 *   session,
 *   webSocket('wss://api.example.com/feed', {
 *     open: (token) => JSON.stringify({ type: 'auth', token }),
 *     receive: ({ data }) => console.log(data),
 *   }),
 * )
 * ```
 */
export function connect(session: Session, run: Run, options: ConnectOptions = {}): () => void {
  const context = contextOf(session, 'connect')
  if (DEVELOPMENT) {
    checkFunction('connect: run', run, 'opens one connection, such as webSocket(…) makes one')
    checkOptions('connect', options, {
      hold: 'boolean',
      one: 'any',
      name: 'string',
      isRefused: 'function',
      onState: 'function',
    })
    checkArgument([undefined, 'tab', 'device'].includes(options.one), 'connect: one', options.one, "'tab' or 'device'")
  }
  // On a server there is no page, and after `destroy()` no session.
  if (context.isClosed()) return noop
  const { ports } = context
  const undone = new AbortController()
  let isInUse = !ports.prerendering()
  let current: Connections | undefined
  let inUse: AbortController | undefined

  const guard = (work: () => void): void => {
    // Called at once; what it throws is a rejection.
    new Promise(work).catch(ports.report)
  }
  const tell = (state: string, more?: object): void => {
    guard(() => options.onState?.({ state, ...more }))
  }
  const open = (): void => {
    if (!current || !isInUse || inUse) return
    inUse = new AbortController()
    current.keep(inUse.signal).catch(ports.report)
  }
  const close = (): void => {
    if (!inUse) return
    inUse.abort()
    inUse = undefined
    tell('closed')
  }

  // The session's own listeners come first: when the page returns, the session is settled by now.
  const stopWake = ports.onWake((cause) => {
    if (cause === 'online') current?.online()
    // Chromium keeps the streams of a page in the back/forward cache open, and delivers what came when the page returns.
    if (cause === 'pagehide') {
      isInUse = false
      close()
    } else if (['pageshow', 'prerenderingchange'].includes(cause) && !ports.prerendering()) {
      isInUse = true
      open()
    }
  })
  // First: a state that is told at once may make the application call `destroy()`.
  onceAborted(context.destroyed, stopWake, undone.signal)
  const stopEach = eachSession(session, ({ id }) => {
    const gate = createTokenGate(session, context, id)
    current = createConnections({ session, context, id, run, options, gate, guard, tell })
    open()
    return () => {
      current = undefined
      close()
    }
  })
  return () => {
    undone.abort()
    stopWake()
    stopEach()
  }
}
