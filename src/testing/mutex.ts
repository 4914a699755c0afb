import { createMutex } from '../ports/mutex.js'
import type { Ports } from '../ports/types.js'
import type { FakeLocks } from './locks.js'
import type { Listener } from './channel.js'

/** The mutex of a tab, by the world's locks. Without locks every tab goes ahead at once, as without a lease. */
export const mutexBy = (locks: FakeLocks, tab: Listener, after: Ports['after']): NonNullable<Ports['withLock']> =>
  createMutex(after, () => locks.of(tab))
