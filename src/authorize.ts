import { ending } from './core/reduce.js'
import type { Host } from './host.js'
import type { Refresh } from './tokens/refresh.js'
import type { Session, SessionServer, StoredTokens } from './types.js'

/** Credentials for requests, and what to do about an answer that refuses them. */
export function createAuthorize(host: Host, refresh: Refresh, server: SessionServer | undefined): Session['authorize'] {
  /** Which session and generation a request went out with. */
  const sent = new WeakMap<Request, { readonly id: string; readonly generation: number }>()

  const add = async (request: Request, stored: StoredTokens | null): Promise<Request> => {
    const { id } = host.live(stored?.id)
    let next = request
    if (server?.authorize) next = await server.authorize(request, stored?.tokens ?? null)
    else if (stored) {
      next = new Request(request)
      next.headers.set('Authorization', `Bearer ${stored.tokens.access_token}`)
    }
    // The server's own work may have taken long: the session is looked at again before anything leaves.
    host.live(id)
    sent.set(next, { id, generation: stored?.generation ?? 0 })
    return next
  }

  const use = (): Promise<StoredTokens | null> =>
    refresh.use().catch((error: unknown) => {
      // A session by cookie has no tokens, and needs none.
      const isByCookie = !server?.refresh && !host.live().generation
      if (isByCookie && (error as { code?: unknown }).code === 'no_tokens') return null
      throw error
    })

  return async (request, previous) => {
    if (!previous) return add(request, await use())
    const { id } = host.live()
    const first = sent.get(previous.request)
    if (first?.id !== id) return null
    const { response } = previous
    const asks = server?.challenge ? server.challenge(response) : response.status === 401 && 'refresh'
    if (asks === 'rejected') host.step(asks, id, ending(asks))
    if (asks === 'resend') return add(request, await use())
    if (asks !== 'refresh') return null
    // Where there is nothing better, the answer that is there tells the application more than why.
    const tokens = await refresh.newer(id, first.generation).catch(() => null)
    return tokens && add(request, tokens)
  }
}
