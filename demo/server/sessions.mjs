/**
 * Where the backend keeps its sessions: in memory (memory-sessions.mjs), or on Redis for several processes
 * (redis-sessions.mjs). Everything that belongs to a session is kept under its id: `end`, and `destroy` of the store, delete
 * the cart in the same step and send an event to all listeners, in every process.
 *
 * @typedef {object} Sessions
 * @property {'memory' | 'redis'} kind
 * @property {Store} store for express-session. Its `touch` does not bring back what was ended
 * @property {(id: string) => Promise<{ idle: number, soonest: number } | null>} timeLeft ms until the idle limit, and until the first
 * of both limits; null if the session is over
 * @property {(id: string, owner: Owner) => Promise<boolean>} own files a session under its user. False: the provider has
 * logged out this login already, and the session is ended
 * @property {(owner: Partial<Owner>) => Promise<string[]>} find the ids of a user, of a login at the provider, or of both
 * @property {(ids: readonly string[]) => Promise<void>} end
 * @property {(sid: string) => Promise<void>} refuseLogin no session may be filed under this login from now on
 * @property {() => Promise<void>} endAll
 * @property {(id: string) => Promise<string[]>} cart
 * @property {(id: string, items: readonly string[]) => Promise<string[] | null>} addToCart all items after it; null if the session
 * is over or the cart is full, and nothing was added
 * @property {(id: string) => Promise<string[]>} takeCart the items, and empties the cart
 * @property {(jti: string, seconds: number) => Promise<boolean>} isFirst false if it was called for this token before
 * @property {(id: string, listener: (event: string) => void) => () => void} on `verify`: the session is over. `cart`: it changed
 * @property {() => Promise<void>} close
 *
 * @typedef {Record<'set' | 'touch', (id: string, session: object, done: (error?: unknown) => void) => void>} Store the methods
 * that are called here and in tests
 *
 * @typedef {{ sub: string, sid: string }} Owner `sub` is the user, `sid` one login of theirs, both in the provider's words
 */

/** The most items in a cart. */
export const CART_SIZE = 50

/** Seconds for which a login that the provider has logged out is remembered: longer than any sign-in takes. */
export const REFUSED_FOR = 600

/**
 * @param {{ cookie?: { expires?: Date | string | null }, startedAt?: number }} session as stored
 * @param {number} absoluteTimeout seconds
 * @returns {{ idle: number, soonest: number }} ms until the idle limit, and until the first of both limits
 */
export function timeLeftOf({ cookie, startedAt }, absoluteTimeout) {
  const idle = cookie?.expires ? Number(new Date(cookie.expires)) - Date.now() : Infinity
  return { idle, soonest: Math.min(idle, startedAt ? startedAt + absoluteTimeout * 1000 - Date.now() : Infinity) }
}
