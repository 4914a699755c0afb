/**
 * A WebSocket at `/socket` and server-sent events at `/stream`. The server asks the provider about each token that it is given
 * (introspection, RFC 7662), and, whenever `check` is called, about the newest token of each of its clients: one whose token is not
 * valid any more is cut off.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** A client of the server, from its first valid token on. */
export interface FeedClient {
  readonly kind: 'socket' | 'stream'
  /** The valid tokens that it brought, in their order. */
  readonly tokens: string[]
  /** Whether the server has cut it off, because its newest token is not valid. */
  cutOff: boolean
  readonly send: (text: string) => void
  readonly close: () => void
}

export interface Feeds {
  readonly socketUrl: string
  readonly streamUrl: string
  /** All that ever brought a valid token, in their order. */
  readonly clients: readonly FeedClient[]
  /** Tokens that came and were not valid. */
  readonly refused: readonly string[]
  /** Asks the provider about the newest token of each client. */
  readonly check: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function startFeeds(introspectionEndpoint: string, clientId: string): Promise<Feeds> {
  const clients: FeedClient[] = []
  const refused: string[] = []

  const isActive = async (token: string): Promise<boolean> => {
    const body = new URLSearchParams({ client_id: clientId, token })
    const response = await fetch(introspectionEndpoint, { method: 'POST', body })
    return ((await response.json()) as { readonly active: boolean }).active
  }
  const takes = async (token: string): Promise<boolean> => {
    const isValid = await isActive(token)
    if (!isValid) refused.push(token)
    return isValid
  }
  const add = (client: Omit<FeedClient, 'cutOff'>): FeedClient => {
    const added = { ...client, cutOff: false }
    clients.push(added)
    return added
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (!(await takes(token))) {
      response.writeHead(401).end()
      return
    }
    const [, number] = /^\/stream\/(\d+)$/.exec(request.url ?? '') ?? []
    if (number === undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: opened\ndata: ${clients.length}\n\n`)
      const send = (text: string): void => void response.write(`data: ${text}\n\n`)
      add({ kind: 'stream', tokens: [token], send, close: () => response.end() })
    } else {
      clients[Number(number)]?.tokens.push(token)
      response.writeHead(204).end()
    }
  }
  const server = createServer((request, response) => void handle(request, response))
  new WebSocketServer({ server, path: '/socket' }).on('connection', (socket) => {
    let client: FeedClient | undefined
    socket.on('message', (data) => {
      const token = (data as Buffer).toString()
      void takes(token).then((isValid) => {
        if (!isValid) socket.close(4401)
        else if (client) client.tokens.push(token)
        else
          client = add({
            kind: 'socket',
            tokens: [token],
            send: (text) => socket.send(text),
            close: () => socket.close(4401),
          })
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    socketUrl: `ws://${at}/socket`,
    streamUrl: `http://${at}/stream`,
    clients,
    refused,
    async check() {
      for (const client of clients) {
        if (client.cutOff || (await isActive(client.tokens.at(-1) ?? ''))) continue
        client.cutOff = true
        client.close()
      }
    },
    async close() {
      for (const { close } of clients) close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
