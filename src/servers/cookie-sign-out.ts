import { createLocks } from '../plugins/locks.js'
import type { Plugin, PluginHooks } from '../session/plugin.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import { createServerSignOut } from '../plugins/server-sign-out.js'
import { createSignInLock } from '../plugins/sign-in-lock.js'

/**
 * The sign-out of a session by cookie: the tab that ends the session sends it, or a later tab if that one could not. In a session
 * with tokens, the tokens plugin sends it.
 */
export const cookieSignOut: Plugin = (context) => {
  if (context.tokens()) return {}
  const locks = createLocks(context)
  const { send, sendOwed } = createServerSignOut(context, locks)
  const sendNow = (): void => {
    void sendOwed()
  }
  return {
    withLock: createSignInLock(locks),
    continued: sendNow,
    started: async (isLive) => {
      if (!isLive) await sendOwed(PROPAGATION_DELAY)
    },
    wake(cause) {
      // In a microtask: the step of this hint comes first.
      if (cause === 'online') void Promise.resolve().then(sendNow)
    },
    async ended(id, reason, endedHere) {
      if (endedHere && reason !== 'rejected' && reason !== 'replaced') await send(id, reason, null)
    },
  } satisfies PluginHooks
}
