/**
 * The waits that must fit together, in ms. L is `requestTimeout` (10 s by default).
 *
 * One tab refreshes while it holds the lock. It lets the record of a new session arrive (0.3 s), waits for the server (L), lets a
 * connection that was cut recover (0.5 s), asks once more (3.5 s, or what is left of L if that is more) and lets its own record
 * reach the others (0.3 s): L + 4.6 s at most. So its lease ends after L + 4.8 s, and other tabs wait for L + 5 s: even after a
 * crash they get their turn.
 *
 * An answer that comes after L is kept: the request is given up L later, and until 0.3 s after that no tab uses its refresh token
 * again, because a server with reuse detection would revoke both.
 */

/** Ten times as long as a storage event was seen to take: what another tab wrote before that can be read here by then. */
export const PROPAGATION_DELAY = 300
/** Between a connection that was cut and the second try. */
export const BETWEEN_TRIES = 500
/** The least time for a second try, unless L is less. */
export const SECOND_TRY = 3500

/** No request may take longer: browsers themselves give up after that. */
export const LONGEST_REQUEST = 3e5

/** How long a lease lasts. */
export const leaseLength = (requestTimeout: number): number => requestTimeout + 4800
/** How long a tab waits for the lock in order to refresh. */
export const lockWait = (requestTimeout: number): number => requestTimeout + 5000
/** After a request without an answer: how long nobody uses its refresh token again. */
export const quietAfter = (requestTimeout: number): number => requestTimeout + PROPAGATION_DELAY
