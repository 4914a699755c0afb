/** A host name of plain http for a browser that has no switch for one: a proxy that knows where it is. */
import { createServer, request as ask } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

export interface PlainHost {
  readonly port: number
  stop(): void
}

/** Hands what is asked of any host to the same port of this machine. */
export async function startPlainHost(): Promise<PlainHost> {
  const proxy = createServer((request, response) => {
    const { port, pathname, search } = new URL(request.url ?? '')
    const { method, headers } = request
    const onward = ask({ host: '127.0.0.1', port, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  /** A WebSocket: bytes in both directions, after these. */
  const tunnel = (client: Socket, port: number, opened: (server: Socket) => void): void => {
    const server = connect(port, '127.0.0.1', () => {
      opened(server)
      server.pipe(client).pipe(server)
    })
    server.on('error', () => client.destroy())
    client.on('error', () => server.destroy())
    client.on('close', () => server.destroy())
  }
  proxy.on('connect', (request, client: Socket, head: Buffer) => {
    tunnel(client, Number(request.url?.split(':').at(-1)), (server) => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      server.write(head)
    })
  })
  proxy.on('upgrade', (request, client: Socket, head: Buffer) => {
    const { port, pathname, search } = new URL(request.url ?? '')
    const lines = request.rawHeaders.flatMap((name, i, all) => (i % 2 ? [] : [`${name}: ${String(all[i + 1])}`]))
    tunnel(client, Number(port), (server) => {
      server.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      server.write(head)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    port: (proxy.address() as AddressInfo).port,
    stop() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}
