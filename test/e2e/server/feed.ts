/**
 * A WebSocket at `/feed` and server-sent events at `/stream`, both for whoever has a token that is live. All clients get a message
 * every few milliseconds: what is delivered too late shows.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import type { TokenServer } from './token-server.js'

export interface FeedClient {
  /** The tokens that it brought, in their order. */
  readonly tokens: string[]
  /** Null while it is connected. */
  closedAt: number | null
}

export interface Feed {
  /** All that ever connected with a live token, in their order. */
  readonly clients: readonly FeedClient[]
  readonly open: () => number
  /** How many were open at once, at most. */
  readonly most: () => number
  readonly attach: (server: Server) => void
  /** Answers what is its own; false where the path is somebody else's. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly close: () => void
}

export function createFeed(tokens: TokenServer): Feed {
  const clients: FeedClient[] = []
  const senders = new Map<FeedClient, (text: string) => void>()
  const sockets = new WebSocketServer({ noServer: true })
  let most = 0
  let timer: NodeJS.Timeout | undefined

  const add = (token: string, send: (text: string) => void): FeedClient => {
    const client: FeedClient = { tokens: [token], closedAt: null }
    clients.push(client)
    senders.set(client, send)
    most = Math.max(most, senders.size)
    // Each message has the number of its connection.
    timer ??= setInterval(() => {
      for (const [one, sendTo] of senders) sendTo(String(clients.indexOf(one)))
    }, 5)
    return client
  }
  const remove = (client: FeedClient | undefined): void => {
    if (!client) return
    client.closedAt ??= Date.now()
    senders.delete(client)
  }

  sockets.on('connection', (socket) => {
    let client: FeedClient | undefined
    socket.on('message', (data) => {
      const token = (data as Buffer).toString()
      if (!tokens.isLive(token)) socket.close(4401)
      else if (client) client.tokens.push(token)
      else client = add(token, (text) => socket.send(text))
    })
    socket.on('close', () => {
      remove(client)
    })
  })
  return {
    clients,
    open: () => senders.size,
    most: () => most,
    attach(server) {
      server.on('upgrade', (request: IncomingMessage, socket, head) => {
        sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request))
      })
    },
    handle(request, response) {
      if (!request.url?.startsWith('/stream')) return false
      const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
      if (!tokens.isLive(token)) {
        response.writeHead(401).end()
        return true
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.flushHeaders()
      const client = add(token, (text) => response.write(`data: ${text}\n\n`))
      request.on('close', () => {
        remove(client)
      })
      return true
    },
    close() {
      clearInterval(timer)
      sockets.close()
    },
  }
}
