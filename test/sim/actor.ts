import type { Page } from '../../src/testing.js'
import type { Snapshot, TokenSession } from '../../src/types.js'
import type { Handle } from './data.js'

/** A promise that a session gave, and how long its page had run by then. */
export interface Pending {
  readonly what: string
  ranAt: number
  readonly limit: number
}

/** One session object on one page, and what has been seen of it. Instants are real time: no clock of this world need show them. */
export interface Actor {
  readonly name: string
  readonly page: Page
  readonly session: TokenSession
  readonly bornAt: number
  /** Whether its page has given the session neither server nor token store. */
  readonly isBare: boolean
  /** The last picture that was looked at, and what this session object knows to be over. */
  seen: Snapshot
  /** The last session that it showed. */
  last: string
  readonly over: Set<string>
  /** Since when it runs without a gap that it could not know of: no freeze, no sleep, no clock set, no late timers. */
  awakeSince: number
  /** Whether time went by that its timers know nothing of, and nothing has made it look at the clock since. */
  unaware: boolean
  warnedSince: number | null
  aliveSince: number
  /** Whether storage worked when it last looked: what could not be written then is written at its next step. */
  sound: boolean
  /** Whether it was there while storage could be read and not written: then not even those who say everything aloud know all. */
  half: boolean
  /** Until its page has run for so long, what waits for timers that were set while they were throttled is late. */
  lateUntil: number
  readonly pending: Set<Pending>
  readonly holds: (() => void)[]
  /** What its application keeps for this session and for those before. */
  readonly data: Handle[]
  extending: number
  /** Sign-ins that its application has under way, with a user and without. */
  readonly signingIn: { users: number; visitors: number }
  /** When the application last asked for a token. */
  wantedAt: number
  refreshedAt: number
  /** Since when a connection of it waits for its token. */
  connectingSince: number | null
  steppedAt: number
  /** How long its page had run when it was destroyed. */
  destroyedAt: number | null
  /** What its last step made of the record. */
  record: { readonly id: string; readonly reason: string } | null
  /** What its listeners may hear next. */
  hears: 'out' | 'in' | 'warned'
}

export const idOf = (snapshot: Snapshot): string => ('id' in snapshot ? snapshot.id : '')

/** What it shows, or showed when its page was gone: what a page did in its last turn may have been written down. */
export const shownBy = ({ page, seen, session }: Actor): Snapshot => (page.gone ? seen : session.getSnapshot())

/** Whether something goes on that counts as its user being there. */
export const isAtWork = ({ page, holds }: Actor): boolean =>
  !page.prerendered && (holds.length > 0 || (page.focusInFrame && page.userActive))

/** Whether its page can do anything now. */
export const isAwake = ({ page, destroyedAt }: Actor): boolean => !page.gone && !page.frozen && destroyedAt === null
