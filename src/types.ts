import type { EndReason, SessionEvents, Snapshot } from './core/snapshot.js'

export type { EndReason, SessionEvents, Snapshot }

/**
 * A length of time: milliseconds, or a number with a unit: `'90s'`, `'15m'`, `'12h'`, `'30d'`.
 *
 * @example Half an hour
 * ```ts
 * createSession({ idleTimeout: '30m' })
 * ```
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The JSON of an OAuth 2.0 token response (RFC 6749 §5.1), as the server sent it. `expires_in` is in seconds. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type?: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly scope?: string
  readonly id_token?: string
  readonly [extra: string]: unknown
}

/** Time left by the server's own clock, in seconds (durations, so a wrong local clock does not matter). */
export interface ServerTimes {
  /** Until the server ends the session for idleness, if nobody is active. */
  readonly idleExpiresIn?: number
  /** Until the server ends it whatever the user does. */
  readonly absoluteExpiresIn?: number
}

/**
 * What the session asks of a server. `keepAlive` and `check` get a signal that aborts on timeout, sign-out and `destroy()`. For
 * `refresh` it aborts later, since the server may have rotated its tokens: at twice the timeout or at the end of the session, and not
 * on `destroy()`. For `signOut` and `receive` it aborts after 5 s.
 * Throw `SessionError('rejected')` when the server says that the session is over: it then ends in every tab.
 * Throw `SessionError('no_tokens')` when there is nothing to ask with: that is no failure.
 * Any other failure is temporary: the session stays, and the call is tried again with back-off.
 *
 * `oauth()` and `cookieSession()` make one. A server of your own goes through `customServer()` of `sojourn/server`, which adds the
 * code that the session needs for it.
 *
 * @example A server of your own that refreshes by a cookie
 * ```ts
 * const server = customServer({
 *   async refresh(_tokens, { signal }) {
 *     const response = await fetch('/refresh', { method: 'POST', signal })
 *     if (response.status === 401) throw new SessionError('rejected')
 *     if (!response.ok) throw new SessionError('server')
 *     return (await response.json()) as TokenResponse
 *   },
 * })
 * ```
 */
export interface SessionServer {
  /** The server as the session of this `name` uses it, for a server that keeps something, as `oauth` does with its `dpop`. */
  forSession?(name: string): SessionServer
  /**
   * The application brings tokens, by `signIn` or `setTokens`: called before they are stored, in one tab at a time. What it
   * rejects with, the application gets, and nothing is changed. `degraded` reports what works with less than it should.
   */
  receive?(
    tokens: TokenResponse,
    init: {
      signal: AbortSignal
      degraded: (feature: SessionEvents['degraded']['feature'], consequence: string) => void
    },
  ): Promise<void>
  /**
   * New tokens for old. Runs in one tab at a time. `tokens` is null where the refresh token is an HttpOnly cookie. `activeAt`: when
   * the user was last active, for a server that keeps an idle timeout of its own. `resource`: the API that the access token is for
   * (RFC 8707), where `getAccessToken` was given one. Throw `SessionError('invalid_options')` for one that the server does not know.
   * Its request must not go by the `createFetch` of this session, not even where that is the global `fetch`: that waits for a token
   * first, and so for this call.
   */
  refresh?(
    tokens: TokenResponse | null,
    init: { signal: AbortSignal; activeAt: number; resource?: string },
  ): Promise<TokenResponse>
  /**
   * Tells the server that the user is active. Only after real activity, and at most once per `keepAliveEvery` over all tabs; for
   * `extend()` at once.
   */
  keepAlive?(init: { signal: AbortSignal }): Promise<ServerTimes | void>
  /**
   * Asks how long the session still lives, without extending it. Asked by one tab: shortly before a warning and before an end, when a
   * page is shown or focused again and the server said nothing for 10 s, and by `verify()`.
   */
  check?(init: { signal: AbortSignal }): Promise<ServerTimes | void>
  /** Ends the session at the server (revocation, RFC 7009). Best effort: local sign-out never waits on it for longer than 5 s. */
  signOut?(tokens: TokenResponse | null, init: { signal: AbortSignal; reason: EndReason }): Promise<void>
  /** Adds credentials to an outgoing request; default `Authorization: Bearer …` (RFC 6750 §2.1). */
  authorize?(request: Request, tokens: TokenResponse | null): Promise<Request>
  /** What an answer asks for; default: 401 asks for a refresh. `resend`: the same tokens, prepared anew (a DPoP nonce). */
  challenge?(response: Response): 'resend' | 'refresh' | 'rejected' | null
}

