import { sessionError, toSessionError, type SessionError } from '../errors.js'
import { networkOf } from '../plugins/network.js'
import type { StoredTokens, TokenResponse } from '../types.js'
import { withTimeout } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import { claims } from './lifetimes.js'
import { isOfResource } from './resource-tokens.js'
import { parseTokenResponse } from './token-response.js'
import type { TokensContext } from './tokens-context.js'

/** Asks the server for newer tokens than `used`, for one API (RFC 8707) where `resource` is not empty, and waits `limit` ms at most. */
export type RequestTokens = (
  id: string,
  used: StoredTokens | null,
  limit: number,
  resource: string,
) => Promise<StoredTokens>

const noop = (): void => undefined

/** The members that are carried over if a reply leaves them out. */
const KEPT = ['refresh_token', 'id_token', 'scope']

/** `commit` and `refused` are given what the server answered, however late. */
export function createTokenRequest(
  context: TokensContext,
  commit: (id: string, used: StoredTokens | null, tokens: TokenResponse, resource: string) => Promise<StoredTokens>,
  refused: (id: string, used: StoredTokens | null, generation: number, error: SessionError) => Promise<StoredTokens>,
): RequestTokens {
  const { ports, config, server, flush } = context
  const network = networkOf(context)

  const send = async (
    used: StoredTokens | null,
    init: { signal: AbortSignal; activeAt: number; resource?: string },
  ): Promise<TokenResponse> => {
    // A copy: a server of the application's own may write its answer into what it is given.
    const reply = parseTokenResponse(await server?.refresh?.(used && { ...used.tokens }, init))
    // OpenID Connect Core §12.2: the user stays the same. At a backend that refreshes by a cookie somebody else may have signed in.
    const { sub } = claims(used?.tokens.id_token)
    if (sub && String(claims(reply.id_token).sub ?? sub) !== String(sub))
      throw sessionError('rejected', DEVELOPMENT && 'The new ID token is another user’s (sub).')
    // RFC 6749 §5.1 and §6: without a new refresh token the old one stays in force, and without a scope it is the same. OpenID
    // Connect Core §12.2: a refresh need not bring an ID token, which a sign-out at the server may ask for.
    const kept: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(used?.tokens ?? {}))
      if (value && !reply[key] && (KEPT.includes(key) || isOfResource(key))) kept[key] = value
    return { ...reply, ...kept }
  }

  /**
   * A reply after `limit` counts as well while the session is live, and so does one after `destroy()`: the server
   * may have rotated, and the next refresh with the old token would end the session.
   */
  return (id, used, limit, resource) => {
    // `inspect()` is told of each try. The turn looked at the deadline in this very task.
    const { generation, activeAt, skew } = context.requireLive(id, 'refresh')
    let sent: Promise<TokenResponse> | undefined
    let isGivenUp = false
    const result = withTimeout(ports.after, limit + config.requestTimeout, context.ended(), (signal) => {
      sent = send(used, { signal, activeAt: activeAt - skew, ...(resource && { resource }) })
      return sent
        .then(
          (tokens) => {
            network.noteOutcome()
            return commit(id, used, tokens, resource)
          },
          (thrown: unknown) => refused(id, used, generation, toSessionError(thrown)),
        )
        .finally(() => {
          // Whoever frees the lock tells listeners of what happened under it. That was long ago.
          if (isGivenUp) flush()
        })
    })
    // The limit is for the reply: what is done with that takes as long as it takes.
    return withTimeout(ports.after, limit, null, () => Promise.race([sent, result]).catch(noop))
      .then(() => result)
      .catch((error: unknown) => {
        isGivenUp = toSessionError(error).code === 'timeout'
        throw error
      })
  }
}
