/** How often the server was asked what. */
export interface Counts {
  readonly tokenCalls: number
  readonly signIns: number
  readonly refreshes: number
  readonly refused: number
  readonly reuse: number
  readonly revocations: number
}

export type Fault = 'none' | 'slow' | 'hang' | 'unavailable' | 'limited' | 'lost' | 'ended'

export interface Demo {
  /** The origin of everything. */
  readonly url: string
  readonly issuer: string
  readonly clientId: string
  /** The client whose tokens are bound to its key (RFC 9449). */
  readonly dpopClientId: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  counters(): { readonly total: Counts; readonly bySignIn: Readonly<Record<string, Counts>> }
  fault(): Fault
  /** False for what is no fault. */
  setFault(fault: Fault): boolean
  /** Ends every session of the backend for frontend, as an administrator may. */
  endCookieSessions(): Promise<void>
  /**
   * Ends every login of this user at the provider, which revokes their tokens and sends a logout token to the backend for frontend.
   * Resolves with how many there were.
   */
  signOutAtProvider(name: string): Promise<number>
  /** The processes of the backend for frontend that run, where there are several; `url` is each one's own. */
  processes(): readonly { readonly number: number; readonly pid: number; readonly url: string }[]
  /** Bytes of memory that each of them has. */
  memory(): Promise<readonly number[]>
  close(): Promise<void>
}

export interface DemoOptions {
  /** 0, the default, takes a free one. */
  port?: number
  /** Seconds. @default 30 */
  accessTokenTtl?: number
  /** Seconds, from the sign-in on: rotation does not prolong it. @default 86400 */
  refreshTokenTtl?: number
  /** Seconds, of the backend for frontend. @default 90 */
  idleTimeout?: number
  /** Seconds, of the backend for frontend. @default 900 */
  absoluteTimeout?: number
  /** Further pages, of this or of other origins, that may sign in. */
  redirectUris?: readonly string[]
  /** Whether the provider remembers its users, as most do: then a sign-in may need no question. @default false */
  keepsSessions?: boolean
  /** APIs that get access tokens of their own (RFC 8707). @default [] */
  resources?: readonly string[]
  /** Further names of this machine at which the pages and the backend for frontend are, `'app.localhost'` for one. */
  hosts?: readonly string[]
  /**
   * The cookie beside that of the backend for frontend, which is new with each sign-in and gone with each sign-out. With a `domain`
   * both cookies are for all of its subdomains.
   *
   * @default { name: 'companion' }
   */
  companion?: { readonly name: string; readonly domain?: string | undefined }
  /** The path of a Redis server's socket, for the sessions of the backend for frontend. Without it they are in memory. */
  redis?: string | null
  /** As so many processes the backend for frontend runs; more than one needs `redis`. @default 1 */
  processes?: number
  /** What the page says as well, where it says how the backend for frontend runs. */
  note?: string
}

/** Starts an OpenID provider, a protected resource with a live feed, two backends and the demo's pages, all on one origin and one port. */
export function startDemo(options?: DemoOptions): Promise<Demo>
