/**
 * While this browser signs its user out on all devices, the server tells all pages of the user, those of this browser as well. A page
 * that asked at once would be refused, and show a refusal where the user has signed out. So it waits for the sign-out.
 */
const LOCK = 'demo:sign-out-everywhere'

/** @template T @param {() => Promise<T>} signOut @returns {Promise<T>} */
export const leave = (signOut) => (navigator.locks ? navigator.locks.request(LOCK, signOut) : signOut())

/** Resolves when no tab of this browser is about to sign out. */
export const nobodyLeaves = async () => {
  await navigator.locks?.request(LOCK, { mode: 'shared' }, () => {})
}
