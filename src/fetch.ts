import { checkOptions } from './util/arguments.js'
import { abortable } from './util/async.js'
import { DEVELOPMENT } from './util/development.js'
import { originsOf } from './util/origins.js'
import { credentials, type Credentials } from './servers/credentials.js'
import type { Session } from './types.js'

export { credentials, type Credentials }

/** Options of {@link createFetch}. */
export interface FetchOptions {
  /** Exact origins (scheme, host, port) that get credentials, such as `'https://api.example.com'`. @default the page's own */
  origins?: readonly string[]
  /** The `fetch` that sends the requests. @default `globalThis.fetch`, read at each call */
  fetch?: typeof fetch
}

/**
 * A `fetch` that adds the session's credentials to requests to `origins`. It leaves all other requests unchanged, and those that
 * have an `Authorization` header already.
 *
 * It sends a request again, once for each remedy: after a 401 with a newer token, refreshed once for all requests and tabs if
 * necessary; after a demand for a nonce with a new proof (RFC 9449 §9). You get the first response where that is not possible: if
 * the body is a stream, which can be sent only once; if there is no newer token; if the session has ended or been replaced. You
 * also get a 403, and a demand for a stronger sign-in (RFC 9470).
 *
 * It rejects as `fetch` does, or with the error of `credentials(session)`. A request with credentials follows no redirect: it
 * rejects with a TypeError if the server answers with one, unless you set `redirect: 'manual'`. So request the final address; a
 * missing trailing slash is the usual cause.
 *
 * @throws SessionError `invalid_options` for what is no list of origins
 * @example An API on another origin
 * ```ts
 * const api = createFetch(session, { origins: ['https://api.example.com'] })
 * const response = await api('https://api.example.com/orders')
 * ```
 */
export function createFetch(session: Session, options: FetchOptions = {}): typeof fetch {
  const { authorize: authorizeRequest } = credentials(session)
  if (DEVELOPMENT) checkOptions('createFetch', options, { fetch: 'function' })
  const isAllowed = originsOf('createFetch', options.origins)
  const originalFetch = globalThis.fetch

  // Read at each call, so that mocks and instrumentation installed later are used; but never itself, if it replaces the global one.
  const send = (...call: Parameters<typeof fetch>): Promise<Response> =>
    (options.fetch ?? (globalThis.fetch === sessionFetch ? originalFetch : globalThis.fetch))(...call)

  const sessionFetch: typeof fetch = async (input, init) => {
    const { url } = new Request(typeof input === 'object' && 'url' in input ? input.url : input)
    if (!isAllowed(url)) return send(input, init)

    const request = new Request(input, init)
    // An object may have one URL in its member `url` and give another as a string. The URL of the request decides.
    if (!isAllowed(request.url) || request.headers.has('Authorization')) return send(request)
    const headers = String([...request.headers])
    const authorize: Credentials['authorize'] = (...call) => abortable(authorizeRequest(...call), request.signal)
    // A stream can be read once, so the request cannot be sent again. An empty copy lets the session refresh for the next request.
    const isStream = 'getReader' in Object(init?.body)
    const copy = isStream ? new Request(url) : request.clone()
    // At most one for a nonce and one for a refresh.
    let replays = isStream ? 0 : 2

    for (let current = (await authorize(request)) ?? request; ;) {
      const response = await sendSafely(current, headers)
      const retry = await authorize(copy.clone(), { request: current, response })
      if (!retry || !replays--) return response
      current = retry
    }
  }

  /** `headers`: the headers before the session added its own. */
  const sendSafely = (request: Request, headers: string): Promise<Response> => {
    // Chrome before 119 and Firefox before 111 send Authorization on to another origin, and all browsers send any other header on:
    // https://github.com/whatwg/fetch/pull/1544. The target of a redirect cannot be known beforehand.
    if (String([...request.headers]) === headers || request.redirect !== 'follow') return send(request)
    // With any init, fetch resets the request's referrer: https://fetch.spec.whatwg.org/#dom-request
    const { referrer, referrerPolicy } = request
    return send(request, { redirect: 'error', referrer, referrerPolicy })
  }
  return sessionFetch
}
