import { isSessionError } from './errors.js'
import type { Host, Refresh } from './tokens/refresh.js'
import type { Session, SessionServer, StoredTokens } from './types.js'

/** Which session and generation a request went out with; `generation` is 0 for a session without tokens. */
type Sent = Pick<StoredTokens, 'id' | 'generation'>

/** Credentials for requests, and what to do about an answer that refuses them. */
export function createAuthorize(host: Host, refresh: Refresh, server: SessionServer | undefined): Session['authorize'] {
  const sent = new WeakMap<Request, Sent>()

  const add = async (request: Request, stored: StoredTokens | null): Promise<Request> => {
    const { id } = host.live(stored?.id)
    const tokens = stored?.tokens ?? null
    let next = request
    if (server?.authorize) next = await server.authorize(request, tokens)
    else if (tokens) {
      next = new Request(request)
      next.headers.set('Authorization', `Bearer ${tokens.access_token}`)
    }
    // The server's own work may have taken long: the session is looked at again before anything leaves.
    host.live(id)
    sent.set(next, { id, generation: stored?.generation ?? 0 })
    return next
  }

  const use = async (): Promise<StoredTokens | null> => {
    try {
      return await refresh.use({})
    } catch (error) {
      // A session by cookie has no tokens, and needs none.
      if (isSessionError(error) && error.code === 'no_tokens' && !host.live().generation) return null
      throw error
    }
  }

  return async (request, previous) => {
    if (!previous) return add(request, await use())
    const first = sent.get(previous.request)
    const { id } = host.live()
    if (first?.id !== id) return null
    const asks = server?.challenge ? server.challenge(previous.response) : previous.response.status === 401 && 'refresh'
    if (asks === 'rejected') host.step('rejected', { type: 'end', id, reason: 'rejected' })
    if (asks === 'resend') return add(request, await use())
    if (asks !== 'refresh') return null
    try {
      const tokens = await refresh.newer(first.generation)
      return tokens.id === id ? await add(request, tokens) : null
    } catch {
      // The answer that is there tells the application more than why there is no better one.
      return null
    }
  }
}
