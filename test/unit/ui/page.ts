/** A page with a session on it, in happy-dom and under fake time. */
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createSession } from '../../../src/index.js'
import { customServer } from '../../../src/servers/custom.js'
import type { Session, SessionOptions } from '../../../src/types.js'

export const SECOND = 1e3
export const MINUTE = 6e4

/** A name is never used twice: messages of an earlier test may still be on their way. */
let names = 0

export interface TestPage {
  readonly session: Session
  /** Its name, for a second tab. */
  readonly name: string
  /** A session of its own, signed in. */
  readonly start: (options: SessionOptions) => Promise<Session>
}

export const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Lets the events be delivered that come a moment later. */
export const settle = (): Promise<void> => pass(0)

export const hide = (hidden: boolean): void => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden)
  document.dispatchEvent(new Event('visibilitychange'))
}

/** Lets time pass until a warning has just begun. */
export async function untilWarned(session: Session): Promise<void> {
  await pass(session.deadlines()!.warnAt - Date.now())
  expect(session.getSnapshot().phase).toBe('warning')
}

/** For the tests of one file: each gets a session that warns two minutes before its end, signed in, under fake time. */
export function usePage(): TestPage {
  const made: Session[] = []
  let name = ''
  const start = async (options: SessionOptions): Promise<Session> => {
    const server = options.server && { server: customServer(options.server) }
    const session = createSession({
      idleTimeout: '15m',
      warnBefore: '2m',
      name: `test ${++names}`,
      ...options,
      ...server,
    })
    made.push(session)
    const signedIn = session.signIn()
    // Without Web Locks the lease takes a moment.
    await pass(MINUTE)
    await signedIn
    return session
  }
  beforeEach(async () => {
    vi.useFakeTimers()
    localStorage.clear()
    name = `test ${names + 1}`
    await start({})
  })
  afterEach(() => {
    for (const session of made.splice(0)) session.destroy()
    vi.restoreAllMocks()
    vi.useRealTimers()
    document.body.replaceChildren()
  })
  return {
    get session() {
      return made[0]!
    },
    get name() {
      return name
    },
    start,
  }
}