/** A server that refreshes tokens: of `oauth()`, or of `customServer()` with `refresh`. */
export type TokenServer = SessionServer & { readonly tokens: true }

/** The tokens as a {@link TokenStore} keeps them. */
export interface StoredTokens {
  /** The session that the tokens belong to. */
  readonly id: string
  /** Counts refreshes; a higher generation is always the newer one. */
  readonly generation: number
  readonly tokens: TokenResponse
  /** Epoch ms at which the access token dies, counted from its arrival; null when the server did not say. */
  readonly expiresAt: number | null
}

/**
 * Where tokens rest. Every method may reject; the session then goes on in memory and reports `degraded`. A store of your own goes
 * through `customTokens()` of `sojourn/server`.
 */
export interface TokenStore {
  /** The store as the session of this `name` sees it: nothing of another's. A store without it serves one session only. */
  forSession?(name: string): TokenStore
  /**
   * Whether all tabs see the same tokens. Where not (memory), each tab refreshes its own, one after the other under the lock,
   * and a tab without tokens asks `server.refresh(null)`, or the application by rejecting with `no_tokens`.
   */
  readonly shared: boolean
  get(): Promise<StoredTokens | null>
  /**
   * With `expected`, only while exactly that is stored, in one transaction; returns whether it was written. `null`: only while
   * nothing is stored.
   */
  set(value: StoredTokens, expected?: { readonly id: string; readonly generation: number } | null): Promise<boolean>
  /** Deletes the tokens of session `id` and no other's, in one transaction; returns what it removed: who gets it, revokes it. */
  clear(id: string): Promise<StoredTokens | null>
}

/** Lets one tab at a time refresh where a page has no Web Locks: `lease` of `sojourn/lease`. */
export interface Lease {
  readonly lease: true
}

/**
 * How one session behaves. Everything has a default.
 *
 * @example An office application on an OAuth server
 * ```ts
 * const session = createSession({
 *   idleTimeout: '15m',
 *   warnBefore: '2m',
 *   absoluteTimeout: '8h',
 *   tokenStore: idbTokens(),
 *   server: oauth({ tokenEndpoint: 'https://id.example.com/token', clientId: 'app' }),
 * })
 * ```
 */
export interface SessionOptions {
  /**
   * Tabs of one origin with the same name share one session, and what it keeps lies under this name. Give each application of an
   * origin its own. @default 'session'
   */
  name?: string
  /** Time without activity in any tab until the session ends. @default '15m' */
  idleTimeout?: Duration | false
  /**
   * How long before an end the warning phase starts; at most half of the way there.
   * Where that leaves less than 20 s, the development build cites WCAG 2.2.1 in the console, once.
   *
   * @default '2m', or a third of the shortest timeout if that is less
   */
  warnBefore?: Duration
  /** Time after sign-in until the session ends whatever the user does. @default '12h' */
  absoluteTimeout?: Duration | false
  /** Whether ordinary activity closes the warning, or only `extend()`. @default 'ignore' */
  activityDuringWarning?: 'ignore' | 'extend'
  /** How long before an access token dies a refresh starts; never more than half of its life. @default '60s' */
  refreshBefore?: Duration
  /** How often, at most, activity is told to the server. @default a third of `idleTimeout`, or 5 minutes without one */
  keepAliveEvery?: Duration
  /**
   * What a page does that comes back from the back/forward cache after its session ended or changed. `'event'`: it stays, and hears
   * `signedOut` or `switched` as any other tab does. @default 'reload'
   */
  stalePage?: 'reload' | 'event'
  /**
   * Where tokens are kept. Without it, the tokens of a server that refreshes stay in the memory of their tab; a session without
   * such a server keeps none. All pages of one session should have the same. @default memoryTokens() with a server that refreshes
   */
  tokenStore?: TokenStore
  /** `oauth()`, `cookieSession()` or `customServer()`. All pages of one session should have the same. */
  server?: SessionServer
  /**
   * How long one request to the server may take: a longer one rejects with `timeout`. The lock and the waits of other tabs follow
   * it, so give all pages the same. An answer that comes later still counts, up to twice as long after the request; no tab uses
   * its refresh token again before that. Raise it for a token endpoint that is often slower, to `'5m'` at most.
   *
   * @default '10s'
   */
  requestTimeout?: Duration
  /** `lease` of `sojourn/lease`, for pages without Web Locks (plain http, other than localhost). */
  lease?: Lease
}

