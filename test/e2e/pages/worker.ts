import type { TokenSession } from 'sojourn'
import type { Library } from './harness.js'

/** A worker of any kind, which answers to the port that it is sent. */
const scope = self as unknown as {
  importScripts(url: string): void
  addEventListener(type: 'message' | 'connect', listener: (event: MessageEvent) => void): void
  Sojourn: Library
}
scope.importScripts('/dist/sojourn.dev.js')

const warnings: string[] = []
console.warn = (text: string) => warnings.push(text)
const session = scope.Sojourn.createSession({ tokenStore: scope.Sojourn.memoryTokens() }) as TokenSession

const onMessage = ({ ports: [port] }: MessageEvent): void => {
  session.getAccessToken().catch((error: unknown) => {
    const { code, message } = error as { code: string; message: string }
    port?.postMessage({ phase: session.getSnapshot().phase, code, message, warnings })
  })
}
scope.addEventListener('message', onMessage)
scope.addEventListener('connect', ({ ports: [port] }) => {
  if (port) port.onmessage = onMessage
})
