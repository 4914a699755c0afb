import { sessionError } from '../errors.js'
import type { Plugged } from '../session/plugin.js'
import type { ServerTimes, SessionServer } from '../types.js'
import { cookieSignOut } from './cookie-sign-out.js'
import { keepAlive as keepAlivePlugin } from './keep-alive.js'
import { plainFetch } from '../util/plain-fetch.js'
import { parseUrl, createWarnings, responseError, sendThoughLeaving, warnIfUnreachable } from './response-error.js'
import { checkArgument, checkOptions } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'

/**
 * The endpoints of a backend for {@link cookieSession}. Each is an http(s) URL, or a path of the page's own origin, resolved without
 * `<base>`. An endpoint that is left out is never called.
 */
export interface CookieOptions {
  /** POST: the user is active. Answers as `check`, or with an empty body. */
  keepAlive?: string | URL
  /** GET: how much time is left, as the JSON of {@link ServerTimes}; see `times`. It must not extend the session. */
  check?: string | URL
  /** POST: ends the session. Any 2xx will do, and so will a redirect, which is not followed. */
  signOut?: string | URL
  /** Sent with each request, because a page of another origin cannot send them. @default { 'X-Requested-With': 'sojourn' } */
  headers?: Readonly<Record<string, string>> | (() => Record<string, string>)
  /**
   * Whether a response means that the session is over. True ends it in all tabs. It is called with each response of `keepAlive` and
   * `check`, and with each response to a request of `createFetch(session)`, whatever the status.
   *
   * Decide by `status`, `headers`, `url` and `redirected`, and do not read the body: the caller of the request needs it. With this
   * option a redirect of `keepAlive` and `check` is passed to it as well, as a `response` whose `type` is `'opaqueredirect'`.
   *
   * @default `response.status === 401`
   * @example Laravel says 419 when the session has expired
   * ```ts
   * cookieSession({ check: '/session', isOver: ({ status }) => status === 401 || status === 419 })
   * ```
   */
  isOver?(response: Response): boolean
  /** Reads the times from a response. @default its JSON body as `ServerTimes`; an empty body gives none */
  times?(response: Response): Promise<ServerTimes | void>
  /**
   * The `fetch` that sends the requests. Where something wraps the global one and waits first, give the original here.
   * @default `globalThis.fetch`, read at each call; where that is one of `createFetch(session)`, what it was before
   */
  fetch?: typeof fetch
}

/**
 * A session by HttpOnly cookie (backend for frontend): no token ever reaches JavaScript. The server sets the limits and sends how
 * much time is left, so that its clock and the device's need not agree. A 401, or with `isOver` a response for which that returns
 * true, ends the session in all tabs; so does one to a request of `createFetch(session)`. Any other failure is temporary. Of an endpoint
 * that cannot be right (404, a page in place of JSON) the development build warns in the console, once.
 *
 * Each request has a header that no form can send. Refuse requests without it (OWASP CSRF Prevention Cheat Sheet, custom request
 * headers). A backend on another origin must allow this page's origin by CORS, with credentials and that header.
 *
 * @throws SessionError `invalid_options`
 * @example A backend that sends how much time is left
 * ```ts
 * const server = cookieSession({ keepAlive: '/session/alive', check: '/session', signOut: '/logout' })
 * const session = createSession({ server })
 * // On every page load: who was signed in when the backend made the page. `adoptPage` is exported by `sojourn/server`.
 * void adoptPage(session, JSON.parse(document.querySelector('#session')!.textContent) as PageState)
 * ```
 */
export function cookieSession(options: CookieOptions): SessionServer & Plugged {
  if (DEVELOPMENT) {
    checkOptions('cookieSession', options, {
      times: 'function',
      fetch: 'function',
      keepAlive: 'any',
      check: 'any',
      signOut: 'any',
      headers: 'any',
      isOver: 'any',
    })
    const { headers = {} } = options
    checkArgument(Object(headers) === headers, 'headers', headers, 'an object of texts, or a function that returns one')
  }
  const { headers = { 'X-Requested-With': 'sojourn' } } = options
  /** A copy: later changes to the application's object have no effect. */
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

  /** An `isOver` that throws ends nothing; neither does one that returns a promise, which would be truthy for every response. */
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

  const send = async (option: string, url: string, method: string, init: RequestInit): Promise<Response> => {
    const response = await (options.fetch ?? plainFetch)(url, {
      method,
      // Once more: instrumentation, or a `fetch` of the application's own, adds to what it is given.
      headers: new Headers(typeof headers === 'function' ? headers() : fixedHeaders),
      credentials: 'include',
      cache: 'no-store',
      // A redirect leads to a login page, which is no response of the endpoint.
      redirect: options.isOver ? 'manual' : 'error',
      ...init,
    })
    if (isOver(response)) throw responseError(response, true)
    // Many frameworks answer a sign-out in this way. Sent again, it would end the next login.
    const isLeft = option === 'signOut' && response.type === 'opaqueredirect'
    if (DEVELOPMENT && isLeft)
      warn(option, url, ' answered with a redirect, which counts as done. If it only leads to a slash, mend the URL.')
    if (response.ok || isLeft) return response
    if (DEVELOPMENT)
      warn(option, url, '. Mend the URL, or say with isOver that this means the end of the session.', response.status)
    throw responseError(response, false)
  }

  const call: typeof send = DEVELOPMENT
    ? (option, url, ...rest) => warnIfUnreachable(send(option, url, ...rest), warn, option, url)
    : send

  const readTimes = async (
    option: string,
    url: string,
    method: string,
    init: RequestInit,
  ): Promise<ServerTimes | void> => {
    const response = await call(option, url, method, init)
    if (options.times) return options.times(response)
    // A body that is not JSON comes from a captive portal, or is the page for unknown paths.
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
        await sendThoughLeaving((keepalive) =>
          call('signOut', signOut, 'POST', { signal, keepalive, redirect: 'manual' }),
        )
      },
    }),
    challenge: (response) => (isOver(response) ? 'rejected' : null),
  }
}
