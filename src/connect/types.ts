/** One connection, from its start until its promise settles. */
export interface Connection {
  /** The session that it belongs to. */
  readonly sessionId: string
  /**
   * Aborted when the session ends or is replaced, when the page is left, by the undo, and when the connection is over. Each reading
   * of this member first compares the session with the clock and with what other tabs did: ask `connection.signal.aborted` before
   * you deliver what has arrived.
   */
  readonly signal: AbortSignal
  /**
   * A valid access token of this session and of no other. Not to be called for a session by cookie: it then rejects with
   * `no_tokens`. Where only a refresh could give one, it waits until the user has been active since the last refresh.
   */
  token(): Promise<string>
  /** Calls `send` with each newer token while the connection is up: for servers that take one in band. */
  onToken(send: (token: string) => void): void
  /**
   * The connection works now: `hold` begins, and after 5 s in which it works the back-off starts anew. A connection that has not called
   * it 30 s after its start is given up.
   */
  up(): void
}

/** The state of a connection, for what a page shows. */
export interface ConnectionState {
  /**
   * `connecting`, then `up`. `waiting`: with `retryAt` for the next try; without it for the user, for a newer token, or for the tab that
   * holds the connection of the device. `refused`: there is no further try in this session. `closed`: the session is over, the page is
   * left, or the undo was called.
   */
  readonly state: string
  /** Epoch ms. */
  readonly retryAt?: number
  /** Why the last connection was lost or refused. */
  readonly reason?: unknown
}

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** The session stays alive while the connection is up: a call, a remote desktop, a game. @default false */
  hold?: boolean
  /**
   * `'device'`: one tab of all has the connection, and another takes over. Without Web Locks (plain http) each tab has its own.
   *
   * @default 'tab'
   */
  one?: 'tab' | 'device'
  /** Tells connections with `one: 'device'` apart, where a page has several. @default '' */
  name?: string
  /** Whether the connection was lost because its token was refused. @default close codes 3000, 4401, 4403; a response with 401 */
  isRefused?(reason: unknown): boolean
  /** Called with each state of the connection. */
  onState?(state: ConnectionState): void
}

/** Keeps up one connection; it is over when the promise settles. What it resolves or rejects with is the reason. */
export type Run = (connection: Connection) => Promise<unknown>
