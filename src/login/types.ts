import type { DPoP } from '../servers/oauth.js'
import type { Duration, SignInOptions, TokenSession } from '../types.js'

/** An OpenID provider and this application as its client. */
export interface LoginOptions {
  /** The issuer's URL. Its metadata (OpenID Connect Discovery) names the endpoints. */
  issuer: string | URL
  /** The public client's id. A page can keep no client secret. */
  clientId: string
  /** Where the provider sends the answer: a page of this origin, registered at the provider. @default '/' */
  redirectUri?: string | URL
  /** What the tokens are for, separated by spaces; `openid` has to be among them. @default 'openid' */
  scope?: string
  /** RFC 9449: binds the tokens to a key that no script can export. The same as for `oauth()`. */
  dpop?: DPoP
  /**
   * Extra parameters of the authorization request, such as `audience` or a list of `resource`. They never replace one that the login
   * itself sends.
   */
  parameters?: Readonly<Record<string, string | readonly string[]>>
}

/** Options of `start`. */
export interface StartOptions {
  /** Where `finish` says to go on: a path of this origin. @default the page that the user is on */
  returnTo?: string
  /** OpenID Connect Core §3.1.2.1. @default 'login' after a session that ended by a timeout */
  prompt?: string
  /** How long ago the user may have authenticated. The answer has to say so, or is refused. `createFetch` gives it to `stepUp`. */
  maxAge?: Duration
  /** The authentication context class references that are wanted, separated by spaces. `createFetch` gives them to `stepUp`. */
  acrValues?: string
  /** Whom the provider may take the user for: an email address, say. */
  loginHint?: string
}

/** What `finish` says of a login that is done. */
export interface Finished {
  /** The path of this origin that `start` was given. */
  readonly returnTo: string
  /** The claims of the ID token, verified. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** The login at one OpenID provider. Made by `login`. */
export interface Login {
  /**
   * Leaves the page for the provider: authorization code, PKCE, nonce, state. The promise never resolves; a page that comes back from
   * the back/forward cache finds it pending.
   *
   * After a session that ended by a timeout the provider is asked for a fresh authentication (`prompt=login`), unless `prompt` says
   * otherwise: its own session may still live, and somebody else may sit there. It knows of the end by the session that `finish` was
   * called with, so call that first.
   *
   * @throws SessionError `invalid_options` for a `returnTo` on another origin, and where the browser keeps nothing; `offline`,
   * `timeout`, `server`, `rate_limited` or `invalid_response` if the provider's metadata cannot be read
   */
  start(options?: StartOptions): Promise<never>
  /**
   * Call it on every page, before your router reads the address. It removes the answer from the address, exchanges the code, once for
   * all callers and tabs, and signs in. The same user again continues the session with the new tokens. Null where the address is no
   * answer of a login. In a prerendered page it waits until somebody opens it.
   *
   * An answer to a login that was begun in another browser, as by a link in a mail, starts the login once more in this one.
   * `options` are those of `signIn`.
   *
   * @throws SessionError `rejected` where the provider refused, with its error code as `cause` (`access_denied`: the user changed their
   * mind), or did not ask for a fresh authentication; `invalid_response` for an answer that is not right; and as `signIn` and `start` do
   */
  finish(session: TokenSession, options?: SignInOptions): Promise<Finished | null>
  /**
   * Ends the session here, in all tabs and whatever the network does, and then leaves for the provider to end its own (OpenID Connect
   * RP-Initiated Logout 1.0). `returnTo`: a path of this origin where the provider sends the user afterwards; its URL has to be
   * registered there.
   *
   * @throws SessionError as `start`, if the provider cannot be asked. The session here has ended all the same.
   */
  end(session: TokenSession, options?: { returnTo?: string }): Promise<void>
}
