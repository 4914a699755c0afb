import { ending } from '../core/changes.js'
import { sessionError } from '../errors.js'
import { contextOf, whileOpen, type SessionContext } from '../session/context.js'
import type { Session, StoredTokens } from '../types.js'
import { checkArgument } from '../util/arguments.js'
import { withTimeout } from '../util/async.js'
import { isBusy } from '../util/busy.js'
import { DEVELOPMENT } from '../util/development.js'

/** How many endpoints are remembered; the oldest is forgotten first. */
const MAX_ENDPOINTS = 100
/** Ms between two refreshes for an endpoint that refuses fresh tokens again and again. */
const REFRESH_PAUSE = 6e4

/** The credentials of one session. */
export interface Credentials {
  /**
   * The request with the session's credentials. With `previous`, the request again with the remedy that its response calls for: a
   * newer token, a refresh, a fresh nonce. Null if no remedy is left, or if the session has been replaced since. `resource`: the API
   * that the token is for (RFC 8707); a request with `previous` has that of the first.
   */
  readonly authorize: (request: Request, previous?: Previous, resource?: string) => Promise<Request | null>
}

/** A request that was sent, and its response. */
export interface Previous {
  request: Request
  response: Response
}

const created = /* @__PURE__ */ new WeakMap<SessionContext, Credentials>()

/**
 * Credentials for interceptors that you write yourself (axios, XHR). `createFetch` uses them too.
 *
 * @throws SessionError `invalid_options` for what is no session
 * @example An interceptor
 * ```ts
 * const { authorize } = credentials(session)
 * const request = await authorize(new Request('/orders'))
 * const response = request && (await fetch(request))
 * ```
 */
export function credentials(session: Session): Credentials {
  const context = contextOf(session, 'createFetch, or credentials,')
  const found = created.get(context) ?? createCredentials(context)
  created.set(context, found)
  return found
}

