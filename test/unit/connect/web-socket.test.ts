import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, webSocket, type Connection } from '../../../src/connect.js'
import { createWorld } from '../session/world.js'

/** A socket with the interface of the browser; the test plays the server. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = []
  readonly sent: unknown[] = []
  isClosed = false
  readonly url: string | URL
  readonly protocols: string[]
  constructor(url: string | URL, protocols: string[]) {
    super()
    this.url = url
    this.protocols = protocols
    FakeSocket.all.push(this)
  }
  send(message: unknown): void {
    this.sent.push(message)
  }
  close(): void {
    this.isClosed = true
  }
  open(): void {
    this.dispatchEvent(new Event('open'))
  }
  message(data: string): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }
  closes(code: number): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

const reported: unknown[] = []
beforeEach(() => {
  FakeSocket.all = []
  reported.length = 0
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
})
afterEach(() => {
  vi.unstubAllGlobals()
})
const sockets = (): FakeSocket[] => FakeSocket.all
const last = (): FakeSocket => FakeSocket.all.at(-1)!

describe('webSocket()', () => {
  it('webSocket() sends its token and newer ones in messages, and none in the URL', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    connect(
      tab.session,
      webSocket('wss://api.test/feed', {
        protocols: ['feed.v1'],
        open: (token) => `open ${token}`,
        renew: (token) => `renew ${token}`,
        receive: () => undefined,
      }),
    )
    await world.advance(10)
    expect(last().sent).toEqual([])
    last().open()
    expect(last().sent).toEqual(['open access-f1-1'])
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance(10)
    expect(last().sent).toEqual(['open access-f1-1', 'renew access-f1-2'])
    expect(sockets().map(({ url, protocols }) => [url, protocols])).toEqual([['wss://api.test/feed', ['feed.v1']]])
    expect(tab.reports).toEqual([])
  })

  it('webSocket() sends no newer token without `renew`', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    connect(tab.session, webSocket('wss://api.test/feed', { open: (token) => token, receive: () => undefined }))
    await world.advance(10)
    last().open()
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance(10)
    expect(last().sent).toEqual(['access-f1-1'])
  })

  it('webSocket() sends the token as a subprotocol if protocols is a function', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const protocols = (token: string): string[] => ['v1', token]
    connect(tab.session, webSocket('wss://api.test/feed', { protocols, receive: () => undefined }))
    await world.advance(10)
    expect(last().protocols).toEqual(['v1', 'access-f1-1'])
  })

  it('webSocket() leaves no socket open where protocols takes the connection back', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const protocols = (): string[] => {
      undo()
      return []
    }
    const undo = connect(tab.session, webSocket('wss://api.test/feed', { protocols, receive: () => undefined }))
    await world.advance(10)
    expect(sockets().map(({ isClosed }) => isClosed)).toEqual([true])
  })

  it('webSocket() needs no token in a session by cookie', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['keepAlive'] })
    await world.until(tab.session.signIn())
    connect(tab.session, webSocket('wss://api.test/feed', { receive: () => undefined }))
    await world.advance(10)
    last().open()
    expect([sockets().length, last().protocols, last().sent]).toEqual([1, [], []])
  })

  it('S113: webSocket() is closed in the task of the end, and delivers no message after it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const received: unknown[] = []
    connect(tab.session, webSocket('wss://api.test/feed', { receive: ({ data }) => received.push(data) }))
    await world.advance(10)
    last().open()
    last().message('one')
    void tab.session.signOut()
    expect(last().isClosed).toBe(true)
    last().message('two')
    expect(received).toEqual(['one'])
  })

  it('S115: webSocket() delivers nothing after an account switch in another tab without a message', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const received: unknown[] = []
    connect(tab.session, webSocket('wss://api.test/feed', { receive: ({ data }) => received.push(data) }))
    await world.advance(10)
    const first = last()
    first.open()
    world.deafen()
    await world.until(other.session.signIn(world.grant()))
    first.message('of the first user')
    await world.advance(10)
    expect([received, first.isClosed, sockets().length]).toEqual([[], true, 2])
  })

  it('webSocket() delivers nothing past the deadline when the machine wakes', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const received: unknown[] = []
    connect(tab.session, webSocket('wss://api.test/feed', { receive: ({ data }) => received.push(data) }))
    await world.advance(10)
    last().open()
    world.sleep('1h')
    last().message('late')
    expect([received, last().isClosed]).toEqual([[], true])
  })

  it('webSocket() is closed if the session ends while it opens, and sends nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    connect(tab.session, webSocket('wss://api.test/feed', { open: (token) => token, receive: () => undefined }))
    await world.advance(10)
    void tab.session.signOut()
    expect(last().isClosed).toBe(true)
    last().open()
    expect(last().sent).toEqual([])
  })

  it('webSocket() sends no token if the session ended in another tab before it was open', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    connect(tab.session, webSocket('wss://api.test/feed', { open: (token) => token, receive: () => undefined }))
    await world.advance(10)
    world.deafen()
    await world.until(other.session.signOut())
    last().open()
    expect([last().sent, last().isClosed]).toEqual([[], true])
  })

  it('S116: webSocket() is refused by a close code for an invalid token', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const states: string[] = []
    connect(tab.session, webSocket('wss://api.test/feed', { open: (token) => token, receive: () => undefined }), {
      onState: ({ state }) => states.push(state),
    })
    for (let count = 0; count < 2; count++) {
      await world.advance(100)
      last().open()
      last().closes(4401)
    }
    await world.advance('1m')
    expect(sockets().map(({ sent }) => sent)).toEqual([['access-f1-1'], ['access-f1-2']])
    expect(states).toEqual(['connecting', 'up', 'connecting', 'up', 'refused'])
  })

  it('webSocket() is opened again with back-off if the server closes at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    connect(tab.session, webSocket('wss://api.test/feed', { receive: () => undefined }))
    for (let second = 0; second < 60; second++) {
      await world.advance('1s')
      last().open()
      last().closes(1000)
    }
    expect(sockets()).toHaveLength(8)
  })

  it('webSocket() is given up if it never opens', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    connect(tab.session, webSocket('wss://api.test/feed', { receive: () => undefined }))
    await world.advance('30s')
    expect(last().isClosed).toBe(true)
    await world.advance('1s')
    expect(sockets()).toHaveLength(2)
  })

  it('webSocket() goes on after a receive that throws, and reports the error', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const received: unknown[] = []
    connect(
      tab.session,
      webSocket('wss://api.test/feed', {
        receive({ data }, socket) {
          received.push(data)
          socket.send(`seen ${String(data)}`)
          throw new Error('receive')
        },
      }),
    )
    await world.advance(10)
    last().open()
    last().message('one')
    last().message('two')
    expect(received).toEqual(['one', 'two'])
    expect(last().sent).toEqual(['seen one', 'seen two'])
    expect(reported).toEqual([new Error('receive'), new Error('receive')])
    expect(last().isClosed).toBe(false)
  })

  it('webSocket() takes any connection that keeps the contract', async () => {
    const over = new AbortController()
    const ups: string[] = []
    const connection: Connection = {
      sessionId: 's',
      signal: over.signal,
      token: () => Promise.resolve('t'),
      onToken: () => undefined,
      up: () => ups.push('up'),
    }
    const open = webSocket('wss://api.test/feed', { open: (token) => token, receive: () => undefined })
    const done = open(connection)
    await Promise.resolve()
    last().open()
    over.abort()
    await done
    expect([ups, last().sent, last().isClosed]).toEqual([['up'], ['t'], true])
    await open(connection)
    expect(sockets()).toHaveLength(1)
  })

  it('webSocket() reports that the browser refuses the URL or the subprotocols, without the token', async () => {
    vi.stubGlobal('WebSocket', function refuse(_url: string, [protocol]: string[]): never {
      throw new SyntaxError(`The subprotocol '${String(protocol)}' is invalid.`)
    })
    const world = createWorld()
    const tab = await world.signedIn()
    const reasons: unknown[] = []
    connect(
      tab.session,
      webSocket('wss://api.test/feed', { protocols: (token) => [token], receive: () => undefined }),
      {
        onState: ({ reason }) => reasons.push(reason),
      },
    )
    await world.advance(10)
    expect(reasons).toEqual([
      undefined,
      new SyntaxError('webSocket: the browser refuses this URL, or these subprotocols.'),
    ])
  })
})