/** When the session will warn and end, in epoch ms of this device's clock. `Infinity` where nothing ends the session. */
export interface Deadlines {
  readonly warnAt: number
  readonly endAt: number
  readonly endsBy: 'idle' | 'absolute' | 'server' | null
}

/** Options of `signIn`. */
export interface SignInOptions {
  /**
   * A value that is not secret and that the server makes anew for each login. With it the call is safe on every page load: the
   * same value continues the session and never revives an ended one, another value replaces it. Only a hash of it is kept.
   */
  login?: string
  /**
   * Limits that are known only now, such as an organisation's policy. They can shorten what `createSession` was given, in all
   * tabs, and never lengthen it.
   *
   * @example A policy that comes with the login
   * ```ts
   * await session.signIn(tokens, { idleTimeout: '5m', absoluteTimeout: '4h' })
   * ```
   */
  idleTimeout?: Duration
  /** The same for the time after this sign-in. */
  absoluteTimeout?: Duration
  /**
   * Takes over what an anonymous session has kept by `sojourn/data`: a cart from before the login. Anonymous is a session that began
   * without tokens and without `login`, and was given no tokens since; of any other nothing is taken over. This sign-in needs tokens
   * or a `login`, and its page has to have called `sessionData()`.
   *
   * @example A cart that goes along
   * ```ts
   * await session.signIn() // the first visit
   * sessionData(session).setItem('cart', '3 apples')
   * await session.signIn(tokens, { keepData: true })
   * sessionData(session).getItem('cart') // '3 apples'
   * ```
   */
  keepData?: boolean
}

/** What one session keeps on this device, for all tabs: a storage in which nothing outlives the session. Made by `sessionData`. */
export interface SessionData {
  /** The session that it belongs to; it never serves another. */
  readonly id: string
  /** The text under this key; null where there is none, and where the session is over. */
  getItem(key: string): string | null
  /**
   * True: written, for all tabs. False: not written, because the session is over, this session object was destroyed, or nobody has
   * opened the prerendered page yet. Throws what the browser throws when the disk is full: what was there before is then still there.
   */
  setItem(key: string, value: string): boolean
  /** Removes the text under this key. */
  removeItem(key: string): void
  /** Calls with the key of each change in whichever tab, and with null when all of it is gone. Returns the undo. */
  subscribe(listener: (key: string | null) => void): () => void
}

