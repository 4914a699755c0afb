/** A connection of the page's session, and all that it delivers. */
import { connect, eventStream, webSocket, type ConnectOptions } from 'sojourn/connect'
import { createFetch } from 'sojourn/fetch'
import './app.js'

export type FeedKind = 'socket' | 'stream'

export interface Delivered {
  /** The number of the connection, by the server's count. */
  readonly connection: number
  /** The session that the page shows meanwhile; empty where it shows none. */
  readonly shown: string
}

declare global {
  interface Window {
    feed: {
      readonly delivered: Delivered[]
      readonly states: string[]
      start(kind: FeedKind, options?: ConnectOptions): void
    }
  }
}

const { session } = window.harness

window.feed = {
  delivered: [],
  states: [],
  start(kind, options = {}) {
    const receive = ({ data }: { readonly data: unknown }): void => {
      const shown = session.getSnapshot()
      window.feed.delivered.push({ connection: Number(data), shown: 'id' in shown ? shown.id : '' })
    }
    const socket = webSocket(new URL('/feed', location.href.replace(/^http/, 'ws')), {
      open: (token) => token,
      renew: (token) => token,
      receive,
    })
    const stream = eventStream(createFetch(session), '/stream', receive)
    connect(session, kind === 'socket' ? socket : stream, {
      ...options,
      onState: ({ state }) => window.feed.states.push(state),
    })
  },
}
