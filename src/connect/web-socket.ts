import { checkMembers } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { report } from '../util/report.js'
import type { Connection } from './types.js'

/** What a {@link webSocket} sends and receives. */
export interface WebSocketOptions {
  /** The subprotocols; with the token for servers that take it there. */
  protocols?: readonly string[] | ((token: string) => readonly string[])
  /** The first message, with the token. */
  open?(token: string): string | BufferSource
  /** The message that carries a newer token. */
  renew?(token: string): string | BufferSource
  /** Called with each message while the session is live. */
  receive(event: MessageEvent, socket: WebSocket): void
}

/**
 * A WebSocket, for {@link connect}. The token goes into the first message, into the subprotocols, or nowhere (a session by cookie);
 * never into the URL, which servers log. The close event is the reason with which the connection is over: a server refuses a token
 * by the close code 3000, 4401 or 4403, since scripts cannot see the status of a handshake.
 */
export function webSocket(url: string | URL, options: WebSocketOptions): (connection: Connection) => Promise<void> {
  if (DEVELOPMENT) {
    const kinds = { open: 'function', renew: 'function', protocols: 'any' } as const
    checkMembers('webSocket', options, 'an object with receive', kinds, { receive: 'function' })
  }
  const { protocols } = options
  return async (connection) => {
    const wantsToken = !!options.open || !!options.renew || typeof protocols === 'function'
    const token = wantsToken ? await connection.token() : ''
    const { signal } = connection
    if (signal.aborted) return
    const socket = create(url, (typeof protocols === 'function' ? protocols(token) : protocols) ?? [])
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        socket.close()
        resolve()
      }
      signal.addEventListener('abort', stop)
      // `protocols` may have ended the session, or taken the connection back.
      if (signal.aborted) stop()
      socket.addEventListener('open', () => {
        if (connection.signal.aborted) return
        if (options.open) socket.send(options.open(token))
        connection.up()
        if (options.renew)
          connection.onToken((newer) => {
            socket.send(options.renew?.(newer) ?? '')
          })
      })
      socket.addEventListener('message', (event) => {
        // Messages that arrived before the end may be delivered after it.
        if (connection.signal.aborted) return
        try {
          options.receive(event, socket)
        } catch (error) {
          report(error)
        }
      })
      // An error event says nothing; the close event follows it.
      socket.addEventListener('close', reject)
    })
  }
}

/** The browser's own error quotes a subprotocol that it refuses, which may be the token. */
function create(url: string | URL, protocols: readonly string[]): WebSocket {
  try {
    return new WebSocket(url, [...protocols])
  } catch {
    throw new SyntaxError('webSocket: the browser refuses this URL, or these subprotocols.')
  }
}
