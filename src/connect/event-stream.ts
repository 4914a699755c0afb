import { checkFunction } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { report } from '../util/report.js'
import type { Connection } from './types.js'

/** One server-sent event. */
export interface StreamEvent {
  /** `'message'` where the server gave none. */
  readonly type: string
  readonly data: string
  /** The last id that the server sent; empty where it sent none. */
  readonly id: string
}

interface Parser {
  /** Takes a piece of the stream; calls `receive` for each event that it completes. */
  readonly feed: (text: string) => void
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation; `retry` is ignored. */
function createParser(lastId: string, receive: (event: StreamEvent) => void, setId: (id: string) => void): Parser {
  let rest = ''
  let endsInReturn = false
  let id = lastId
  let type = ''
  let data: string[] = []

  const take = (line: string): void => {
    const [, field, value = ''] = /([^:]*)(?:: ?(.*))?/s.exec(line) ?? []
    if (!line) {
      setId(id)
      const event = { type: type || 'message', data: data.join('\n'), id }
      const isEvent = data.length > 0
      type = ''
      data = []
      if (isEvent) receive(event)
    } else if (field === 'data') data.push(value)
    else if (field === 'event') type = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
  return {
    feed(text) {
      if (!text) return
      // A line may end in CR LF, and the two come in different pieces.
      const lines = (endsInReturn && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\n|\r/)
      // Only what is new is searched: a line of megabytes comes in thousands of pieces.
      lines[0] = rest + String(lines[0])
      endsInReturn = text.endsWith('\r')
      rest = lines.pop() ?? ''
      lines.forEach(take)
    },
  }
}

/** A header's value is a sequence of bytes; an id is text, sent as UTF-8. */
const headerValue = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')

/**
 * Server-sent events, for {@link connect}, over a `fetch` that adds the credentials: of `createFetch(session)`, or the browser's own
 * for a session by cookie. So there is no token in a URL, unlike with `EventSource`. The id of the last event is sent with the next
 * request of the same session, and never with one of another session.
 *
 * A response that is no event stream is the reason with which the connection is over. The `retry` field is ignored: `connect` has a
 * back-off of its own.
 *
 * @example News for whoever is signed in
 * ```ts
 * import { connect, eventStream } from 'sojourn/connect'
 * import { createFetch } from 'sojourn/fetch'
 *
 * connect(session, eventStream(createFetch(session), '/news', ({ type, data }) => console.log(type, data)))
 * ```
 */
export function eventStream(
  fetch: typeof globalThis.fetch,
  url: string | URL,
  receive: (event: StreamEvent) => void,
): (connection: Connection) => Promise<void> {
  if (DEVELOPMENT) {
    checkFunction('eventStream: fetch', fetch, 'sends a request, such as createFetch(session) returns')
    checkFunction('eventStream: receive', receive, 'takes each event')
  }
  let lastId: string
  let sessionId: string | undefined
  return async (connection) => {
    if (sessionId !== connection.sessionId) lastId = ''
    sessionId = connection.sessionId
    const { signal } = connection
    const headers = { Accept: 'text/event-stream', ...(lastId && { 'Last-Event-ID': headerValue(lastId) }) }
    const response = await fetch(url, { headers, cache: 'no-store', signal })
    const reader = response.body?.getReader()
    const cancel = (): void => {
      reader?.cancel().catch(() => undefined)
    }
    signal.addEventListener('abort', cancel)
    const isStream =
      response.status === 200 && /^text\/event-stream\b/i.test(response.headers.get('Content-Type') ?? '')
    if (!reader || !isStream || signal.aborted) {
      cancel()
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- `connect` finds the status in the reason, a response
      throw response
    }
    connection.up()
    const deliver = (event: StreamEvent): void => {
      if (connection.signal.aborted) return
      try {
        receive(event)
      } catch (error) {
        report(error)
      }
    }
    const { feed } = createParser(lastId, deliver, (id) => {
      lastId = signal.aborted ? lastId : id
    })
    const decoder = new TextDecoder()
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      feed(decoder.decode(piece.value, { stream: true }))
  }
}