function createCredentials(context: SessionContext): Credentials {
  const { config, ports, server } = context
  /** Which session and generation a request went out with, and what had been attempted for it before. */
  const sentWith = new WeakMap<
    Request,
    { readonly id: string; readonly generation: number; readonly attempted: string; readonly resource: string }
  >()

  /** Endpoints that refused a token which had just been refreshed for them: its generation, and until when there is no further refresh. */
  const refusedFresh = new Map<string, { readonly generation: number; readonly until: number }>()
  /** The newest generation that was requested because an endpoint refused a request. */
  let refreshedFor = 0

  /**
   * Whether a refresh may help a request that was refused with this generation. If the last refresh for this endpoint did not help,
   * the next one needs newer tokens that came for another reason: the token expired, or the application brought others. Otherwise
   * two endpoints that refuse everything would cause refreshes in turn, without end.
   */
  const mayRefresh = (endpoint: string, generation: number): boolean => {
    const last = refusedFresh.get(endpoint)
    return !last || (generation > last.generation && generation !== refreshedFor && context.now() >= last.until)
  }
  const noteRefusal = (endpoint: string, generation: number): void => {
    const until = refusedFresh.has(endpoint) ? context.now() + REFRESH_PAUSE : 0
    refusedFresh.delete(endpoint)
    refusedFresh.set(endpoint, { generation, until })
    for (const oldest of refusedFresh.keys()) if (refusedFresh.size > MAX_ENDPOINTS) refusedFresh.delete(oldest)
  }

  const withCredentials = async (
    request: Request,
    id: string,
    stored: StoredTokens | null,
    resource: string,
    attempted = '',
  ): Promise<Request> => {
    context.requireLive(id)
    let next = request
    if (server?.authorize)
      next = await withTimeout(
        ports.after,
        config.requestTimeout,
        context.signal(),
        async () => (await server.authorize?.(request, stored?.tokens ?? null)) ?? request,
      )
    else if (stored) {
      next = new Request(request)
      next.headers.set('Authorization', `Bearer ${stored.tokens.access_token}`)
    }
    // `authorize` of the server may have taken long: the session is checked again before the request is sent.
    context.requireLive(id)
    sentWith.set(next, { id, generation: stored?.generation ?? 0, attempted, resource })
    return next
  }

  const usableTokens = async (resource: string): Promise<StoredTokens | null> => {
    const tokens = context.tokens()
    // The tokens of this session are in a store that this page has not imported, and a server would refuse a request without them.
    if (!tokens && context.requireLive().generation)
      throw sessionError(
        'no_tokens',
        DEVELOPMENT && 'This page keeps no tokens, other pages of the session do. Import the same.',
      )
    try {
      return (await tokens?.use(0, false, undefined, resource)) ?? null
    } catch (error) {
      // A session by cookie needs no tokens.
      const isByCookie = !server?.refresh && !context.requireLive().generation
      if (isByCookie && (error as { code?: unknown }).code === 'no_tokens') return null
      throw error
    }
  }

  const retry = async (request: Request, previous: Previous): Promise<Request | null> => {
    const { response } = previous
    // One that an interceptor made itself has no URL, and a nonce is of an origin.
    if (!response.url) Reflect.defineProperty(response, 'url', { value: request.url, configurable: true })
    // The server sees every response: a successful one may have the nonce for the next request (RFC 9449 §8.2).
    const challenge: string | false | null = server?.challenge
      ? server.challenge(response)
      : response.status === 401 && 'refresh'
    // RFC 9470 §3 requires another sign-in, and a refresh is none.
    const isStepUp = response.headers.get('WWW-Authenticate')?.includes('insufficient_user_auth')
    const sent = sentWith.get(previous.request)
    if (!sent) return null
    const { id, generation, attempted, resource } = sent
    const endpoint = id + request.url.replace(/[?#].*/, '')
    // What is busy has not looked at the token.
    if (!challenge && !isBusy(response.status)) refusedFresh.delete(endpoint)
    if (challenge === 'refresh' && attempted.includes(challenge)) noteRefusal(endpoint, generation)
    // Requests by cookie follow redirects. What answers there, such as a store of files, knows nothing of this session.
    const isElsewhere =
      response.status === 401 && response.redirected && new URL(response.url).origin !== new URL(request.url).origin
    // Each remedy is tried once per request.
    if (!challenge || isStepUp || isElsewhere || attempted.includes(challenge)) return null
    const record = context.requireLive(id)
    if (challenge === 'rejected') {
      await context.opening()
      // A refusal of tokens that have been replaced since does not end the session.
      const newest = generation < record.generation ? await usableTokens(resource) : null
      if (newest && generation < newest.generation) return withCredentials(request, id, newest, resource, attempted)
      context.step(challenge, id, ending(challenge))
      return null
    }
    if (challenge === 'resend')
      return withCredentials(request, id, await usableTokens(resource), resource, attempted + challenge)
    // An `async` function returns a promise, for each response: no request is sent twice for that.
    if (challenge !== 'refresh' || !mayRefresh(endpoint, generation)) return null
    const newer = context.tokens()?.newer
    if (!newer) return null
    const tokens = await newer(id, generation, resource)
    refreshedFor = tokens.generation
    return withCredentials(request, id, tokens, resource, attempted + challenge)
  }

  const authorize = async (request: Request, previous?: Previous, resource = ''): Promise<Request | null> => {
    // If no remedy works, the application gets the response that it has, which says more than the failure of the remedy.
    if (previous) return retry(request, previous).catch(() => null)
    const { id } = context.requireLive()
    return withCredentials(request, id, await usableTokens(resource), resource)
  }
  return {
    async authorize(request, previous, resource) {
      if (DEVELOPMENT) {
        checkArgument('headers' in Object(request), 'authorize: request', request, 'a Request')
        const { request: sent, response } = Object(
          previous ?? { request, response: { headers: {} } },
        ) as Partial<Previous>
        checkArgument(
          'headers' in Object(sent) && 'headers' in Object(response),
          'authorize: previous',
          previous,
          'the request that was sent with its response, { request, response }, or leave it out',
        )
      }
      await context.ready
      const authorized = whileOpen(context, authorize(request, previous, resource))
      return previous ? authorized.catch(() => null) : authorized
    },
  }
}
