import { parseTokenResponse } from './token-response.js'
import type { StoredTokens, TokenStore } from '../types.js'

/** Whether `expected` is what is stored, exactly that generation of that session, or nothing for null: the guard of every store. */
export function matches(
  stored: Partial<StoredTokens> | null | undefined,
  expected: Parameters<TokenStore['set']>[1],
): boolean {
  if (!expected) return expected === undefined || !stored
  return stored?.id === expected.id && stored.generation === expected.generation
}

/**
 * A plain copy of what a store gave back, if it has the shape that was put in; null otherwise. Any script of the origin, an older
 * version and a half-written disk can have been there since (OWASP HTML5 Security Cheat Sheet, "Local Storage").
 */
export function storedTokens(value: unknown): StoredTokens | null {
  try {
    const { id, generation, tokens, expiresAt } = value as Record<keyof StoredTokens, unknown>
    const sound =
      typeof id === 'string' &&
      Number.isSafeInteger(generation) &&
      (generation as number) >= 0 &&
      (expiresAt === null || Number.isFinite(expiresAt))
    return sound ? ({ id, generation, tokens: parseTokenResponse(tokens), expiresAt } as StoredTokens) : null
  } catch {
    return null
  }
}

/** Whether what is stored belongs to session `id`, or to nobody who could be named: half of a text, a format of another time. */
export function isOf(id: string, stored: unknown): boolean {
  const { id: owner } = Object(stored ?? { id: '' }) as { id?: unknown }
  return typeof owner === 'string' ? owner === id : true
}

/** Tokens to revoke out of what was removed for session `id`, where no more than the tokens can be read. */
export const revocable = (id: string, removed: unknown): StoredTokens | null =>
  storedTokens({ ...Object(removed), id, generation: 0, expiresAt: null })
