import { sendJson } from './http.mjs'

const SLOW_MS = 3000
const RETRY_AFTER_SECONDS = 5

/**
 * What can be wrong with whom the session asks. `slow` and `lost` reach the provider, which then has rotated the refresh
 * token; the others never do.
 */
export const FAULTS = /** @type {const} */ (['none', 'slow', 'hang', 'unavailable', 'limited', 'lost', 'ended'])

/**
 * A layer in front of the token endpoint that spoils it on demand.
 *
 * @param {() => Promise<void>} endSessions of the backend that has some
 * @returns {{ mode: () => string, set(mode: string): boolean, pass(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse, next: () => void): void | Promise<void> }}
 */
export function createFaults(endSessions) {
  let mode = 'none'

  const spoil = {
    none: (_req, _res, next) => next(),
    slow(_req, res, next) {
      const end = res.end.bind(res)
      res.end = (...args) => {
        setTimeout(() => end(...args), SLOW_MS).unref()
        return res
      }
      next()
    },
    hang(req) {
      // No response. The body is read, because only then a client that aborts is noticed.
      req.resume()
    },
    unavailable: (_req, res) => sendJson(res, 503, { error: 'temporarily_unavailable' }),
    limited: (_req, res) =>
      sendJson(res, 429, { error: 'temporarily_unavailable' }, { 'Retry-After': String(RETRY_AFTER_SECONDS) }),
    lost(_req, res, next) {
      // Once: a client that tries again gets the server's real response.
      mode = 'none'
      res.end = () => res.destroy()
      next()
    },
    async ended(req, res, next) {
      // Once, so that one can sign in again.
      mode = 'none'
      await endSessions()
      if (req.url.endsWith('/token')) sendJson(res, 400, { error: 'invalid_grant' })
      else next()
    },
  }

  return {
    mode: () => mode,
    /** @returns whether there is such a fault */
    set(wanted) {
      if (!FAULTS.includes(wanted)) return false
      mode = wanted
      return true
    },
    pass(req, res, next) {
      return spoil[mode](req, res, next)
    },
  }
}
