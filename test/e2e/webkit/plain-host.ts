/** A host name of plain http for a browser that has no switch for one: a proxy that knows where it is. */
import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'

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
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    port: (proxy.address() as AddressInfo).port,
    stop() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}
