/** The member of a `fetch` of `createFetch(session)` that sends without credentials. */
export const PLAIN = '~plain'

/**
 * The global `fetch`, or what it was before the application put one of `createFetch(session)` in its place: that refuses each request of
 * a session which has ended, and with them the one that tells the server of the end.
 */
export const plainFetch = (): typeof fetch => (fetch as { readonly [PLAIN]?: typeof fetch })[PLAIN] ?? fetch