/** One user's session over all tabs of an origin. Made by `createSession`. */
export interface Session {
  /** Resolves once the phase is known; on a server at once, with `loading`. */
  readonly ready: Promise<Snapshot>
  /** Pure and cached: safe during a render. */
  getSnapshot(): Snapshot
  /** Calls `listener` after each change of the snapshot; returns the undo. */
  subscribe(listener: () => void): () => void
  /**
   * Listens to one kind of event; returns the undo. A throwing listener hurts nobody else.
   *
   * @example Leaving the page when the session is over, in whichever tab it ended
   * ```ts
   * session.on('signedOut', ({ reason }) => location.assign(`/goodbye?why=${reason}`))
   * ```
   */
  on<K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): () => void
  /**
   * Each step with its cause, for inspectors and tests; returns the undo. Holds no token.
   *
   * Looks at the clock and at storage that change nothing are left out. A step that a listener itself causes, by `check()` for
   * example, is reported if it changes the snapshot: so a listener may call the session.
   */
  inspect(listener: (step: SessionStep) => void): () => void
  /**
   * Begins a session in all tabs, in place of one that may be there. Without tokens: a session by cookie. Tokens are for a
   * {@link TokenSession}.
   *
   * In a prerendered page it waits until somebody opens the page, and is refused where somebody signed in in the meantime.
   *
   * @throws SessionError `invalid_response` for what is no token response (RFC 6749 §5.1), `signed_out` when `signOut()` or `destroy()`
   * came first, `invalid_options` for tokens where this session keeps none, for a `login` that is empty or no text, for tokens with a `login`
   * whose session has ended (the tokens are not stored and not revoked), and for a limit that is no length of time.
   */
  signIn(tokens?: TokenResponse, options?: SignInOptions): Promise<void>
  /**
   * Ends the session in all tabs: local wipe first, then the server. Works offline, never rejects, may be called twice.
   * In a prerendered page it waits until somebody opens the page; after `destroy()` it ends nothing and reports that.
   */
  signOut(): Promise<void>
  /**
   * "Stay signed in": a full idle timeout from now, in all tabs. True when the end moved; where the server has `keepAlive`,
   * only after it agreed. False when the session is over, cannot be extended, or the server could not be told (the warning then stays).
   */
  extend(): Promise<boolean>
  /** Counts as activity, for input that the session cannot see. */
  touch(): void
  /**
   * Counts as continuous activity until released: an upload, a call, a video. Never beyond the absolute timeout.
   *
   * A hold is of the session in which it is taken, and is over when that ends, released or not: a call of one user does not keep
   * the next one signed in. One that is taken while nobody is signed in counts for the session that begins next.
   *
   * @example Keeping the session alive while a file is on its way
   * ```ts
   * const release = session.hold()
   * await upload(file).finally(release)
   * ```
   */
  hold(): () => void
  /**
   * Input in a window that the page fills itself counts too: in one from `window.open('')`, or in Document Picture-in-Picture. Frames
   * in it count as those of the page do. Returns the undo; may be called any number of times, also while nobody is signed in.
   * The end of the window or of this session object (`destroy()`) ends it, a sign-out does not.
   *
   * @throws SessionError `invalid_options` for what is no window, and for a window of another origin.
   *
   * @example A call in a window of its own
   * ```ts
   * const popup = window.open('')
   * const unwatch = popup ? session.watch(popup) : undefined
   * ```
   */
  watch(window: Window): () => void
  /**
   * Asks the server now whether the session still lives: `check` where the server has it, else by a refresh. Call it when something
   * says that the session may have ended elsewhere: a push, a socket that was refused, a cookie that has changed.
   *
   * False: it is over, in every tab (or `destroy()` was called). True: the server says that it lives, or could not be asked: a
   * temporary failure is no answer. Without a server that can be asked: whether it lives here. It is no activity. The server is
   * asked at most once per 5 s over all tabs; a call that comes sooner waits. In a prerendered page it waits until somebody opens it.
   *
   * @example A sign-out on another device, which the server pushes to this page
   * ```ts
   * events.addEventListener('signed-out', () => session.verify())
   * ```
   */
  verify(): Promise<boolean>
  /** Compares the session with the clock now. */
  check(): Snapshot
  /** The deadlines as of now; null when signed out. */
  deadlines(): Deadlines | null
  /** Removes every listener, timer and channel of this tab. Does not sign out. May be called twice. */
  destroy(): void
}

/** The session that `createSession` makes where tokens are given: by `oauth()`, a token store or `customServer()` with `refresh`. */
export interface TokenSession extends Session {
  /** Tokens from elsewhere (a silent sign-in, say) for the session that is running. Rejects with `signed_out` where none is. */
  setTokens(tokens: TokenResponse): Promise<void>
  /**
   * An access token that is valid for at least `minValidity` (default 0), refreshed if need be, once for all tabs.
   * A temporary failure still returns a token that has not expired, unless `forceRefresh` was asked for: then it rejects. In a
   * prerendered page a refresh waits until somebody opens it.
   * `resource` (RFC 8707): the token for that API. Each resource has its own, out of one refresh token; it is refreshed when you ask for
   * it, and never in the background.
   * Rejects with a `SessionError` (`signed_out`, `no_tokens`, `offline`, `server`, `rate_limited`, `timeout`, `invalid_response`; for a
   * resource that the server gives no token for `invalid_options`, with its error code as `cause`), or with `signal.reason`.
   *
   * @example A request that takes a minute
   * ```ts
   * const token = await session.getAccessToken({ minValidity: '1m' })
   * ```
   * @example Two APIs, each with a token of its own
   * ```ts
   * const orders = await session.getAccessToken({ resource: 'https://orders.example.com' })
   * const billing = await session.getAccessToken({ resource: 'https://billing.example.com' })
   * ```
   */
  getAccessToken(options?: {
    minValidity?: Duration
    forceRefresh?: boolean
    resource?: string
    signal?: AbortSignal
  }): Promise<string>
  /**
   * The ID token of the last response that had one, for `id_token_hint` and for claims (`decodeClaims` of `sojourn/login`). Null where
   * there was none, and where nobody is signed in. It is not refreshed, and may have expired.
   */
  getIdToken(): Promise<string | null>
}

/** One step of the session, as `session.inspect` reports it. */
export interface SessionStep {
  readonly cause: string
  readonly at: number
  readonly before: Snapshot
  readonly after: Snapshot
  readonly record: unknown
}
