/** The fetches of `createFetch(session)` that pass on the call that is being made as it is; true for all of them. */
let passing: readonly unknown[] | true = []

/** Whether `sessionFetch` passes on the call that is being made: to the `fetch` that it replaced, and without credentials. */
export const isPassing = (sessionFetch: unknown): boolean => passing === true || passing.includes(sessionFetch)

/** Calls the global `fetch`, as it is then, past `sessionFetch`: where the application made that the global one, it would call itself. */
export const sendPast = (sessionFetch: unknown, call: Parameters<typeof fetch>): Promise<Response> =>
  callFetch(passing === true || [...passing, sessionFetch], call)

/**
 * The global `fetch`, as it is at each call: mocks and instrumentation that were installed later are used. Each `fetch` of
 * `createFetch(session)` that is reached by it passes the call on: otherwise that would refuse each request after the end, also the one
 * that tells the server of the end.
 */
export const plainFetch: typeof fetch = (...call) => callFetch(true, call)

function callFetch(next: typeof passing, call: Parameters<typeof fetch>): Promise<Response> {
  const before = passing
  passing = next
  try {
    return fetch(...call)
  } finally {
    passing = before
  }
}
