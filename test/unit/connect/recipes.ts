/** The recipes of docs/connections.md for clients of other libraries, each as a function of the URL. */
import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr'
import { REALTIME_SUBSCRIBE_STATES, RealtimeClient, type WebSocketLikeConstructor } from '@supabase/realtime-js'
import { createClient } from 'graphql-ws'
import { io } from 'socket.io-client'
import type { Connection, ConnectOptions } from '../../../src/connect.js'

type Run = (connection: Connection) => Promise<unknown>

export const graphql =
  (url: string, query: string, show: (result: unknown) => void): Run =>
  (connection) =>
    new Promise((_resolve, lost) => {
      const client = createClient({
        url,
        // connect() does both: when to connect, and when again.
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: lost,
        connectionParams: async () => ({ token: await connection.token() }),
        on: {
          connected(socket) {
            connection.up()
            connection.onToken((token) => {
              ;(socket as WebSocket).send(JSON.stringify({ type: 'ping', payload: { token } }))
            })
          },
          closed: lost,
        },
      })
      connection.signal.addEventListener('abort', () => void client.dispose())
      client.subscribe(
        { query },
        {
          next(result) {
            if (!connection.signal.aborted) show(result)
          },
          error: lost,
          complete: () => undefined,
        },
      )
    })

export const socketIo =
  (url: string, show: (text: unknown) => void): Run =>
  (connection) =>
    new Promise((_resolve, lost) => {
      const socket = io(url, {
        forceNew: true,
        reconnection: false,
        auth(set) {
          connection.token().then((token) => set({ token }), lost)
        },
      })
      connection.signal.addEventListener('abort', () => void socket.disconnect())
      socket.on('connect', () => {
        connection.up()
        connection.onToken((token) => void socket.emit('token', token))
      })
      socket.on('connect_error', lost)
      socket.on('disconnect', lost)
      socket.on('news', (text) => {
        if (!connection.signal.aborted) show(text)
      })
    })

/** The error of the server's middleware: `next(new Error('unauthorized'))`. */
export const socketIoOptions: ConnectOptions = {
  isRefused: (reason) => (reason as Error).message === 'unauthorized',
}

export const signalR =
  (url: string, show: (text: unknown) => void): Run =>
  async (connection) => {
    const hub = new HubConnectionBuilder()
      // In a browser the other transports put the token into the URL.
      .withUrl(url, { transport: HttpTransportType.LongPolling, accessTokenFactory: () => connection.token() })
      .configureLogging(LogLevel.None)
      .build()
    connection.signal.addEventListener('abort', () => void hub.stop())
    hub.on('news', (text) => {
      if (!connection.signal.aborted) show(text)
    })
    await hub.start()
    connection.up()
    await new Promise((_resolve, lost) => {
      hub.onclose(lost)
    })
  }

/** `pingEvery`: how often the client says that it is there, ms; 15 s unless a test is in a hurry. */
export const signalROverSocket =
  (url: string, show: (text: unknown) => void, pingEvery = 15_000): Run =>
  async (connection) => {
    const hub = new HubConnectionBuilder()
      // The token goes to the negotiation, in a header. That answers with a ticket for the socket, in whose URL it will be.
      .withUrl(url, { transport: HttpTransportType.WebSockets, accessTokenFactory: () => connection.token() })
      .withKeepAliveInterval(pingEvery)
      .configureLogging(LogLevel.None)
      .build()
    connection.signal.addEventListener('abort', () => void hub.stop())
    hub.on('news', (text) => {
      if (!connection.signal.aborted) show(text)
    })
    await hub.start()
    connection.up()
    await new Promise((_resolve, lost) => {
      hub.onclose(lost)
      connection.onToken((token) => {
        hub.send('token', token).catch(lost)
      })
    })
  }

export const signalROptions: ConnectOptions = {
  isRefused: (reason) => /\b401\b/.test(String(reason)),
}

export const supabase =
  (url: string, show: (payload: unknown) => void, transport?: WebSocketLikeConstructor): Run =>
  async (connection) => {
    const client = new RealtimeClient(url, { params: { apikey: 'public-key' }, ...(transport && { transport }) })
    connection.signal.addEventListener('abort', () => void client.disconnect())
    await client.setAuth(await connection.token())
    connection.onToken((token) => void client.setAuth(token))
    await new Promise((_resolve, lost) => {
      client
        .channel('news')
        .on('broadcast', { event: 'news' }, ({ payload }) => {
          if (!connection.signal.aborted) show(payload)
        })
        .subscribe((status, error) => {
          if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) connection.up()
          else lost(error ?? new Error(status))
        })
    })
  }
