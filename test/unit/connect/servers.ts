/** Real servers on loopback that take connections with a token, each in the way of its library. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execute, GraphQLObjectType, GraphQLSchema, GraphQLString, subscribe, validate } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { Server as SocketServer } from 'socket.io'
import { WebSocketServer, type WebSocket } from 'ws'

/** A server, with a record of its clients and the controls for a test. */
export interface FeedServer {
  readonly url: string
  /** The tokens that clients sent, in order. */
  readonly tokens: string[]
  /** The URL of each request. */
  readonly urls: string[]
  /** The number of clients that are connected, and of all that ever were. */
  readonly open: () => number
  readonly count: () => number
  /** Sends to all clients. */
  readonly send: (text: string) => void
  /** Ends the connections of all clients. */
  readonly drop: (code?: number) => void
  /** True if the server accepts this token. */
  accepts: (token: string) => boolean
  readonly close: () => Promise<void>
}

interface Parts {
  readonly tokens: string[]
  readonly urls: string[]
  readonly takes: (token: unknown) => boolean
  readonly clients: Set<Client>
  readonly add: (client: Client) => void
}

interface Client {
  readonly send: (text: string) => void
  readonly drop: (code: number) => void
}

async function start(
  listen: (server: Server, parts: Parts) => void,
  scheme: string,
  handle?: (request: IncomingMessage, response: ServerResponse, parts: Parts) => void,
): Promise<FeedServer> {
  const clients = new Set<Client>()
  let count = 0
  const parts: Parts = {
    tokens: [],
    urls: [],
    clients,
    takes(token) {
      parts.tokens.push(String(token))
      return feed.accepts(String(token))
    },
    add(client) {
      count++
      clients.add(client)
    },
  }
  const server = createServer((request, response) => handle?.(request, response, parts))
  for (const event of ['request', 'upgrade']) server.on(event, ({ url }: IncomingMessage) => parts.urls.push(url ?? ''))
  listen(server, parts)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const feed: FeedServer = {
    ...parts,
    url: `${scheme}://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    open: () => clients.size,
    count: () => count,
    send: (text) => clients.forEach((client) => client.send(text)),
    drop: (code = 1001) => clients.forEach((client) => client.drop(code)),
    accepts: () => true,
    close: () =>
      new Promise((resolve) => {
        feed.drop()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return feed
}

const clientOf = (socket: WebSocket): Client => ({
  send: (text) => socket.send(text),
  drop: (code) => socket.close(code),
})

/** The token is the first message, and each later one; a refusal closes with 4401. */
export const startSocketFeed = (): Promise<FeedServer> =>
  start((server, { takes, add, clients }) => {
    new WebSocketServer({ server }).on('connection', (socket) => {
      const client = clientOf(socket)
      socket.on('message', (data) => {
        const token = (data as Buffer).toString()
        if (!takes(token)) socket.close(4401, 'the token is not valid')
        else if (!clients.has(client)) add(client)
      })
      socket.on('close', () => clients.delete(client))
    })
  }, 'ws')

/** Server-sent events, with the token in the header. `id` counts up. */
export const startStreamFeed = (): Promise<FeedServer> => {
  let id = 0
  return start(
    () => undefined,
    'http',
    (request, response, { takes, add, clients }) => {
      if (!takes(request.headers.authorization?.replace('Bearer ', ''))) {
        response.writeHead(401).end()
        return
      }
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write(`: from ${String(request.headers['last-event-id'])}\n\n`)
      const client: Client = {
        send: (text) => response.write(`id: ${++id}\ndata: ${text}\n\n`),
        drop: () => response.end(),
      }
      add(client)
      request.on('close', () => clients.delete(client))
    },
  )
}

/** graphql-ws, https://github.com/enisdenjo/graphql-ws: newer tokens come with a ping. */
export const startGraphqlFeed = (): Promise<FeedServer> =>
  start((server, { takes, add, clients }) => {
    const schema = (news: () => AsyncGenerator): GraphQLSchema =>
      new GraphQLSchema({
        query: new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLString } } }),
        subscription: new GraphQLObjectType({
          name: 'Subscription',
          fields: { news: { type: GraphQLString, subscribe: news, resolve: (text: string) => text } },
        }),
      })
    useServer(
      {
        // The copy of `graphql` that the schema is made with: a bundler and Node may find different ones.
        ...{ execute, subscribe, validate },
        onConnect: ({ connectionParams }) => takes(connectionParams?.['token']),
        onPing: (_context, payload) => void takes(payload?.['token']),
        schema: ({ extra }) =>
          schema(async function* () {
            const waiting: string[] = []
            let wake = (): void => undefined
            const client: Client = {
              send(text) {
                waiting.push(text)
                wake()
              },
              drop: (code) => extra.socket.close(code),
            }
            add(client)
            extra.socket.once('close', () => {
              clients.delete(client)
              wake()
            })
            while (clients.has(client)) {
              for (let text = waiting.shift(); text; text = waiting.shift()) yield text
              await new Promise<void>((resolve) => (wake = resolve))
            }
          }),
      },
      new WebSocketServer({ server }),
    )
  }, 'ws')

/** socket.io; newer tokens are an event of their own. */
export const startSocketIoFeed = (): Promise<FeedServer> =>
  start((server, { takes, add, clients }) => {
    const io = new SocketServer(server)
    io.use((socket, next) => {
      next(takes(socket.handshake.auth['token']) ? undefined : new Error('unauthorized'))
    })
    io.on('connection', (socket) => {
      const client: Client = {
        send: (text) => void socket.emit('news', text),
        drop: () => void socket.disconnect(true),
      }
      add(client)
      socket.on('token', takes)
      socket.on('disconnect', () => clients.delete(client))
    })
  }, 'http')

/**
 * The least of a SignalR hub: negotiation, and long polling with the JSON protocol, by
 * https://github.com/dotnet/aspnetcore/tree/main/src/SignalR/docs/specs.
 */
export const startSignalRFeed = (): Promise<FeedServer> => {
  const END = '\x1e'
  const hubs = new Map<
    string,
    { messages: string[]; poll: ServerResponse | null; polls: number; isOpen: boolean; client: Client }
  >()
  return start(
    () => undefined,
    'http',
    (request, response, { takes, add, clients }) => {
      if (!takes(request.headers.authorization?.replace('Bearer ', ''))) {
        response.writeHead(401).end()
        return
      }
      const url = new URL(request.url ?? '', 'http://localhost')
      if (url.pathname.endsWith('/negotiate')) {
        const connectionToken = `hub-${hubs.size}`
        const client: Client = {
          send: (text) => push(JSON.stringify({ type: 1, target: 'news', arguments: [text] }) + END),
          drop() {
            hub.poll?.writeHead(204).end()
            hub.poll = null
            clients.delete(client)
          },
        }
        const hub = { messages: [] as string[], poll: null as ServerResponse | null, polls: 0, isOpen: false, client }
        const push = (message: string): void => {
          hub.messages.push(message)
          flush()
        }
        const flush = (): void => {
          if (!hub.poll || hub.messages.length === 0) return
          hub.poll.writeHead(200).end(hub.messages.splice(0).join(''))
          hub.poll = null
        }
        hubs.set(connectionToken, hub)
        response.end(
          JSON.stringify({
            negotiateVersion: 1,
            connectionId: connectionToken,
            connectionToken,
            availableTransports: [{ transport: 'LongPolling', transferFormats: ['Text'] }],
          }),
        )
        return
      }
      const hub = hubs.get(url.searchParams.get('id') ?? '')!
      if (request.method === 'GET') {
        // The first poll gets its response at once.
        if (hub.polls++ === 0) response.writeHead(200).end()
        else if (hub.messages.length > 0) response.writeHead(200).end(hub.messages.splice(0).join(''))
        else hub.poll = response
      } else if (request.method === 'DELETE') {
        hub.client.drop(0)
        response.writeHead(202).end()
      } else {
        request.resume().on('end', () => {
          // The handshake comes first. A hub that stops sends a message, too.
          if (!hub.isOpen) {
            hub.isOpen = true
            add(hub.client)
            if (hub.poll) hub.poll.writeHead(200).end(`{}${END}`)
            else hub.messages.push(`{}${END}`)
            hub.poll = null
          }
          response.writeHead(200).end()
        })
      }
    },
  )
}

/** The messages of a SignalR hub that a test looks at: https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md. */
interface HubMessage {
  readonly type?: 1 | 6 | 7
  readonly protocol?: string
  readonly target?: string
  readonly arguments?: readonly unknown[]
}

export interface SignalRSocketFeed extends FeedServer {
  /** How many pings came from clients. */
  readonly pings: () => number
}

/**
 * The least of a SignalR hub over a WebSocket. The negotiation takes the token from a header, and answers as Azure SignalR Service has
 * it: with the URL of the hub, and a ticket for it, which opens one socket. https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/TransportProtocols.md
 */
export const startSignalRSocketFeed = async (): Promise<SignalRSocketFeed> => {
  const END = '\x1e'
  const tickets = new Set<string>()
  let made = 0
  let pings = 0
  const feed = await start(
    (server, { takes, add, clients }) => {
      const sockets = new WebSocketServer({ noServer: true })
      server.on('upgrade', (request: IncomingMessage, raw, head) => {
        const { searchParams } = new URL(request.url ?? '', 'http://localhost')
        const ticket = searchParams.get('access_token') ?? ''
        if (!tickets.delete(ticket) || searchParams.get('id') !== `of-${ticket}`)
          raw.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
        else sockets.handleUpgrade(request, raw, head, (socket) => sockets.emit('connection', socket))
      })
      sockets.on('connection', (socket: WebSocket) => {
        const send = (message: object): void => socket.send(JSON.stringify(message) + END)
        const client: Client = {
          send(text) {
            send({ type: 6 })
            send({ type: 1, target: 'news', arguments: [text] })
          },
          drop(code) {
            send({ type: 7 })
            socket.close(code)
          },
        }
        const take = ({ type, protocol, target, arguments: given }: HubMessage): void => {
          // The first message names the protocol, and has no type.
          if (protocol !== undefined) {
            send(protocol === 'json' ? {} : { error: 'Only json is spoken here.' })
            add(client)
          } else if (type === 6) pings++
          else if (target === 'token' && !takes(given?.[0])) client.drop(1008)
        }
        socket.on('message', (data) => {
          // Each message ends in the record separator, and a frame may have several.
          for (const text of (data as Buffer).toString().split(END).slice(0, -1)) take(JSON.parse(text) as HubMessage)
        })
        socket.on('close', () => clients.delete(client))
      })
    },
    'http',
    (request, response, { takes }) => {
      const bearer = request.headers.authorization?.replace('Bearer ', '') ?? ''
      if (tickets.has(bearer)) {
        const availableTransports = [{ transport: 'WebSockets', transferFormats: ['Text', 'Binary'] }]
        response.end(
          JSON.stringify({
            negotiateVersion: 1,
            connectionId: 'any',
            connectionToken: `of-${bearer}`,
            availableTransports,
          }),
        )
      } else if (takes(bearer)) {
        const ticket = `ticket-${++made}`
        tickets.add(ticket)
        response.end(JSON.stringify({ url: `http://${String(request.headers.host)}/hub`, accessToken: ticket }))
      } else response.writeHead(401).end()
    },
  )
  return Object.assign(feed, { pings: () => pings })
}

