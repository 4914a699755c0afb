/** One origin with the application's pages and its token server, and a foreign one beside it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { handlePages } from './pages.js'
import { createTokenServer, type TokenServer, type TokenServerOptions } from './token-server.js'

export interface TestServer {
  readonly tokens: TokenServer
  readonly origin: string
  /** Another port: cross-origin, for frames and for CORS. */
  readonly otherOrigin: string
  /** The same server under a name that is no secure context. */
  readonly plainOrigin: string
  close(): Promise<void>
}

export async function startServer(options: TokenServerOptions = {}): Promise<TestServer> {
  const tokens = createTokenServer(options)
  let otherOrigin = ''
  const listen = async (): Promise<Server> => {
    const server = createServer((request, response) => {
      // A browser sends a request once more by itself when a connection that it has used before breaks. Faults shall hit the
      // library and not that, so each request gets a connection of its own.
      response.setHeader('connection', 'close')
      void (async () => {
        if (await tokens.handle(request, response)) return
        if (await handlePages(request, response, otherOrigin)) return
        response.writeHead(404).end()
      })().catch((error: unknown) => {
        console.error(error)
        response.destroy()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    return server
  }
  const port = (server: Server): number => (server.address() as AddressInfo).port
  const [own, other] = await Promise.all([listen(), listen()])
  otherOrigin = `http://localhost:${String(port(other))}`
  return {
    tokens,
    origin: `http://localhost:${String(port(own))}`,
    otherOrigin,
    plainOrigin: `http://app.test:${String(port(own))}`,
    async close() {
      await Promise.all(
        [own, other].map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => {
                resolve()
              })
              // Hanging replies are part of the tests; nothing should wait for them.
              server.closeAllConnections()
            }),
        ),
      )
    },
  }
}
