import { sessionError } from '../errors.js'
import type { TokenResponse } from '../types.js'
import { DEVELOPMENT } from '../util/development.js'

/** Lengths of time, in seconds. Several servers send them as text. */
const LIFETIMES = [
  'expires_in',
  'refresh_expires_in',
  'refresh_token_expires_in',
  'refresh_token_timeout',
  'authorization_expires_in',
]

/** Members that are read by name, because they may be getters of a class. All others are copied if the object lists them. */
const NAMED = ['access_token', 'token_type', 'refresh_token', 'scope', 'id_token', 'session_state']

/** How many objects and arrays a member may be made of, so that its depth stays within what browsers can store. */
const MOST_PARTS = 500

/**
 * A plain copy of a token response (RFC 6749 §5.1), or `invalid_response`. What comes in may be a framework's proxy, which no
 * browser stores (`DataCloneError`), an object of a class with getters, or one that its owner changes later.
 */
export function parseTokenResponse(value: unknown): TokenResponse {
  try {
    const source = Object(value) as Record<string, unknown>
    const copies = [...new Set([...NAMED, ...LIFETIMES, ...Object.keys(source)])].map(
      (key) => [key, plain(key, source[key])] as const,
    )
    const tokens = Object.fromEntries(copies.filter(([, copy]) => copy !== undefined)) as Partial<TokenResponse>
    const { access_token, refresh_token } = tokens as Record<keyof TokenResponse, unknown>
    // RFC 6749 appendix A.12: a header holds no other characters, and the browser's error would quote the token.
    if (
      typeof access_token === 'string' &&
      /^[ -~]+$/.test(access_token) &&
      (!refresh_token || typeof refresh_token === 'string')
    )
      return tokens as TokenResponse
  } catch {
    // A getter threw, or a proxy was revoked. The error is not kept: it may quote a token.
  }
  throw sessionError(
    'invalid_response',
    DEVELOPMENT && 'This is no token response (RFC 6749 §5.1): access_token is missing or no text.',
  )
}

/** A member as plain JSON; undefined for a function, a cycle, or a lifetime that is no number. */
function plain(key: string, member: unknown): unknown {
  const isLifetime = LIFETIMES.includes(key)
  try {
    const text = JSON.stringify(isLifetime && typeof member === 'string' ? Number(member.trim() || NaN) : member)
    const copy: unknown = text.split(/[[{]/).length > MOST_PARTS ? undefined : JSON.parse(text)
    return isLifetime && typeof copy !== 'number' ? undefined : copy
  } catch {
    return undefined
  }
}
