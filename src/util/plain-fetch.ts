let isPassing = false

/** Whether a `fetch` of `createFetch(session)` is called by {@link plainFetch}, and so is the global one, or what somebody wrapped. */
export const isPassed = (): boolean => isPassing

/**
 * The global `fetch`, as it is at each call: mocks and instrumentation that were installed later are used. Where the application has made
 * it one of `createFetch(session)`, that sends by what was there before. It would call itself without end, and refuse each request of a
 * session which has ended, and with them the one that tells the server of the end.
 */
export const plainFetch: typeof fetch = (...call) => {
  isPassing = true
  try {
    return fetch(...call)
  } finally {
    isPassing = false
  }
}
