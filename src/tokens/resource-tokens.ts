import type { StoredTokens, TokenResponse } from '../types.js'

/** An access token for one API (RFC 8707). That for none in particular lies where it always does: there is only its generation here. */
type ResourceToken = Partial<Pick<StoredTokens, 'generation' | 'expiresAt' | 'tokens'>>

/** What is stored, as a caller for one resource sees it: `generation` is that of its own access token. */
export interface TokensFor extends StoredTokens {
  /** The generation of all that is stored: all access tokens come out of one refresh token, so each refresh counts for the whole. */
  readonly storedGeneration?: number
}

/** The member of a stored token response that has the access token of a resource. No server sends one of such a name. */
const keyOf = (resource: string): string => `~${resource}`

/** Whether a member of a stored token response belongs to a resource. */
export const isOfResource = (key: string): boolean => key.startsWith('~')

const find = (stored: StoredTokens | null, resource: string): ResourceToken | undefined =>
  stored?.tokens[keyOf(resource)] as ResourceToken | undefined

/** The tokens of one resource, or of none in particular for `''`; null where there are none. */
export function tokensFor(stored: StoredTokens | null, resource: string): TokensFor | null {
  const own = find(stored, resource)
  if (!stored || !own) return resource ? null : stored
  return { ...stored, ...own, tokens: { ...stored.tokens, ...own.tokens }, storedGeneration: stored.generation }
}

/** What to store after a refresh of those `used`: the new access token of `resource`, beside those of the others. */
export function withOthers(used: StoredTokens | null, reply: StoredTokens, resource: string): StoredTokens {
  const { generation, expiresAt, tokens } = reply
  const { access_token, expires_in, refresh_token, id_token } = tokens
  const main = find(used, '')
  if (!used || !resource) return main ? { ...reply, tokens: { ...tokens, [keyOf('')]: { generation } } } : reply
  const all: Record<string, unknown> = {
    ...used.tokens,
    refresh_token,
    id_token,
    [keyOf('')]: main ?? { generation: used.generation },
    [keyOf(resource)]: { generation, expiresAt, tokens: { access_token, expires_in } },
  }
  return { ...reply, tokens: all as TokenResponse, expiresAt: used.expiresAt }
}
