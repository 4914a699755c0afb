import { ending } from './core/reduce.js'
import type { Host } from './host.js'
import type { Refresh } from './tokens/refresh.js'
import type { Session, SessionServer, StoredTokens } from './types.js'

type Previous = NonNullable<Parameters<Session['authorize']>[1]>

/** Credentials for requests, and what to do about an answer that refuses them. */
export function createAuthorize(host: Host, refresh: Refresh, server: SessionServer | undefined): Session['authorize'] {
  /** Which session and generation a request went out with, and what had been tried for it before. */
  const sent = new WeakMap<Request, { readonly id: string; readonly generation: number; readonly tried: string }>()

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
    // What did not help does not help again.
    if (!asks || isStepUp || !first || first.tried.includes(asks)) return null
    const { id } = host.live(first.id)
    if (asks === 'rejected') {
      await host.opening()
      host.step(asks, id, ending(asks))
      return null
    }
    const tokens = await (asks === 'resend' ? use() : refresh.newer(id, first.generation))
    return add(request, id, tokens, first.tried + asks)
  }

  return async (request, previous) => {
    // Where there is nothing better, the answer that is there tells the application more than why.
    if (previous) return again(request, previous).catch(() => null)
    const { id } = host.live()
    return add(request, id, await use())
  }
}
