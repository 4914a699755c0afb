// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { remainingSeconds, watchRemaining } from '../../src/countdown.js'
import { createSession, memoryTokens } from '../../src/index.js'
import type { TokenSession } from '../../src/types.js'

/** The current zone, as zone.js keeps it. */
const current = ['root']
const inZone = <T>(name: string, work: () => T): T => {
  current.push(name)
  try {
    return work()
  } finally {
    current.pop()
  }
}

/** The zones in which timers were set and listeners were added. */
let timers: string[] = []
let listeners: string[] = []
let names = 0
let session: TokenSession

beforeEach(async () => {
  vi.useFakeTimers()
  vi.stubGlobal('Zone', { root: { run: <T>(work: () => T) => inZone('root', work) } })
  const zone = (): string => current.at(-1)!
  const { setTimeout } = globalThis
  vi.stubGlobal('setTimeout', (run: () => void, ms?: number) => {
    timers.push(zone())
    const at = zone()
    return setTimeout(() => inZone(at, run), ms)
  })
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target) as EventTarget['addEventListener']
    vi.spyOn(target as EventTarget, 'addEventListener').mockImplementation((...what) => {
      listeners.push(zone())
      add(...what)
    })
  }
  session = createSession({ name: `zones ${++names}`, idleTimeout: '15m', tokenStore: memoryTokens() })
  await vi.advanceTimersByTimeAsync(1000)
  timers = []
  listeners = []
})
afterEach(() => {
  session.destroy()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('an application of Angular with zone.js', () => {
  // There, a timer until the expiry of the token was set in Angular's zone. The application did not become stable before it fired, so
  // that neither hydration nor the service worker started. Right: the timers of a session are no work of the application.
  it('ebondu/angular2-keycloak#41: an Angular application becomes stable while a session waits', async () => {
    const signedIn = inZone('angular', () => session.signIn({ access_token: 'a', expires_in: 300 }))
    await vi.advanceTimersByTimeAsync(1000)
    await signedIn
    inZone('angular', () => {
      session.check()
      session.touch()
      session.hold()()
      void session.getAccessToken()
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(new Set(timers)).toEqual(new Set(['root']))
    expect(vi.getTimerCount()).toBe(1)
  })

  it('an Angular application is stable while a component counts the last seconds of a session down', async () => {
    void session.signIn()
    await vi.advanceTimersByTimeAsync(14 * 60_000)
    expect(session.getSnapshot().phase).toBe('warning')
    timers = []
    const seen: unknown[] = []
    const undo = inZone('angular', () => watchRemaining(session, () => seen.push(remainingSeconds(session))))
    await vi.advanceTimersByTimeAsync(2000)
    undo()
    expect(seen).toEqual([60, 59, 58])
    expect(new Set(timers)).toEqual(new Set(['root']))
  })

  it('an Angular application does not check its components at each mouse move after a sign-in', async () => {
    inZone('angular', () => void session.signIn())
    await vi.advanceTimersByTimeAsync(1000)
    inZone('angular', () => session.check())
    expect(session.getSnapshot().phase).toBe('active')
    expect(new Set(listeners)).toEqual(new Set(['root']))
  })

  // The last one is as a form with the id `Zone` and a field with the name `root`, out of HTML that a user has written.
  it.each([undefined, null, {}, { root: undefined }, { root: {} }])(
    'an Angular application is not assumed from a global Zone that is %o',
    async (other) => {
      vi.stubGlobal('Zone', other)
      const signedIn = session.signIn()
      await vi.advanceTimersByTimeAsync(1000)
      await signedIn
      expect(session.getSnapshot().phase).toBe('active')
    },
  )
})