/** The least of Supabase's realtime server, a Phoenix socket: https://hexdocs.pm/phoenix/writing_a_channels_client.html. */
export const startSupabaseFeed = (): Promise<FeedServer> =>
  start((server, { takes, add, clients }) => {
    new WebSocketServer({ server }).on('connection', (socket) => {
      const topics = new Set<string>()
      const client: Client = {
        send(text) {
          const payload = { type: 'broadcast', event: 'news', payload: text }
          for (const topic of topics) socket.send(JSON.stringify([null, null, topic, 'broadcast', payload]))
        },
        drop: (code) => socket.close(code),
      }
      socket.on('message', (data) => {
        type Message = [string | null, string, string, string, { access_token?: string }]
        const [join, ref, topic, event, payload] = JSON.parse((data as Buffer).toString()) as Message
        const reply = (status: string, response: object): void =>
          socket.send(JSON.stringify([join, ref, topic, 'phx_reply', { status, response }]))
        if (event === 'phx_join') {
          if (!takes(payload.access_token)) {
            reply('error', { reason: 'Unauthorized: the token is not valid' })
            return
          }
          topics.add(topic)
          add(client)
          reply('ok', { postgres_changes: [] })
        } else if (event === 'access_token') takes(payload.access_token)
        else reply('ok', {})
      })
      socket.on('close', () => clients.delete(client))
    })
  }, 'ws')
