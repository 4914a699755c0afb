import { ending } from '../core/changes.js'
import type { Host } from '../session/context.js'
import type { Refresh } from '../tokens/refresh.js'
import type { Session, SessionServer, StoredTokens } from '../types.js'

type Previous = NonNullable<Parameters<Session['authorize']>[1]>

/** How many endpoints are remembered. */
const MOST = 100
/** How long an endpoint that is refreshed for in vain again and again waits for the next refresh. */
const PAUSE = 6e4

/** Credentials for requests, and what to do about an answer that refuses them. */
export function createAuthorize(host: Host, refresh: Refresh, server: SessionServer | undefined): Session['authorize'] {
  /** Which session and generation a request went out with, and what had been tried for it before. */
  const sent = new WeakMap<Request, { readonly id: string; readonly generation: number; readonly tried: string }>()

  /** Endpoints that refused a token which had just been refreshed for them: which generation, and until when nothing is tried. */
  const vain = new Map<string, { readonly generation: number; readonly until: number }>()
  /** The newest generation that came because a request was refused. */
  let refreshedFor = 0

  /**
   * Whether a refresh may help a request that was refused with this generation. Where the last one did not, the next is to come
   * from elsewhere: the token ran out, or somebody brought another. Two endpoints that refuse everything would else take turns.
   */
  const mayHelp = (endpoint: string, generation: number): boolean => {
    const last = vain.get(endpoint)
    return !last || (generation > last.generation && generation !== refreshedFor && host.now() >= last.until)
  }
  const noteVain = (endpoint: string, generation: number): void => {
    const until = vain.has(endpoint) ? host.now() + PAUSE : 0
    vain.delete(endpoint)
    vain.set(endpoint, { generation, until })
    for (const oldest of vain.keys()) if (vain.size > MOST) vain.delete(oldest)
  }

  const add = async (request: Request, id: string, stored: StoredTokens | null, tried = ''): Promise<Request> => {
    host.live(id)
    let next = request
    if (server?.authorize) next = await server.authorize(request, stored?.tokens ?? null)
    else if (stored) {
      next = new Request(request)
      next.headers.set('Authorization', `Bearer ${stored.tokens.access_token}`)
    }
    // The server's own work may have taken long: the session is looked at again before anything leaves.
    host.live(id)
    sent.set(next, { id, generation: stored?.generation ?? 0, tried })
    return next
  }

  const use = (): Promise<StoredTokens | null> =>
    refresh.use().catch((error: unknown) => {
      // A session by cookie has no tokens, and needs none.
      const isByCookie = !server?.refresh && !host.live().generation
      if (isByCookie && (error as { code?: unknown }).code === 'no_tokens') return null
      throw error
    })

  const again = async (request: Request, previous: Previous): Promise<Request | null> => {
    const { response } = previous
    // Every answer is shown: one that is right may bring the nonce for the next request (RFC 9449 §8.2).
    const asks = server?.challenge ? server.challenge(response) : response.status === 401 && 'refresh'
    // RFC 9470 §3 wants another sign-in, which no refresh is.
    const isStepUp = response.headers.get('WWW-Authenticate')?.includes('insufficient_user_auth')
    const first = sent.get(previous.request)
    if (!first) return null
    const { id, generation, tried } = first
    const endpoint = id + request.url.replace(/[?#].*/, '')
    if (!asks) vain.delete(endpoint)
    if (asks === 'refresh' && tried.includes(asks)) noteVain(endpoint, generation)
    // What did not help does not help again.
    if (!asks || isStepUp || tried.includes(asks)) return null
    const record = host.live(id)
    if (asks === 'rejected') {
      await host.opening()
      // Tokens that were replaced since say nothing of the session.
      if (generation < record.generation) return add(request, id, await use(), tried)
      host.step(asks, id, ending(asks))
      return null
    }
    if (asks === 'resend') return add(request, id, await use(), tried + asks)
    if (!mayHelp(endpoint, generation)) return null
    const tokens = await refresh.newer(id, generation)
    refreshedFor = tokens.generation
    return add(request, id, tokens, tried + asks)
  }

  return async (request, previous) => {
    // Where there is nothing better, the answer that is there tells the application more than why.
    if (previous) return again(request, previous).catch(() => null)
    const { id } = host.live()
    return add(request, id, await use())
  }
}
