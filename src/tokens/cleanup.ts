import type { SharedRecord } from '../core/record.js'
import { asError } from '../errors.js'
import type { Host } from '../session/context.js'
import { rest, within } from '../util/async.js'
import type { Ports } from '../ports/types.js'
import { SPREADING } from '../util/timing.js'
import type { Keeper } from './token-cache.js'
import type { EndReason, SessionServer, TokenResponse } from '../types.js'

/** What is left to do when a session is over: its tokens go, and the server hears of it. */
export interface SignOut {
  /** Local wipe first, then the server. Whoever removes the tokens revokes them, so that it happens once. */
  readonly wipe: (
    id: string,
    reason?: string,
    tellWithoutTokens?: boolean,
    given?: TokenResponse | null,
  ) => Promise<void>
  /** Removes tokens that a crash left behind, of a session that no longer lives. */
  readonly sweep: () => Promise<void>
  /**
   * Tells the server of an end by cookie that it has not heard of: at `online`, on the next page, and when the same login is
   * brought again. `wait`: ms in which a sign-in with another login may come, whose cookie the server would end otherwise.
   */
  readonly payDebt: (wait?: number) => Promise<void>
}

const LIMIT = 5e3

export function createSignOut(host: Host, keeper: Keeper, server: SessionServer | undefined, ports: Ports): SignOut {
  const tell = async (id: string, reason: string, tokens: TokenResponse | null): Promise<void> => {
    // A refresh token that is gone from here cannot be revoked later: nothing is owed for it.
    let isPaid = !!tokens?.refresh_token
    try {
      await within(ports.after, LIMIT, null, async (signal) =>
        server?.signOut?.(tokens, { signal, reason: reason as EndReason }),
      )
      isPaid = true
    } catch (error) {
      isPaid ||= asError(error).code === 'rejected'
    }
    if (isPaid) host.endSent(id)
  }

  const owed = (): SharedRecord | null => {
    host.look()
    const record = host.lastEnded()
    return record && server?.signOut && record.reason !== 'rejected' && !record.endSentAt ? record : null
  }

  const wipe: SignOut['wipe'] = async (id, reason = 'wiped', tellWithoutTokens = false, given = null) => {
    const removed = (await keeper.clear(id))?.tokens ?? given
    // `rejected`: the server knows. `replaced`: it may count old and new tokens as one grant, and would end both.
    if ((!removed && !tellWithoutTokens) || reason === 'rejected' || reason === 'replaced') return
    await tell(id, reason, removed)
  }

  return {
    wipe,
    async sweep() {
      const stored = await keeper.peek()
      host.look()
      if (!stored || host.current()) return
      // Their record may be on its way: a sign-in stores them first, and each process reads its own copy of localStorage. Or there
      // was no room for it, beside the end of the session before: then other tabs know it.
      host.ask()
      await rest(ports.after, SPREADING, host.signal())
      host.look()
      if (!host.current() && !host.isClosed()) await wipe(stored.id)
    },
    async payDebt(wait = 0) {
      if (!owed()) return
      if (wait) await rest(ports.after, wait, host.signal())
      // Another tab that is at it pays for all.
      await host
        .exclusive(0, async () => {
          const record = owed()
          if (record) await tell(record.id, record.reason, null)
        })
        .catch(() => undefined)
    },
  }
}
