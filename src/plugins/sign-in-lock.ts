import type { Locks } from './locks.js'
import type { PluginHooks } from '../session/plugin.js'

const LIMIT = 5e3

/**
 * One tab signs in at a time. If the lock is not free after 5 s, the sign-in goes ahead: its holder may be frozen. A refresh that runs
 * again then finds the tokens of another session, and leaves them. A sign-in that runs again is the last one, and counts.
 */
export const createSignInLock =
  ({ refreshLock }: Locks): NonNullable<PluginHooks['withLock']> =>
  async (work) => {
    let hasBegun = false
    const once = async (): Promise<void> => {
      if (hasBegun) return
      hasBegun = true
      await work()
    }
    await refreshLock(LIMIT, once).catch((error: unknown) => {
      if (hasBegun) throw error
      return once()
    })
  }
