import type { SharedRecord } from '../core/record.js'
import type { SessionData } from '../types.js'

/** What is called at the end of a session. */
export interface EndHook {
  /** Session `id` is over. `endedHere`: this tab was the first to see it. */
  readonly ended: (id: string, reason: string, endedHere: boolean) => Promise<void> | undefined
}

/** The work of `sojourn/data`, for itself and for a sign-in with `keepData`. */
export interface DataHooks {
  /** Removes what earlier sessions have left, and gives the data of the session of `record`, which lives now. */
  readonly open: (record: SharedRecord) => SessionData
  /** Called right before another session begins: that one takes over what an anonymous session has kept. */
  readonly take: () => void
  /** Called right after it in a tab that is done with the session by then: that is told of no end. */
  readonly sweep: () => void
}
