/** The fetches of `createFetch(session)` that pass on the call that is being made as it is; true for all of them. */
type Passing = readonly unknown[] | true

/**
 * One for all copies of the library in a page: each may have put its own in place of the global `fetch`. A symbol, which no element
 * can have for its id: see safe-dom.ts.
 */
const PASSING = /* @__PURE__ */ Symbol.for('sojourn')
const page = globalThis as { [PASSING]?: Passing }

const passing = (): Passing => page[PASSING] ?? []

/** Whether `sessionFetch` passes on the call that is being made: to the `fetch` that it replaced, and without credentials. */
export const isPassing = (sessionFetch: unknown): boolean => {
  const all = passing()
  return all === true || all.includes(sessionFetch)
}

/** Calls the global `fetch`, as it is then, past `sessionFetch`: where the application made that the global one, it would call itself. */
export function sendPast(sessionFetch: unknown, call: Parameters<typeof fetch>): Promise<Response> {
  const all = passing()
  return callFetch(all === true || [...all, sessionFetch], call)
}

/**
 * The global `fetch`, as it is at each call: mocks and instrumentation that were installed later are used. Each `fetch` of
 * `createFetch(session)` that is reached by it passes the call on: otherwise that would refuse each request after the end, also the one
 * that tells the server of the end.
 */
export const plainFetch: typeof fetch = (...call) => callFetch(true, call)

function callFetch(next: Passing, call: Parameters<typeof fetch>): Promise<Response> {
  const before = passing()
  page[PASSING] = next
  try {
    return fetch(...call)
  } finally {
    page[PASSING] = before
  }
}
