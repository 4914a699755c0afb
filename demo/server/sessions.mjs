/**
 * Where the backend keeps its sessions: in memory (memory-sessions.mjs), or on Redis for several processes
 * (redis-sessions.mjs). What belongs to a session is kept under its id, and ends with it: whoever calls `end`, or `destroy` of
 * the store, discards the cart in the same step and tells every page that listens, in every process.
 *
 * @typedef {object} Sessions
 * @property {'memory' | 'redis'} kind
 * @property {Store} store for express-session. Its `touch` does not bring back what was ended
 * @property {(id: string) => Promise<{ idle: number, soonest: number } | null>} timeLeft ms until the idle limit, and until the first
 * of both limits; null where the session is over
 * @property {(id: string, owner: Owner) => Promise<boolean>} own files a session under its user. False: the provider has
 * logged out this login already, and the session is ended
 * @property {(owner: Partial<Owner>) => Promise<string[]>} find the ids of a user, of a login at the provider, or of both
 * @property {(ids: readonly string[]) => Promise<void>} end
 * @property {(sid: string) => Promise<void>} refuseLogin no session may be filed under this login from now on
 * @property {() => Promise<void>} endAll
 * @property {(id: string) => Promise<string[]>} cart
 * @property {(id: string, items: readonly string[]) => Promise<string[] | null>} addToCart all items then; null where the session
 * is over or the cart is full: nothing is added
 * @property {(id: string) => Promise<string[]>} takeCart what was in the cart, which is empty then
 * @property {(jti: string, seconds: number) => Promise<boolean>} isFirst false for what was asked about before
 * @property {(id: string, listener: (event: string) => void) => () => void} on `verify`: the session is over. `cart`: it changed
 * @property {() => Promise<void>} close
 *
 * @typedef {Record<'set' | 'touch', (id: string, session: object, done: (error?: unknown) => void) => void>} Store as far as it is
 * called by anybody but express-session
 *
 * @typedef {{ sub: string, sid: string }} Owner `sub` is the user, `sid` one login of theirs, both in the provider's words
 */

/** So many things are in a cart at most. */
export const CART_SIZE = 50

/** Seconds for which a login that the provider has logged out is remembered: longer than any sign-in is under way. */
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
