import { createMutex } from './mutex.js'
import { after } from './clock.js'
import type { Ports } from './types.js'

/** Web Locks, where there are any. */
export const browserLocks: NonNullable<Ports['withLock']> = /* @__PURE__ */ createMutex(
  after,
  () => (navigator as { locks?: LockManager }).locks,
)
