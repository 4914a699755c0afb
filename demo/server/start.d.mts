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
  endCookieSessions(): void
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
}

/** Starts an OpenID provider, a protected resource, two backends and the demo's pages, all on one origin and one port. */
export function startDemo(options?: DemoOptions): Promise<Demo>
