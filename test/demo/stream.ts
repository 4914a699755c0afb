import type { Browser } from './browser.js'

export interface Stream {
  readonly status: number
  /** The process that answers. */
  readonly process: string | null
  /** The types of the events that come next, `'end'` where the stream has ended. */
  readonly next: () => Promise<string>
  readonly close: () => Promise<void>
}

/** Server-sent events as a page reads them, without what the demo's backend does not send. */
export async function openStream(browser: Browser, path = '/cookie/events'): Promise<Stream> {
  const response = await browser.go(path)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  return {
    status: response.status,
    process: response.headers.get('x-process'),
    async next() {
      for (;;) {
        const [event, type] = /^event: (\w+)\ndata: \{\}\n\n/m.exec(rest) ?? []
        if (event !== undefined && type !== undefined) {
          rest = rest.slice(rest.indexOf(event) + event.length)
          return type
        }
        const piece = await reader?.read()
        if (!piece || piece.done) return 'end'
        rest += piece.value
      }
    },
    close: async () => reader?.cancel(),
  }
}
