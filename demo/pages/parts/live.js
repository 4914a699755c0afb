import { eventStream, webSocket } from 'sojourn/connect'

import { server } from '../servers.js'
import { authorizedFetch } from '../session.js'

/** Whether the session is a cookie, so that there is no token. */
export const { isByCookie = false } = server.feed
const { socket, stream } = server.feed

/**
 * A browser grants six connections to all tabs of an origin (HTTP/1.1), and a stream occupies one of them: one tab has it for all.
 * Sockets are counted apart, so each tab has its own.
 */
export const isShared = stream !== undefined

const message = (token) => JSON.stringify({ token })

/**
 * One connection to the server's feed, for `connect`: a socket takes each newer token in band, a stream has its token in a header.
 *
 * @param {(event: { type: string, end?: string, number?: number, expiresIn?: number }) => void} receive
 */
export function toFeed(receive) {
  if (socket) {
    const url = location.origin.replace('http', 'ws') + socket
    return webSocket(url, { open: message, renew: message, receive: ({ data }) => receive(JSON.parse(data)) })
  }
  // The browser sends a cookie by itself.
  const by = isByCookie ? fetch : authorizedFetch
  return eventStream(by, stream, ({ type, data }) => receive({ ...JSON.parse(data), type }))
}
