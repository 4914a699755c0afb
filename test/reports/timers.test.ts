// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSession } from '../../src/index.js'
import { customServer } from '../../src/servers/custom.js'
import type { Session, SessionOptions } from '../../src/types.js'

/** The longest wait of a browser: a longer one fires at once, HTML §8.6. */
const LONGEST = 2 ** 31 - 1
const DAY = 864e5

const sessions: Session[] = []
let names = 0
async function start(options: SessionOptions): Promise<Session> {
  const session = createSession({ name: `timers ${++names}`, ...options })
  sessions.push(session)
  const signedIn = session.signIn()
  await vi.advanceTimersByTimeAsync(1000)
  await signedIn
  return session
}

afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a session that lasts longer than a timer of the browser', () => {
  // There, the time until the end, 30 days, was passed to one setTimeout, which fired at once: "you have been logged out" on each page.
  const limits: readonly SessionOptions[] = [
    { idleTimeout: '30d', absoluteTimeout: '30d' },
    { idleTimeout: false, absoluteTimeout: '365d' },
    { idleTimeout: '25d', absoluteTimeout: false, warnBefore: '1h' },
  ]
  it.each(limits)(
    'onyx-dot-app/onyx#12645, filebrowser/filebrowser#5461: a long session goes on with %o',
    async (options) => {
      vi.useFakeTimers()
      const timers = vi.spyOn(globalThis, 'setTimeout')
      const session = await start(options)
      const begun = timers.mock.calls.length
      await vi.advanceTimersByTimeAsync(LONGEST - DAY)
      expect(session.getSnapshot().phase).toBe('active')
      expect(timers.mock.calls.map(([, ms]) => ms! > LONGEST)).not.toContain(true)
      // Nor does it read the clock all the time.
      expect(timers.mock.calls.slice(begun)).toEqual([])
      const { warnAt, endAt } = session.deadlines()!
      await vi.advanceTimersByTimeAsync(warnAt - Date.now() - 1000)
      expect(session.getSnapshot().phase).toBe('active')
      await vi.advanceTimersByTimeAsync(1000)
      expect(session.getSnapshot().phase).toBe('warning')
      await vi.advanceTimersByTimeAsync(endAt - Date.now())
      expect(session.getSnapshot().phase).toBe('signedOut')
    },
  )

  // There, a page that was to reload at the end of a session of more than 24 days reloaded endlessly.
  it('mailcow/mailcow-dockerized#6585: a session longer than a browser timer sends no request meanwhile', async () => {
    vi.useFakeTimers()
    const check = vi.fn(() => Promise.resolve({ absoluteExpiresIn: 30 * 86_400 }))
    const session = await start({
      idleTimeout: false,
      absoluteTimeout: false,
      warnBefore: '1m',
      server: customServer({ check }),
    })
    // A moment after the sign-in no check is due.
    await vi.advanceTimersByTimeAsync(11e3)
    window.dispatchEvent(new Event('focus'))
    await vi.advanceTimersByTimeAsync(20 * DAY)
    expect(check).toHaveBeenCalledTimes(1)
    expect(session.getSnapshot().phase).toBe('active')
  })
})

describe('a test of an application with fake timers', () => {
  // There, the fake Date went on and performance.now() did not, contrary to the docs, so that durations were 0.
  const faked: readonly (readonly [
    name: string,
    toFake: NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake'],
  ])[] = [
    ['all clocks', undefined],
    ['all clocks but performance', ['setTimeout', 'clearTimeout', 'Date']],
  ]
  it.each(faked)(
    'vitest-dev/vitest#9352: a test with fake timers sees warning and end on time with %s',
    async (_name, toFake) => {
      vi.useFakeTimers(toFake ? { toFake } : {})
      const session = await start({ idleTimeout: '15m', warnBefore: '2m' })
      await vi.advanceTimersByTimeAsync(session.deadlines()!.warnAt - Date.now() - 1000)
      expect(session.getSnapshot().phase).toBe('active')
      await vi.advanceTimersByTimeAsync(1000)
      expect(session.getSnapshot().phase).toBe('warning')
      await expect(session.extend()).resolves.toBe(true)
      expect(Math.round((session.deadlines()!.endAt - Date.now()) / 1000)).toBe(900)
      await vi.advanceTimersByTimeAsync(899_000)
      expect(session.getSnapshot().phase).toBe('warning')
      await vi.advanceTimersByTimeAsync(2000)
      expect(session.getSnapshot().phase).toBe('signedOut')
    },
  )

  // There, tests that only need a timeout to pass faked single timers.
  it('vitest-dev/vitest#9351: a test with fake timers sees the end if only Date is set', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const session = await start({ idleTimeout: '15m' })
    vi.setSystemTime(Date.now() + 16 * 6e4)
    expect(session.check().phase).toBe('signedOut')
  })
})
