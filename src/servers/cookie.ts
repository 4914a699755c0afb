import { sessionError } from '../errors.js'
import type { Plugged } from '../session/plugin.js'
import type { ServerTimes, SessionServer } from '../types.js'
import { cookieSignOut } from './cookie-sign-out.js'
import { keepAlive as keepAlivePlugin } from './keep-alive.js'
import { parseUrl, createWarnings, responseError, sendThoughLeaving } from './response-error.js'
import { DEVELOPMENT } from '../util/development.js'

/** What {@link cookieSession} may ask a backend for: each an http(s) URL, or a path of the page's own origin, whatever `<base>` says. What is left out is not asked. */
export interface CookieOptions {
  /** POST: the user is active. */
  keepAlive?: string | URL
  /** GET: how long is left; must not extend. */
  check?: string | URL
  /** POST: end it. */
  signOut?: string | URL
  /** Sent with each request, so that a foreign page cannot send it. @default { 'X-Requested-With': 'sojourn' } */
  headers?: Readonly<Record<string, string>> | (() => Record<string, string>)
  /**
   * Whether an answer says that the session is over: called with each answer of `keepAlive` and `check`, and with those to what
   * `createFetch(session)` sends, whatever their status. True ends the session in all tabs.
   *
   * Go by `status`, `headers`, `url` and `redirected`; the body is for whoever asked. With this option a redirect of `keepAlive`
   * and `check` is shown as well, as a `response` whose `type` is `'opaqueredirect'`.
   *
   * @default `response.status === 401`
   * @example Laravel says 419 when the session has expired
   * ```ts
   * cookieSession({ check: '/session', isOver: ({ status }) => status === 401 || status === 419 })
   * ```
   */
  isOver?(response: Response): boolean
  /** Reads the times out of a reply. @default its JSON body as `ServerTimes`, or nothing where it is empty */
  times?(response: Response): Promise<ServerTimes | void>
  /** @default `globalThis.fetch` as it is at each call */
  fetch?: typeof fetch
}

/**
 * A session by HttpOnly cookie (backend for frontend): no token ever reaches JavaScript. The server sets the limits; what it says
 * is left moves what the session shows, as lengths of time, so that no clock matters. A 401 ends the session in all tabs, here and
 * from what `createFetch(session)` sends, or what `isOver` says; anything else that goes wrong is temporary, and an endpoint that
 * cannot be right (404, a page in place of JSON) is told once in the console.
 *
 * A header that no form can send comes with every request: refuse requests without it (OWASP CSRF Prevention Cheat Sheet, custom
 * request headers). On another origin the backend must allow this page's by CORS, with credentials and that header.
 *
 * @throws SessionError `invalid_options`
 * @example A backend that tells its own timeouts
 * ```ts
 * const server = cookieSession({ keepAlive: '/session/alive', check: '/session', signOut: '/logout' })
 * const session = createSession({ server })
 * // On every page load; the backend makes a new value for each login, and writes none where nobody is signed in.
 * const { login } = document.documentElement.dataset
 * if (login) await session.signIn(undefined, { login })
 * ```
 */
export function cookieSession(options: CookieOptions): SessionServer & Plugged {
  const { headers = { 'X-Requested-With': 'sojourn' } } = options
  /** As they are now: what the application changes later does not count. */
  const fixedHeaders = new Headers(typeof headers === 'function' ? {} : headers)
  const [keepAlive, check, signOut] = (['keepAlive', 'check', 'signOut'] as const).map((option) => {
    const url = options[option]
    return url === undefined ? url : parseUrl(option, url)
  })

  const customIsOver: unknown = Reflect.get(options, 'isOver')
  if (customIsOver !== undefined && typeof customIsOver !== 'function')
    throw sessionError(
      'invalid_options',
      DEVELOPMENT && `isOver is of type ${typeof customIsOver}. Give a function that takes a response.`,
    )
  const warn = createWarnings()

  /** An `isOver` that throws, or returns a promise, which would be true of every answer, says nothing. */
  const isOver = (response: Response): boolean => {
    try {
      const result: unknown = options.isOver ? options.isOver(response) : response.status === 401
      if (DEVELOPMENT && typeof result !== 'boolean') warn('isOver', '', ' returned neither true nor false.')
      return result === true
    } catch (error) {
      if (DEVELOPMENT) warn('isOver', '', ' threw:', 0, error)
      return false
    }
  }

  const call = async (option: string, url: string, method: string, init: RequestInit): Promise<Response> => {
    const response = await (options.fetch ?? fetch)(url, {
      method,
      headers: typeof headers === 'function' ? headers() : fixedHeaders,
      credentials: 'include',
      cache: 'no-store',
      // A login page is no answer.
      redirect: options.isOver ? 'manual' : 'error',
      ...init,
    })
    if (isOver(response)) throw responseError(response, true)
    if (response.ok) return response
    if (DEVELOPMENT)
      warn(option, url, '. Mend the URL, or say with isOver that this means the end of the session.', response.status)
    throw responseError(response, false)
  }

  const readTimes = async (
    option: string,
    url: string,
    method: string,
    init: RequestInit,
  ): Promise<ServerTimes | void> => {
    const response = await call(option, url, method, init)
    if (options.times) return options.times(response)
    // An answer that is no JSON may come from a captive portal, or be a page for unknown paths.
    const text = await response.text()
    try {
      if (text) return JSON.parse(text) as ServerTimes
    } catch {
      if (DEVELOPMENT) warn(option, url, ' without JSON. Mend the URL, or read the reply with times.', response.status)
      throw sessionError('invalid_response', DEVELOPMENT && 'The server sent no JSON.')
    }
  }

  return {
    plugins: [keepAlivePlugin, cookieSignOut],
    ...(keepAlive && { keepAlive: (init) => readTimes('keepAlive', keepAlive, 'POST', init) }),
    ...(check && { check: (init) => readTimes('check', check, 'GET', init) }),
    ...(signOut && {
      async signOut(_tokens, { signal }) {
        await sendThoughLeaving((keepalive) => call('signOut', signOut, 'POST', { signal, keepalive }))
      },
    }),
    challenge: (response) => (isOver(response) ? 'rejected' : null),
  }
}
