import { failed } from '../errors.js'
import type { ServerTimes, SessionServer } from '../types.js'
import { checkUrl, refusal } from './http.js'

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
  /** Reads the times out of a reply. @default its JSON body as `ServerTimes`, or nothing where it is empty */
  times?(response: Response): Promise<ServerTimes | void>
  /** @default `globalThis.fetch` as it is at each call */
  fetch?: typeof fetch
}

/**
 * A session by HttpOnly cookie (backend for frontend): no token ever reaches JavaScript. The server sets the limits; what it says
 * is left moves what the session shows, as lengths of time, so that no clock matters. A 401 ends the session in all tabs, here and
 * from what `createFetch(session)` sends; anything else that goes wrong is temporary.
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
export function cookieSession(options: CookieOptions): SessionServer {
  const { headers = { 'X-Requested-With': 'sojourn' } } = options
  const [keepAlive, check, signOut] = (['keepAlive', 'check', 'signOut'] as const).map((option) => {
    const url = options[option]
    return url === undefined ? url : checkUrl(option, url)
  })

  const call = async (url: string, method: string, init: RequestInit): Promise<Response> => {
    const response = await (options.fetch ?? fetch)(url, {
      method,
      headers: typeof headers === 'function' ? headers() : headers,
      credentials: 'include',
      cache: 'no-store',
      // A login page is no answer.
      redirect: 'error',
      ...init,
    })
    if (response.ok) return response
    throw refusal(response, response.status === 401)
  }

  const times = (response: Response): Promise<ServerTimes | void> => options.times?.(response) ?? timesOf(response)

  return {
    ...(keepAlive && { keepAlive: async (init) => times(await call(keepAlive, 'POST', init)) }),
    ...(check && { check: async (init) => times(await call(check, 'GET', init)) }),
    ...(signOut && {
      async signOut(_tokens, { signal }) {
        await call(signOut, 'POST', { signal, keepalive: true })
      },
    }),
    challenge: ({ status }) => (status === 401 ? 'rejected' : null),
  }
}

/** Of an answer that is no JSON nobody knows who sent it: a hotel's gateway, or a page for unknown paths. */
async function timesOf(response: Response): Promise<ServerTimes | void> {
  const text = await response.text()
  try {
    if (text) return JSON.parse(text) as ServerTimes
  } catch {
    throw failed('invalid_response', 'The server sent no JSON.')
  }
}
