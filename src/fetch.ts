import { checkOptions } from './util/arguments.js'
import { contextOf } from './session/context.js'
import { abortable, onceAborted } from './util/async.js'
import { DEVELOPMENT } from './util/development.js'
import { originsOf, type Origins } from './util/origins.js'
import { credentials, type Credentials } from './servers/credentials.js'
import { isPassing, plainFetch, sendPast } from './util/plain-fetch.js'
import type { Session } from './types.js'

export { credentials, type Credentials }
export type { Origins }

/** What a response asks of the sign-in, RFC 9470 §3. `login().start()` takes both. */
export interface StepUpChallenge {
  /** The authentication context class references, separated by spaces. */
  acrValues?: string
  /** How long ago the user may have authenticated, ms. */
  maxAge?: number
}

/** Options of {@link createFetch}. */
export interface FetchOptions {
  /**
   * Exact origins (scheme, host, port) that get credentials, such as `'https://api.example.com'`. An object gives each origin the
   * resource that its token is for (RFC 8707), `''` for none in particular. @default the page's own
   */
  origins?: Origins
  /**
   * Brings the user to a stronger sign-in, for a response that asks for one (RFC 9470). If it resolves with true, the request is sent
   * again, once, with the tokens of then. It runs once at a time, for all requests that are waiting. What it rejects with, `fetch` rejects with.
   * It need not settle where it leaves the page: a page that comes back out of the back/forward cache goes on without it, and so does one
   * whose session is over. What it requests itself goes by another `fetch`: a request of this one that meets the same demand waits for
   * the step-up, which would wait for that.
   */
  stepUp?(challenge: StepUpChallenge): Promise<boolean>
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
 * also get a 403, and without `stepUp` a demand for a stronger sign-in (RFC 9470).
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
 * @example Two APIs with tokens of their own, and a stronger sign-in in a window of its own where one asks for it
 * ```ts
 * const api = createFetch(session, {
 *   origins: { 'https://orders.example.com': 'urn:orders', 'https://billing.example.com': 'urn:billing' },
 *   stepUp: (challenge) => signInAgain(challenge),
 * })
 * ```
 */
export function createFetch(session: Session, options: FetchOptions = {}): typeof fetch {
  const { authorize: authorizeRequest } = credentials(session)
  if (DEVELOPMENT) checkOptions('createFetch', options, { origins: 'any', fetch: 'function', stepUp: 'function' })
  const resourceOf = originsOf('createFetch', options.origins)
  const originalFetch = globalThis.fetch
  const { fetch: given } = options
  const send = given ?? plainFetch
  /** The requests that were sent. A wrapper around this fetch may bring them back, after a wait. */
  const own = new WeakSet()
  const sendOwn: typeof fetch = (...call) => {
    own.add(call[0] as Request)
    return send(...call)
  }

  const sessionFetch: typeof fetch = async (input, init) => {
    if (isPassing(sessionFetch) || own.has(input as Request)) return originalFetch(input, init)
    const { url } = new Request(typeof input === 'object' && 'url' in input ? input.url : input)
    // Another session's fetch may have credentials for it.
    if (resourceOf(url) === undefined) return given ? given(input, init) : sendPast(sessionFetch, [input, init])

    const request = new Request(input, init)
    // An object may have one URL in its member `url` and give another as a string. The URL of the request decides.
    const resource = resourceOf(request.url)
    if (resource === undefined || request.headers.has('Authorization')) return sendOwn(request)
    const headers = String([...request.headers])
    const authorize: Credentials['authorize'] = (...call) => abortable(authorizeRequest(...call), request.signal)
    // A stream can be read once, so the request cannot be sent again. An empty copy lets the session refresh for the next request.
    const isStream = 'getReader' in Object(init?.body)
    const copy = isStream ? new Request(url) : request.clone()
    // At most one for a nonce and one for a refresh.
    let replays = isStream ? 0 : 2
    let mayStepUp = !isStream && !!options.stepUp

    let current = (await authorize(request, undefined, resource)) ?? request
    // Not before: a page that has just been opened may not know its session yet.
    const id = mayStepUp ? sessionId() : undefined
    for (;;) {
      const response = await sendSafely(current, headers)
      let retry = await authorize(copy.clone(), { request: current, response })
      const challenge = !retry && mayStepUp && challengeOf(response)
      // Nobody is asked to prove more after a sign-out.
      if (challenge && sessionId() === id) {
        mayStepUp = false
        replays++
        // Another user's session must not repeat the request.
        if ((await abortable(stepUp(challenge), request.signal)) && sessionId() === id)
          retry = await authorize(copy.clone(), undefined, resource)
      }
      if (!retry || !replays--) return response
      current = retry
    }
  }

  const sessionId = (): string | undefined => (session.check() as { readonly id?: string }).id

  /** The step-up that is under way. */
  let underWay: Promise<boolean | undefined> | undefined
  const stepUp = (challenge: StepUpChallenge): Promise<boolean | undefined> => {
    const settled = new AbortController()
    return (underWay ??= Promise.race([options.stepUp?.(challenge), inVain(session, settled.signal)]).finally(() => {
      underWay = undefined
      settled.abort()
    }))
  }

  /** `headers`: the headers before the session added its own. */
  const sendSafely = (request: Request, headers: string): Promise<Response> => {
    // Chrome before 119 and Firefox before 111 send Authorization on to another origin, and all browsers send any other header on:
    // https://github.com/whatwg/fetch/pull/1544. The target of a redirect cannot be known beforehand.
    if (String([...request.headers]) === headers || request.redirect !== 'follow') return sendOwn(request)
    // With any init, fetch resets the request's referrer: https://fetch.spec.whatwg.org/#dom-request
    const { referrer, referrerPolicy } = request
    return sendOwn(request, { redirect: 'error', referrer, referrerPolicy })
  }
  return sessionFetch
}

/**
 * Resolves with false when a step-up that is under way can bring nothing any more, and may never settle: its session is over, or it left
 * the page, which has come back out of the back/forward cache. `until`: it has settled.
 */
const inVain = (session: Session, until: AbortSignal): Promise<false> =>
  new Promise((resolve) => {
    const { ports, signal } = contextOf(session, 'createFetch')
    const end = (): void => {
      resolve(false)
    }
    onceAborted(signal(), end, until)
    const stop = ports.onWake((cause, isRestored) => {
      if (cause === 'pageshow' && isRestored) end()
    })
    until.addEventListener('abort', stop)
  })

/** The demand for a stronger sign-in, RFC 9470 §3; undefined where there is none. */
function challengeOf({ headers }: Response): StepUpChallenge | undefined {
  const header = headers.get('WWW-Authenticate') ?? ''
  if (!header.includes('insufficient_user_auth')) return undefined
  // RFC 9110 §11.2: a value is a quoted text, or a word.
  const [, quoted, acrValues = quoted] = /acr_values=(?:"([^"]+)|([^\s",]+))/.exec(header) ?? []
  const [, maxAge] = /max_age="?(\d+)/.exec(header) ?? []
  return { ...(acrValues && { acrValues }), ...(maxAge && { maxAge: Number(maxAge) * 1e3 }) }
}
