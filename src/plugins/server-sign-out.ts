import { endSent } from '../core/changes.js'
import { toSessionError } from '../errors.js'
import type { SessionContext } from '../session/context.js'
import type { EndReason, TokenResponse } from '../types.js'
import { withTimeout } from '../util/async.js'

const LIMIT = 5e3

/** Tells the server that session `id` is over. With tokens it revokes them. */
export async function sendSignOut(
  context: SessionContext,
  id: string,
  reason: string,
  tokens: TokenResponse | null,
): Promise<void> {
  const { ports, server } = context
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
