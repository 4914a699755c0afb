import { createLocks } from '../plugins/locks.js'
import type { Plugin, PluginHooks } from '../session/plugin.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import { createServerSignOut } from '../plugins/server-sign-out.js'
import { createSignInLock } from '../plugins/sign-in-lock.js'

/** The sign-out of a session by cookie: the tab that ends it tells the server, or a later one that can. With tokens, the tokens plugin does it. */
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
      // After the step that this hint causes.
      if (cause === 'online') void Promise.resolve().then(sendNow)
    },
    async ended(id, reason, endedHere) {
      if (endedHere && reason !== 'rejected' && reason !== 'replaced') await send(id, reason, null)
    },
  } satisfies PluginHooks
}
