import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, eventStream, type Connection, type StreamEvent } from '../../../src/connect.js'
import { createWorld } from '../session/world.js'

const encoder = new TextEncoder()
const reported: unknown[] = []
beforeEach(() => {
  reported.length = 0
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
})
afterEach(() => {
  vi.unstubAllGlobals()
})

interface StreamRequest {
  readonly headers: Headers
  readonly cache: RequestCache | undefined
  readonly signal: AbortSignal
  isCancelled: boolean
  /** The server sends these bytes, or this text. */
  readonly send: (piece: string | Uint8Array) => void
  readonly end: () => void
}

/** A server of event streams. `answer`: the status and the type of each response. */
function createServer(answer = { status: 200, type: 'text/event-stream' }) {
  const requests: StreamRequest[] = []
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    let controller!: ReadableStreamDefaultController<Uint8Array>
    const one: StreamRequest = {
      headers: new Headers(init?.headers),
      cache: init?.cache,
      signal: init!.signal!,
      isCancelled: false,
      send: (piece) => controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece),
      end: () => controller.close(),
    }
    const body = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => void (one.isCancelled = true),
    })
    requests.push(one)
    return new Response(body, { status: answer.status, headers: { 'content-type': answer.type } })
  }
  return { requests, fetch }
}

/** The events that the parser returns for a stream in these pieces. */
async function parse(pieces: readonly (string | Uint8Array)[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = []
  const { requests, fetch } = createServer()
  const connection: Connection = {
    sessionId: 's',
    signal: new AbortController().signal,
    token: () => Promise.reject(new Error('Not expected.')),
    onToken: () => undefined,
    up: () => undefined,
  }
  const done = eventStream(fetch, '/news', (event) => events.push(event))(connection)
  for (const piece of pieces) requests[0]!.send(piece)
  requests[0]!.end()
  await done
  return events
}
const message = (data: string, more: Partial<StreamEvent> = {}): StreamEvent => ({
  type: 'message',
  data,
  id: '',
  ...more,
})

describe('the parser of eventStream, by the examples of the standard', () => {
  it.each<readonly [string, string[], StreamEvent[]]>([
    ['several lines of data', ['data: YHOO\ndata: +2\ndata: 10\n\n'], [message('YHOO\n+2\n10')]],
    [
      'comments, and ids that are kept and reset',
      [': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n'],
      [message('first event', { id: '1' }), message('second event'), message(' third event')],
    ],
    ['empty data, and an event without an end', ['data\n\ndata\ndata\n\ndata:'], [message(''), message('\n')]],
    ['one space after the colon', ['data:test\n\ndata: test\n\n'], [message('test'), message('test')]],
    ['types of their own', ['event: add\ndata: 1\n\ndata: 2\n\n'], [message('1', { type: 'add' }), message('2')]],
    ['a type without data', ['event: add\n\ndata: 1\n\n'], [message('1')]],
    [
      'an id that stays for the events after it',
      ['id: 7\ndata: a\n\ndata: b\n\n'],
      [message('a', { id: '7' }), message('b', { id: '7' })],
    ],
    ['an id with NUL, which counts for nothing', ['id: 7\n\nid: 8\0\ndata: a\n\n'], [message('a', { id: '7' })]],
    ['fields that nobody knows, retry among them', ['retry: 10\nx: 1\nDATA: 2\ndata : 3\ndata: a\n\n'], [message('a')]],
    ['a value with colons', ['data: a: b:c\n\n'], [message('a: b:c')]],
    ['lines that end in CR', ['data: a\rdata: b\r\rdata: c\r\r'], [message('a\nb'), message('c')]],
    ['lines that end in CR LF', ['data: a\r\ndata: b\r\n\r\n'], [message('a\nb')]],
    ['line ends of all kinds', ['data: a\r\ndata: b\ndata: c\r\r\n'], [message('a\nb\nc')]],
    ['CR and LF in different pieces', ['data: a\r', '\ndata: b\r', '\n\r', '\n'], [message('a\nb')]],
    ['CR and LF with an empty piece between them', ['data: a\r', '', '\ndata: b\n\n'], [message('a\nb')]],
    ['CR at the end of a piece, another line after it', ['data: a\r', 'data: b\r', '\r'], [message('a\nb')]],
    ['a line separator of Unicode in data', ['data: a\u2028b\n\n'], [message('a\u2028b')]],
    ['pieces of single letters', Array.from('id: 1\r\ndata: ab\r\n\r\n'), [message('ab', { id: '1' })]],
  ])('the parser reads %s', async (_what, pieces, events) => {
    expect(await parse(pieces)).toEqual(events)
  })

  it('the parser searches each piece of a long line once', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the text as `this`
    const { split } = String.prototype
    let searched = 0
    vi.spyOn(String.prototype, 'split').mockImplementation(function (this: string, ...how: unknown[]) {
      searched += this.length
      return Reflect.apply(split, this, how) as string[]
    })
    const pieces = Array.from({ length: 100 }, () => 'x'.repeat(1000))
    const events = await parse(['data: ', ...pieces, '\n\n'])
    vi.restoreAllMocks()
    expect(events).toEqual([message(pieces.join(''))])
    expect(searched).toBe(100_008)
  })

  it('the parser drops the byte order mark, and joins the bytes of a character', async () => {
    const bytes = encoder.encode('data: \u{1f600}é\n\n')
    const pieces = [Uint8Array.of(0xef, 0xbb), Uint8Array.of(0xbf), ...Array.from(bytes, (byte) => Uint8Array.of(byte))]
    expect(await parse(pieces)).toEqual([message('\u{1f600}é')])
  })
})

