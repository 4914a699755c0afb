import { sendSignOut } from '../plugins/server-sign-out.js'
import type { SessionContext } from '../session/context.js'
import type { TokenResponse } from '../types.js'
import { sleep } from '../util/async.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import type { TokenCache } from './token-cache.js'

/** Removes and revokes the tokens of a session that has ended. */
export interface Cleanup {
  /**
   * Removes the tokens of session `id` first, then revokes them at the server. The tab that removed them revokes them, so that it
   * happens once. `newTokens`: tokens to revoke if none are stored.
   */
  readonly clearAndRevoke: (id: string, reason?: string, newTokens?: TokenResponse | null) => Promise<void>
  /** Removes tokens that a crash left behind, of a session that no longer lives. */
  readonly clearLeftovers: () => Promise<void>
}

export function createCleanup(context: SessionContext, cache: TokenCache): Cleanup {
  const clearAndRevoke: Cleanup['clearAndRevoke'] = async (id, reason = 'wiped', newTokens = null) => {
    const removed = (await cache.clear(id))?.tokens ?? newTokens
    // `rejected`: the server knows. `replaced`: it may count old and new tokens as one grant, and would end both.
    if (removed && reason !== 'rejected' && reason !== 'replaced') await sendSignOut(context, id, reason, removed)
  }

  return {
    clearAndRevoke,
    async clearLeftovers() {
      const stored = await cache.readStore()
      context.poll()
      if (!stored || context.liveRecord()) return
      // Their record may be on its way: a sign-in stores them first, and each process reads its own copy of localStorage. Or there
      // was no room for it, beside the end of the session before: then other tabs know it.
      context.post({})
      await sleep(context.ports.after, PROPAGATION_DELAY, context.signal())
      context.poll()
      if (!context.liveRecord() && !context.isClosed()) await clearAndRevoke(stored.id)
    },
  }
}
