import { abortable } from './util/async.js'
import { originsOf } from './util/origins.js'
import { credentials, type Credentials } from './servers/credentials.js'
import type { Session } from './types.js'

export { credentials, type Credentials }

/** The origins that get credentials from {@link createFetch}, and the `fetch` that it sends with. */
export interface FetchOptions {
  /** Exact origins (scheme, host, port) that get credentials, such as `'https://api.example.com'`. @default the page's own */
  origins?: readonly string[]
  /** @default `globalThis.fetch` as it is at each call */
  fetch?: typeof fetch
}

/**
 * A `fetch` that adds the session's credentials to requests to `origins`, and leaves all other requests alone, as well as
 * those that bring an `Authorization` of their own. What an answer asks for, it does once: after a 401 a refresh, shared by all
 * requests and tabs, or a newer token where there is one; a proof with the nonce that a server wants (RFC 9449 §9). A body that
 * you give as a stream can be sent only once: you get the answer that was there. So you do where the session has nothing
 * better to offer, has ended or been replaced, and for 403 and a wanted step-up (RFC 9470).
 *
 * It rejects as `fetch` does, or with what `credentials(session)` rejects with. A request with credentials follows no redirect: it
 * rejects with a TypeError where the server answers with one, unless you set `redirect: 'manual'`. Ask for the final address
 * (the trailing slash is the usual case).
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
  const isAllowed = originsOf('createFetch', options.origins)
  const originalFetch = globalThis.fetch

  // Late, so that mocks and instrumentation installed later count; but never itself, should it replace the global one.
  const send = (...call: Parameters<typeof fetch>): Promise<Response> =>
    (options.fetch ?? (globalThis.fetch === sessionFetch ? originalFetch : globalThis.fetch))(...call)

  const sessionFetch: typeof fetch = async (input, init) => {
    const { url } = new Request(typeof input === 'object' && 'url' in input ? input.url : input)
    if (!isAllowed(url)) return send(input, init)

    const request = new Request(input, init)
    // An object may name one URL by its member and another as a text. What counts is where the request goes.
    if (!isAllowed(request.url) || request.headers.has('Authorization')) return send(request)
    const headers = String([...request.headers])
    const authorize: Credentials['authorize'] = (...call) => abortable(authorizeRequest(...call), request.signal)
    // A stream can be read once, so the request cannot be sent again. Its stand-in lets the session refresh for the next request.
    const isStream = 'getReader' in Object(init?.body)
    const copy = isStream ? new Request(url) : request.clone()
    // At the most a nonce and a refresh.
    let replays = isStream ? 0 : 2

    for (let current = (await authorize(request)) ?? request; ;) {
      const response = await sendSafely(current, headers)
      const retry = await authorize(copy.clone(), { request: current, response })
      if (!retry || !replays--) return response
      current = retry
    }
  }

  /** `headers`: what there was before the session added to it. */
  const sendSafely = (request: Request, headers: string): Promise<Response> => {
    // Chrome before 119 and Firefox before 111 carry Authorization along to another origin, and all browsers any other header:
    // https://github.com/whatwg/fetch/pull/1544. Where a redirect leads cannot be known beforehand.
    if (String([...request.headers]) === headers || request.redirect !== 'follow') return send(request)
    // With any init fetch forgets the request's referrer: https://fetch.spec.whatwg.org/#dom-request
    const { referrer, referrerPolicy } = request
    return send(request, { redirect: 'error', referrer, referrerPolicy })
  }
  return sessionFetch
}