describe('eventStream()', () => {
  it('eventStream() is up at the response, and accepts an event stream only', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { requests, fetch } = createServer()
    const states: string[] = []
    const events: StreamEvent[] = []
    connect(
      tab.session,
      eventStream(fetch, '/news', (event) => events.push(event)),
      {
        onState: ({ state }) => states.push(state),
      },
    )
    await world.advance(10)
    expect(states).toEqual(['connecting', 'up'])
    expect([...requests[0]!.headers]).toEqual([['accept', 'text/event-stream']])
    expect(requests[0]!.cache).toBe('no-store')
    requests[0]!.send('data: a\n\n')
    await world.advance(1)
    expect(events).toEqual([message('a')])
  })

  it('eventStream() sends the last id as UTF-8 within one session, and none in the next', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { requests, fetch } = createServer()
    connect(
      tab.session,
      eventStream(fetch, '/news', () => undefined),
    )
    const ids = (): (string | null)[] => requests.map(({ headers }) => headers.get('Last-Event-ID'))
    await world.advance(10)
    requests[0]!.send('id: ü7\n\nid: 8')
    await world.advance(1)
    requests[0]!.end()
    await world.advance('1s')
    expect(ids()).toEqual([null, 'Ã¼7'])
    await world.until(tab.session.signIn(world.grant()))
    await world.advance('1s')
    expect(ids()).toEqual([null, 'Ã¼7', null])
  })

  it('S113: eventStream() is closed in the task of the end, and delivers no event after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { requests, fetch } = createServer()
    const events: StreamEvent[] = []
    connect(
      tab.session,
      eventStream(fetch, '/news', (event) => {
        events.push(event)
        void tab.session.signOut()
      }),
    )
    await world.advance(10)
    requests[0]!.send('data: a\n\ndata: b\n\n')
    await world.advance(10)
    expect(events).toEqual([message('a')])
    expect([requests[0]!.signal.aborted, requests[0]!.isCancelled]).toEqual([true, true])
  })

  it('eventStream() delivers nothing after a sign-out in another tab that sent no message', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const { requests, fetch } = createServer()
    const events: StreamEvent[] = []
    connect(
      tab.session,
      eventStream(fetch, '/news', (event) => events.push(event)),
    )
    await world.advance(10)
    world.deafen()
    await world.until(other.session.signOut())
    requests[0]!.send('data: a\n\n')
    await world.advance(1)
    expect(events).toEqual([])
    expect(requests[0]!.isCancelled).toBe(true)
  })

  it.each([
    [401, 'text/event-stream', 'refused'],
    [403, 'text/event-stream', 'waiting'],
    [204, 'text/event-stream', 'waiting'],
    [200, 'text/html', 'waiting'],
    [200, 'application/text/event-stream', 'waiting'],
  ])('eventStream() ends with the response as reason if that is no stream: %s %s', async (status, type, state) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { requests, fetch } = createServer()
    const states: { state: string; reason?: unknown }[] = []
    const answering: typeof fetch = async (...call) =>
      new Response(status === 204 ? null : (await fetch(...call)).body, { status, headers: { 'content-type': type } })
    connect(
      tab.session,
      eventStream(answering, '/news', () => undefined),
      { onState: (one) => states.push(one) },
    )
    await world.advance(10)
    expect(states.map((one) => one.state)).toEqual(['connecting', state])
    expect(states[1]!.reason).toMatchObject({ status })
    expect(requests.map(({ isCancelled }) => isCancelled)).toEqual(status === 204 ? [] : [true])
  })

  it('eventStream() is given up if no response comes', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const signals: AbortSignal[] = []
    const hanging: typeof fetch = (_url, init) => {
      signals.push(init!.signal!)
      return new Promise(() => undefined)
    }
    connect(
      tab.session,
      eventStream(hanging, '/news', () => undefined),
    )
    await world.advance('31s')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('eventStream() goes on after a receive that throws, and reports the error', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { requests, fetch } = createServer()
    const events: StreamEvent[] = []
    connect(
      tab.session,
      eventStream(fetch, '/news', (event) => {
        events.push(event)
        throw new Error('receive')
      }),
    )
    await world.advance(10)
    requests[0]!.send('data: a\n\ndata: b\n\n')
    await world.advance(10)
    expect(events).toHaveLength(2)
    expect(reported).toEqual([new Error('receive'), new Error('receive')])
    expect(requests).toHaveLength(1)
  })
})
