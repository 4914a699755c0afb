import { randomBytes, randomUUID } from 'node:crypto'

/** The server's own limits, in ms. They hold whatever a page does. */
const IDLE_TIMEOUT = 15 * 60_000
const ABSOLUTE_TIMEOUT = 8 * 60 * 60_000

export interface UserSession {
  readonly id: string
  readonly name: string
  /** Names this login in the page, and is no secret: another random value than the id, which no page ever sees. */
  readonly login: string
  readonly startedAt: number
  activeAt: number
}

/**
 * In the memory of this process: with several processes, keep them in a database. On `globalThis`, because pages and request handlers
 * may be bundled apart, and because a development server loads modules anew.
 */
const sessions: Map<string, UserSession> = ((globalThis as { sessions?: Map<string, UserSession> }).sessions ??=
  new Map())

const endOf = ({ startedAt, activeAt }: UserSession): number =>
  Math.min(activeAt + IDLE_TIMEOUT, startedAt + ABSOLUTE_TIMEOUT)

/** The session of this cookie, if it lives. It does not extend it. */
export function findSession(id: string | undefined): UserSession | null {
  const found = sessions.get(id ?? '')
  if (!found) return null
  if (Date.now() < endOf(found)) return found
  sessions.delete(found.id)
  return null
}

/** A new session with a new id: one that was there before the login might be known to somebody else. */
export function beginSession(name: string): UserSession {
  const now = Date.now()
  const session = {
    id: randomBytes(32).toString('base64url'),
    name,
    login: randomUUID(),
    startedAt: now,
    activeAt: now,
  }
  sessions.set(session.id, session)
  return session
}

export function endSession(id: string | undefined): void {
  sessions.delete(id ?? '')
}

/** Ends every session of a user, on all devices. */
export function endSessionsOf(name: string): void {
  for (const session of sessions.values()) if (session.name === name) sessions.delete(session.id)
}

/** How much time is left, in seconds, as `cookieSession` reads it. */
export function timesOf({ startedAt, activeAt }: UserSession): { idleExpiresIn: number; absoluteExpiresIn: number } {
  const left = (end: number): number => Math.floor((end - Date.now()) / 1000)
  return { idleExpiresIn: left(activeAt + IDLE_TIMEOUT), absoluteExpiresIn: left(startedAt + ABSOLUTE_TIMEOUT) }
}
