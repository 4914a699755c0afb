import { WebSocketServer } from 'ws'

import { createHub } from './hub.mjs'

/** The path of the feed, for both ways. */
export const FEED = '/api/feed'

/** Ms between two messages of the feed. */
const BEAT = 5000
/** Ms within which a socket has to bring a token. */
const PATIENCE = 10_000
/** The close code for a token that is refused or has expired; a page cannot see the status of a handshake. */
const REFUSED = 4401

/**
 * A live feed for whoever has a valid access token, in two ways:
 *
 * - A WebSocket, for bearer tokens. Each of its messages is `{"token":"…"}`: the first one lets it in, each later one replaces the token.
 * - Server-sent events, for all tokens: the token is in a header, with its proof if it is bound. A newer one needs a new connection.
 *
 * Either is closed when its last token expires. The messages are:
 *
 * | type     | data                                                                                                        |
 * | -------- | ----------------------------------------------------------------------------------------------------------- |
 * | `token`  | a token was accepted: its last characters, its number on this connection, and the seconds until it expires   |
 * | `news`   | the number of messages, every 5 s                                                                           |
 * | `verify` | the user's sessions have ended, perhaps this one too. The page should ask; the connection is closed          |
 *
 * @param {{ origins: readonly string[], access: ReturnType<typeof import('./access.mjs').createAccess> }} parts
 */
export function createFeed({ origins, access }) {
  const hub = createHub()
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4096 })

  /** One connection. `close` is called with a reason, once. */
  const serve = (send, close) => {
    let sub
    let last
    let count = 0
    let news = 0
    let expiry = setTimeout(() => stop('no token'), PATIENCE)
    let beat
    let forget = () => {}

    const stop = (reason) => {
      clearTimeout(expiry)
      clearInterval(beat)
      forget()
      close(reason)
    }
    const onEvent = (type) => {
      send(type, {})
      stop('session over')
    }
    return {
      /** @param {any} token as the provider has it, or null @param {string} value */
      take(token, value) {
        // A token of somebody else is no newer token: their page would get this user's messages.
        if (!token || (sub !== undefined && sub !== token.accountId)) return stop('token refused')
        // A page may send the same one twice.
        if (value === last) return undefined
        if (sub === undefined) {
          sub = token.accountId
          forget = hub.on(sub, onEvent)
          beat = setInterval(() => send('news', { number: ++news }), BEAT)
        }
        last = value
        clearTimeout(expiry)
        expiry = setTimeout(() => stop('token expired'), token.remainingTTL * 1000)
        return send('token', { end: value.slice(-4), number: ++count, expiresIn: token.remainingTTL })
      },
      stop,
    }
  }

  sockets.on('connection', (socket) => {
    const client = serve(
      (type, data) => socket.send(JSON.stringify({ type, ...data })),
      (reason) => socket.close(REFUSED, reason),
    )
    const read = async (text) => {
      const { token } = Object(JSON.parse(text))
      const value = typeof token === 'string' ? token : ''
      const found = await access.find(value)
      if (socket.readyState === socket.OPEN) client.take(found, value)
    }
    /** One after the other: of two tokens the later one counts. */
    let reading = Promise.resolve()
    socket.on('message', (data) => {
      reading = reading.then(() => read(String(data))).catch(() => client.stop('no token'))
    })
    socket.on('close', () => client.stop('closed'))
    socket.on('error', () => client.stop('closed'))
  })

  return {
    /** GET with the token in a header. @type {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>} */
    async handle(req, res) {
      const { token, value } = (await access.of(req, res)) ?? {}
      if (!token || res.closed) return
      res.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      })
      const client = serve(
        (type, data) => res.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
        () => res.end(),
      )
      res.on('close', () => client.stop('closed'))
      client.take(token, value)
    },
    /** A WebSocket. Browsers always send the page's origin with it. */
    upgrade(req, socket, head) {
      const isOurs = origins.includes(req.headers.origin) && req.url === FEED
      if (!isOurs) return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
      return sockets.handleUpgrade(req, socket, head, (opened) => sockets.emit('connection', opened, req))
    },
    /** The user's sessions have ended: their pages should ask. @param {string} sub */
    tell: (sub) => hub.send([sub], 'verify'),
    close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}
