import type { SharedRecord } from '../core/record.js'
import { createLocks } from '../plugins/locks.js'
import { sendSignOut } from '../plugins/server-sign-out.js'
import { createSignInLock } from '../plugins/sign-in-lock.js'
import { lastEnded } from '../session/context.js'
import type { Plugin, PluginHooks } from '../session/plugin.js'
import { sleep } from '../util/async.js'
import { PROPAGATION_DELAY } from '../util/timing.js'

/**
 * The sign-out of a session by cookie: the tab that ends the session sends it, or a later tab if that one could not. Where the session
 * had tokens, the tokens plugin sends it first, for it has them.
 */
export const cookieSignOut: Plugin = (context) => {
  const locks = createLocks(context)

  const owed = (): SharedRecord | null => {
    context.poll()
    const record = lastEnded(context)
    return record && context.server?.signOut && record.reason !== 'rejected' && !record.endSentAt ? record : null
  }
  /**
   * Tells the server of an end that it does not know yet: at `online`, on the next page, and when the same login is brought again.
   * `wait`: ms in which a sign-in with another login may come, whose cookie the server would end otherwise.
   */
  const sendOwed = async (wait = 0): Promise<void> => {
    if (!owed()) return
    if (wait) await sleep(context.ports.after, wait, context.signal())
    // Another tab that is at it sends it for all.
    await locks
      .serverLock(async () => {
        const record = owed()
        if (record) await sendSignOut(context, record.id, record.reason, null)
      })
      .catch(() => undefined)
  }
  const sendNow = (): void => {
    void sendOwed()
  }

  return {
    withLock: createSignInLock(locks),
    continued: sendNow,
    started: async (isLive) => {
      // Version 0.1.0 tells the server of an end once, as it writes it: the cookie may be that of the next login.
      const end = context.ports.openRecordStore(context.key).read()?.end
      if (!isLive && (!end || end.includes('startedAt'))) await sendOwed(PROPAGATION_DELAY)
    },
    wake(cause) {
      // In a microtask: the step of this hint comes first.
      if (cause === 'online') void Promise.resolve().then(sendNow)
    },
    async ended(id, reason, endedHere) {
      const hadTokens = context.tokens() && lastEnded(context)?.generation
      if (endedHere && !hadTokens && reason !== 'rejected' && reason !== 'replaced')
        await sendSignOut(context, id, reason, null)
    },
  } satisfies PluginHooks
}
