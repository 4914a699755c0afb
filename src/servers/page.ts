import { begin, ending } from '../core/changes.js'
import { fingerprint } from '../core/fingerprint.js'
import { sessionError } from '../errors.js'
import { contextOf, isAnonymous, type SessionContext } from '../session/context.js'
import type { Session } from '../types.js'
import { checkMembers } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'

/** The year 5138: a later time is in microseconds or less. */
const LATEST = 1e14

/** What a server knew when it made a page, for {@link adoptPage}. It is plain JSON, and holds no secret. */
export interface PageState {
  /** The login whose session the request's cookie belongs to, as `signIn` takes it; null where nobody was signed in. */
  readonly login: string | null
  /** The server's own clock, ms (`Date.now()`), before it looked who is signed in. It orders pages, and is compared with no other clock. */
  readonly at: number
}

/**
 * Takes over what the server knew when it made this page: who is signed in, or nobody. Call it on each page load, directly after
 * `createSession`. Where it can act at once, it does so before it returns: the first render shows no session that the server has
 * ended.
 *
 * - The login of this device's session: that goes on, or stays ended. Nothing revives it.
 * - Another login: its session begins in all tabs, in place of the one before.
 * - Nobody: the session ends in all tabs, with the reason `rejected`. One without a user (begun without tokens and `login`) goes on.
 *
 * Of a page that is no newer than one that this device has seen, out of a cache or from the history, nothing is taken over. On a server
 * nothing happens. It sends no request but a sign-out that is still owed. In a prerendered page it waits until somebody opens the page;
 * where somebody has signed in since it was called, nothing is taken over.
 *
 * @returns Whether the session is now as the page says. False for a page that is out of date: what it shows may be another user's.
 * @throws SessionError `invalid_options` for a `login` that is neither a text nor null, and an `at` that is no time in ms
 * @example On every page load, with what the server has written into the page
 * ```ts
 * const session = createSession({ server: cookieSession({ check: '/session' }) })
 * void adoptPage(session, JSON.parse(document.querySelector('#session')!.textContent) as PageState)
 * ```
 */
export async function adoptPage(session: Session, page: PageState): Promise<boolean> {
  const context = contextOf(session, 'adoptPage')
  if (DEVELOPMENT) checkMembers('adoptPage', page, 'an object with login and at', { login: 'any', at: 'any' })
  const { login, at } = page
  // A server that forgot the login has not said that nobody is signed in.
  if (!(login === null || (typeof (login as unknown) === 'string' && login)) || !(at >= 0 && at <= LATEST))
    throw sessionError(
      'invalid_options',
      DEVELOPMENT
        ? 'adoptPage: give the login (a text, or null where nobody is signed in) and at, the time on the server in ms.'
        : 'login, at',
    )
  const opening = context.opening()
  const foundId = context.liveRecord()?.id
  const waiting = opening ?? context.loading()
  if (waiting) await waiting
  if (context.isClosed()) return false
  const hash = fingerprint(login ?? '')
  // The server did not know of a sign-in since then, when it made a page that was prerendered.
  const hasSignedIn = opening && (context.liveRecord()?.id ?? foundId) !== foundId
  const isNewest = noteNewest(context, at) && !hasSignedIn
  if (login) {
    // With the login of the last session it is safe at any time, and lets a sign-out be sent that the server has not got.
    if (context.hasLogin(hash)) await session.signIn(undefined, { login })
    // At once: a lock would come after the first paint.
    else if (isNewest)
      context.replace('signIn', (state, clock) => begin(state, { id: context.ports.id(), login: hash }, clock))
  }
  context.poll()
  const record = context.liveRecord()
  const isUser = !!record && !isAnonymous(record)
  if (login) return isUser && record.login === hash
  if (isUser && isNewest) context.step('rejected', record.id, ending('rejected'))
  return !isUser || isNewest
}

/** Whether a page of this time is newer than each that this device has seen, for the session of this name. */
function noteNewest({ ports, key }: SessionContext, at: number): boolean {
  const store = ports.openRecordStore(`${key}:page`)
  const newest = Number(store.read()?.record ?? -1)
  // What no page can have said was planted, or comes from a server that gave something else than ms: no page would count any more.
  if (at <= newest && newest <= LATEST) return false
  store.write({ record: String(at), end: null })
  return true
}
