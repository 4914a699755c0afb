import { isSessionError, SessionError } from 'sojourn'

/** A little less than the limit of the session (`requestTimeout`), which would say nothing of the next try. */
const LIMIT_MS = 9_900
const LONGEST_PAUSE_MS = 60_000

const timeout = () =>
  new Promise((_resolve, reject) => {
    setTimeout(
      () => reject(new SessionError('timeout', { message: 'The server did not answer within 10 s.' })),
      LIMIT_MS,
    )
  })

/** @param {unknown} error @returns {[code: import('sojourn').SessionErrorCode, message: string]} */
const reasonOf = (error) =>
  isSessionError(error) ? [error.code, error.message] : ['offline', 'The server cannot be reached.']

/**
 * Shows what becomes of `keepAlive` and `check`. A session repeats them by itself and has no event for a failure, because no user has to
 * know of it: the server still counts their activity. So this page looks at the calls themselves, and sets the pauses, to show how long
 * they are. One tab calls for all, and tells the others.
 */
export function createCalls() {
  const others = new BroadcastChannel('demo:calls')
  let failures = 0
  let listener = () => {}
  others.onmessage = ({ data }) => listener(data)

  const tell = (failure) => {
    listener(failure)
    others.postMessage(failure)
  }

  const failed = (error) => {
    const [code, message] = reasonOf(error)
    const pause = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures++)
    // Without a network the session waits until there is one.
    const retryAt = navigator.onLine ? Math.max(error.retryAt ?? 0, Date.now() + pause) : undefined
    tell({ code, message, retryAt })
    return new SessionError(code, { message, cause: error, ...(retryAt && { retryAt }) })
  }

  const watched = (call) => async (init) => {
    try {
      const times = await Promise.race([call(init), timeout()])
      failures = 0
      tell(null)
      return times
    } catch (error) {
      const isOver = init.signal.aborted || error.code === 'rejected'
      throw isOver ? error : failed(error)
    }
  }

  return {
    /** @param {import('sojourn').SessionServer} server */
    watch: (server) => ({ ...server, keepAlive: watched(server.keepAlive), check: watched(server.check) }),
    /** @param {(failure: { code: string, message: string, retryAt?: number } | null) => void} next of this tab and of others */
    onCall(next) {
      listener = next
    },
  }
}
