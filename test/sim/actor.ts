import type { Page } from '../../src/testing.js'
import type { Snapshot, TokenSession } from '../../src/types.js'
import type { Handle } from './data.js'

/** A promise that a session returned, and how long its page had run by then. */
export interface Pending {
  readonly what: string
  ranAt: number
  readonly limit: number
}

/** One session object on one page, with the observations of it. Instants are real time, which no clock of the world has to show. */
export interface Actor {
  readonly name: string
  readonly page: Page
  readonly session: TokenSession
  readonly bornAt: number
  /** True if the page gave its session neither server nor token store. */
  readonly isBare: boolean
  /** The last snapshot that was checked. `over`: the sessions that this session object knows to be over. */
  seen: Snapshot
  /** The id of the last session that it showed. */
  last: string
  readonly over: Set<string>
  /** Since when the page has run without a gap of which it cannot know: a freeze, a sleep, a set clock, late timers. */
  awakeSince: number
  /** True if time passed that its timers missed, and nothing has made it read the clock since. */
  unaware: boolean
  warnedSince: number | null
  aliveSince: number
  /** True if storage worked at its last access. A write that failed is made up for at its next step. */
  sound: boolean
  /** True if the page existed while storage could be read and not written: then even tabs that post everything do not know all. */
  half: boolean
  /** The running time of the page until which timers may be late, because they were set while they were throttled. */
  lateUntil: number
  readonly pending: Set<Pending>
  /** `of`: the session of the hold; empty for a session that is to begin. */
  readonly holds: { of: string; readonly release: () => void }[]
  /** The data handles of its application, for this session and for earlier ones. */
  readonly data: Handle[]
  extending: number
  /** Sign-ins that its application has under way, with a user and without. */
  readonly signingIn: { users: number; visitors: number }
  /** When the application last called for a token. */
  wantedAt: number
  refreshedAt: number
  /** Since when a connection of it has been waiting for its token. */
  connectingSince: number | null
  /** When it last found tokens in the store that its record did not know, and the page that had stored them. */
  adopted: { readonly at: number; readonly from: object | null }
  steppedAt: number
  /** When its page last had input. */
  inputAt: number
  /** How long its page had run when it was destroyed. */
  destroyedAt: number | null
  /** The record after its last step. */
  record: { readonly id: string; readonly reason: string } | null
  /** The state that decides which events its listeners may get next. */
  hears: 'out' | 'in' | 'warned'
  /** How long its page had run when its listeners last fell behind what it shows; null while they know it. */
  deafSince: number | null
  /** The snapshot that an application rendered last. */
  rendered: Snapshot
  /** Since when it shows something else; null while it does not. */
  staleSince: number | null
  /** True if its application has called `signOut()` in this session. */
  signsOut: boolean
}

export const idOf = (snapshot: Snapshot): string => ('id' in snapshot ? snapshot.id : '')

/** The snapshot that it shows, or showed before its page was gone. The writes of its last turn may have been made. */
export const shownBy = ({ page, seen, session }: Actor): Snapshot => (page.gone ? seen : session.getSnapshot())

/** True while something counts as activity of its user. */
export const isAtWork = ({ page, holds }: Actor): boolean =>
  !page.prerendered && (holds.length > 0 || (page.focusInFrame && page.userActive))

/** Holds end with their session, and those that were taken before one begin with it. */
export function followHolds({ holds, session }: Actor): void {
  const shown = idOf(session.getSnapshot())
  for (const hold of holds.splice(0)) if (!hold.of || hold.of === shown) holds.push({ ...hold, of: shown })
}

/** True if the page can run now. */
export const isAwake = ({ page, destroyedAt }: Actor): boolean => !page.gone && !page.frozen && destroyedAt === null
