import { endSent } from '../core/changes.js'
import type { SharedRecord } from '../core/record.js'
import { toSessionError } from '../errors.js'
import { lastEnded, type SessionContext } from '../session/context.js'
import type { Locks } from './locks.js'
import type { EndReason, TokenResponse } from '../types.js'
import { sleep, withTimeout } from '../util/async.js'

/** The sign-out at the server. */
export interface ServerSignOut {
  /** Tells the server that session `id` is over. With tokens it revokes them. */
  readonly send: (id: string, reason: string, tokens: TokenResponse | null) => Promise<void>
  /**
   * Tells the server of an end by cookie that it does not know yet: at `online`, on the next page, and when the same login is
   * brought again. `wait`: ms in which a sign-in with another login may come, whose cookie the server would end otherwise.
   */
  readonly sendOwed: (wait?: number) => Promise<void>
}

const LIMIT = 5e3

export function createServerSignOut(context: SessionContext, { serverLock }: Locks): ServerSignOut {
  const { ports, server } = context

  const send: ServerSignOut['send'] = async (id, reason, tokens) => {
    // A refresh token that is gone from here cannot be revoked later: nothing is owed for it.
    let isPaid = !!tokens?.refresh_token
    try {
      await withTimeout(ports.after, LIMIT, null, async (signal) =>
        server?.signOut?.(tokens, { signal, reason: reason as EndReason }),
      )
      isPaid = true
    } catch (error) {
      isPaid ||= toSessionError(error).code === 'rejected'
    }
    if (isPaid) context.replace('server', (state, clock) => endSent(state, id, clock))
  }

  const owed = (): SharedRecord | null => {
    context.poll()
    const record = lastEnded(context)
    return record && server?.signOut && record.reason !== 'rejected' && !record.endSentAt ? record : null
  }

  return {
    send,
    async sendOwed(wait = 0) {
      if (!owed()) return
      if (wait) await sleep(ports.after, wait, context.signal())
      // Another tab that is at it sends it for all.
      await serverLock(async () => {
        const record = owed()
        if (record) await send(record.id, record.reason, null)
      }).catch(() => undefined)
    },
  }
}
