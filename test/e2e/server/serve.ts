/** One origin with the application's pages and its token server, and a foreign one beside it. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { generate } from 'selfsigned'
import { createFeed, type Feed } from './feed.js'
import { handlePages } from './pages.js'
import { createTokenServer, type TokenServer, type TokenServerOptions } from './token-server.js'

export interface TestServer {
  readonly tokens: TokenServer
  readonly feed: Feed
  readonly origin: string
  /** Another port: cross-origin, for frames and for CORS. */
  readonly otherOrigin: string
  /** The same server under a name that is no secure context. */
  readonly plainOrigin: string
  /** Another site, which browsers keep apart from the first. */
  readonly otherSite: string
  /** The same pages over https, with an untrusted certificate. */
  secureOrigin(): Promise<string>
  close(): Promise<void>
}

export async function startServer(options: TokenServerOptions = {}): Promise<TestServer> {
  const tokens = createTokenServer(options)
  const feed = createFeed(tokens)
  let otherOrigin = ''
  const serve: RequestListener = (request, response) => {
    // A browser sends a request once more by itself when a connection that it has used before breaks. Faults shall hit the
    // library and not that, so each request gets a connection of its own.
    response.setHeader('connection', 'close')
    void (async () => {
      if (await tokens.handle(request, response)) return
      if (feed.handle(request, response)) return
      if (await handlePages(request, response, otherOrigin)) return
      response.writeHead(404).end()
    })().catch((error: unknown) => {
      console.error(error)
      response.destroy()
    })
  }
  const open: Server[] = []
  const sockets = new Set<Socket>()
  const listen = async (server: Server = createServer(serve)): Promise<number> => {
    open.push(server)
    feed.attach(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    return (server.address() as AddressInfo).port
  }
  const [own, other] = await Promise.all([listen(), listen()])
  let secure: Promise<number> | undefined
  otherOrigin = `http://localhost:${String(other)}`
  return {
    tokens,
    feed,
    origin: `http://localhost:${String(own)}`,
    otherOrigin,
    otherSite: `http://127.0.0.1:${String(other)}`,
    plainOrigin: `http://app.test:${String(own)}`,
    async secureOrigin() {
      secure ??= certificate().then((pair) => listen(createSecureServer(pair, serve)))
      return `https://localhost:${String(await secure)}`
    },
    async close() {
      feed.close()
      await Promise.all(
        open.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => {
                resolve()
              })
              // Hanging replies are part of the tests; nothing should wait for them, nor for a handshake.
              for (const socket of sockets) socket.destroy()
            }),
        ),
      )
    },
  }
}

let made: Promise<{ key: string; cert: string }> | undefined

/** One for all servers of this process. */
function certificate(): Promise<{ key: string; cert: string }> {
  made ??= generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' }).then(
    (pair) => ({
      key: pair.private,
      cert: pair.cert,
    }),
  )
  return made
}
