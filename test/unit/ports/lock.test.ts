import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lease } from '../../../src/ports/lease.js'
import { browserLocks } from '../../../src/ports/web-locks.js'

const NAME = 'sojourn:session:1'
const LEASE = `${NAME}:lease`
const never = new AbortController().signal
const degraded = vi.fn()

/** Work that takes `ms`, and a note of when it ran. */
const ran: string[] = []
const work = (who: string, ms: number) => async (): Promise<string> => {
  ran.push(`${who} begins`)
  await new Promise((resolve) => setTimeout(resolve, ms))
  ran.push(`${who} ends`)
  return who
}
const turn = (who: string, { wait = 15e3, ms = 100, signal = never } = {}): Promise<unknown> =>
  browserLocks(NAME, { wait, signal, lease }, work(who, ms), degraded).catch(
    (error: unknown) => (error as { code: string }).code,
  )

let stored: Map<string, string>
beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  stored = new Map()
  ran.length = 0
  degraded.mockClear()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  })
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('without Web Locks', () => {
  beforeEach(() => {
    vi.stubGlobal('navigator', {})
  })

  it('a lease in storage runs one work at a time, is reported as degraded, and is released', async () => {
    const both = Promise.all([turn('one'), turn('two'), turn('three')])
    await vi.runAllTimersAsync()
    expect(await both).toEqual(['one', 'two', 'three'])
    expect(ran.map((note) => note.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends', 'begins', 'ends'])
    expect(degraded).toHaveBeenCalledTimes(3)
    expect(stored.size).toBe(0)
  })

  it('without a lease each work begins at once, and the missing lock is reported as degraded', async () => {
    const each = ['one', 'two'].map((who) =>
      browserLocks(NAME, { wait: 15e3, signal: never }, work(who, 100), degraded),
    )
    await vi.runAllTimersAsync()
    expect(await Promise.all(each)).toEqual(['one', 'two'])
    expect(ran).toEqual(['one begins', 'two begins', 'one ends', 'two ends'])
    expect(degraded).toHaveBeenCalledTimes(2)
    expect(stored.size).toBe(0)
  })

  it('a tab that writes its lease at the same moment as another yields to the last writer', async () => {
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(20)
    stored.set(LEASE, `another ${String(Date.now() + 14e3)}`)
    await vi.advanceTimersByTimeAsync(5e3)
    expect(ran).toEqual([])
    stored.delete(LEASE)
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
  })

  it('I8: the lease of a crashed tab expires, and until then no work waits longer than its limit', async () => {
    void browserLocks(NAME, { wait: 15e3, signal: never, lease }, () => new Promise(() => undefined), degraded)
    const impatient = turn('impatient', { wait: 5e3 })
    const patient = turn('patient')
    const began = Date.now()
    await vi.advanceTimersByTimeAsync(5e3)
    expect(await impatient).toBe('timeout')
    expect(Date.now() - began).toBe(5e3)
    await vi.advanceTimersByTimeAsync(12e3)
    expect(ran).toEqual(['patient begins', 'patient ends'])
    expect(await patient).toBe('patient')
    await vi.runAllTimersAsync()
  })

  it('I4: a lease of version 0.1.0, which lasts 16 s and does not say so, is heeded from its first moment', async () => {
    stored.set(LEASE, `another ${Date.now() + 16e3}`)
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(1e3)
    expect(ran).toEqual([])
    stored.delete(LEASE)
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
  })

  // That version takes one that has longer to go for one from before the clock was set back.
  it.each([14.8e3, 64.8e3])('I4: a lease of %d ms is heeded by version 0.1.0', async (hold) => {
    const mine = browserLocks(NAME, { wait: 15e3, hold, signal: never, lease }, work('mine', 1e3), degraded)
    await vi.advanceTimersByTimeAsync(0)
    expect(Number(stored.get(LEASE)?.split(' ')[1]) - Date.now()).toBe(Math.min(hold, 16e3))
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
  })

  it('I8: the lease of a crashed tab with a longer requestTimeout lasts as long as that', async () => {
    const hang = (): Promise<unknown> => new Promise(() => undefined)
    void browserLocks(NAME, { wait: 15e3, hold: 64.8e3, signal: never, lease }, hang, degraded)
    await vi.advanceTimersByTimeAsync(100)
    const next = turn('next', { wait: 65e3 })
    await vi.advanceTimersByTimeAsync(64.7e3)
    expect(ran).toEqual([])
    await vi.runAllTimersAsync()
    expect(await next).toBe('next')
  })

  it('I8: a lease from before the clock was set back counts as none', async () => {
    stored.set(LEASE, `crashed ${String(Date.now() + 14e3)}`)
    vi.setSystemTime(Date.now() - 36e5)
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(1e3)
    expect(await mine).toBe('mine')
    await vi.runAllTimersAsync()
  })

  it.each(['', 'junk', 'who', 'who never', 'who NaN', 'who Infinity', 'who -1', '1 2 3', 'null'])(
    'I12: a malformed lease counts as none: %j',
    async (junk) => {
      stored.set(LEASE, junk)
      const mine = turn('mine')
      await vi.advanceTimersByTimeAsync(1e3)
      expect(await mine).toBe('mine')
      await vi.runAllTimersAsync()
    },
  )

  it('work that must not wait is refused while the lease is taken, and runs when it is free', async () => {
    const long = turn('long', { ms: 1e3 })
    await vi.advanceTimersByTimeAsync(200)
    const refused = turn('refused', { wait: 0 })
    await vi.advanceTimersByTimeAsync(100)
    expect(await refused).toBe('timeout')
    await vi.runAllTimersAsync()
    await long
    const free = turn('free', { wait: 0 })
    await vi.runAllTimersAsync()
    expect(await free).toBe('free')
  })

  it('I10: work that is aborted while it waits for a lease never runs, and leaves no timer', async () => {
    stored.set(LEASE, `another ${String(Date.now() + 14e3)}`)
    const controller = new AbortController()
    const waiting = turn('waiting', { signal: controller.signal })
    await vi.advanceTimersByTimeAsync(1e3)
    controller.abort()
    expect(await waiting).toBe('timeout')
    await vi.advanceTimersByTimeAsync(20e3)
    expect(ran).toEqual([])
  })

  it('work that fails releases the lease and passes its error on', async () => {
    const fault = new Error('no')
    const failing = browserLocks(NAME, { wait: 15e3, signal: never, lease }, () => Promise.reject(fault), degraded)
    const seen = failing.catch((error: unknown) => error)
    await vi.runAllTimersAsync()
    expect(await seen).toBe(fault)
    expect(stored.size).toBe(0)
  })

  it('work runs once, and under no lock, if there is no storage either', async () => {
    const denied = (): never => {
      throw new DOMException('denied', 'SecurityError')
    }
    vi.stubGlobal('localStorage', { getItem: denied, setItem: denied, removeItem: denied })
    const mine = turn('mine')
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
    expect(ran).toEqual(['mine begins', 'mine ends'])
  })

  it('work runs once if storage breaks while it runs', async () => {
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(80)
    expect(ran).toEqual(['mine begins'])
    vi.stubGlobal('localStorage', {
      getItem() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
    expect(ran).toEqual(['mine begins', 'mine ends'])
  })
})

describe('with Web Locks', () => {
  interface LockRequest {
    readonly name: string
    readonly options: { signal?: AbortSignal; ifAvailable?: boolean }
    readonly grant: (lock: unknown) => Promise<unknown>
    readonly refuse: (reason: Error) => void
  }
  let requests: LockRequest[]
  beforeEach(() => {
    requests = []
    const request = (name: string, options: LockRequest['options'], grant: LockRequest['grant']): Promise<unknown> =>
      new Promise((resolve, refuse) => {
        options.signal?.addEventListener('abort', () => {
          refuse(new DOMException('aborted', 'AbortError'))
        })
        requests.push({
          name,
          options,
          refuse,
          grant(lock) {
            const held = grant(lock)
            Promise.resolve(held).then(resolve, refuse)
            return held
          },
        })
      })
    vi.stubGlobal('navigator', { locks: { request } })
  })

  it('work begins when the lock is granted, and its result is returned', async () => {
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(1e3)
    expect(ran).toEqual([])
    expect(requests[0]).toMatchObject({ name: NAME })
    const held = requests[0]!.grant({})
    await vi.runAllTimersAsync()
    await held
    expect(await mine).toBe('mine')
    expect(degraded).not.toHaveBeenCalled()
    expect(stored.size).toBe(0)
  })

  it('a lock is released if its work fails, and only the caller gets the error', async () => {
    const fault = new Error('no')
    const failing = browserLocks(NAME, { wait: 15e3, signal: never, lease }, () => Promise.reject(fault), degraded)
    const seen = failing.catch((error: unknown) => error)
    await expect(requests[0]!.grant({})).resolves.toBeUndefined()
    expect(await seen).toBe(fault)
  })

  it('I4: a lock is requested again, once, if WebKit took the page’s place in the queue', async () => {
    const mine = turn('mine')
    requests[0]!.refuse(new DOMException('The page is not shown any more.', 'AbortError'))
    await vi.advanceTimersByTimeAsync(0)
    expect(requests.length).toBe(2)
    expect(ran).toEqual([])
    requests[1]!.refuse(new DOMException('The page is not shown any more.', 'AbortError'))
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
    expect(requests.length).toBe(2)
    expect(degraded).toHaveBeenCalledTimes(1)
  })

  it('I8: a wait that reaches its limit withdraws the request, and a late grant runs nothing', async () => {
    const mine = turn('mine', { wait: 5e3 })
    await vi.advanceTimersByTimeAsync(5e3)
    expect(await mine).toBe('timeout')
    expect(requests[0]!.options.signal!.aborted).toBe(true)
    await requests[0]!.grant({})
    await vi.runAllTimersAsync()
    expect(ran).toEqual([])
    expect(degraded).not.toHaveBeenCalled()
  })

  it('I8: work that takes longer than the limit of its wait goes on', async () => {
    const mine = turn('mine', { wait: 1e3, ms: 10e3 })
    const held = requests[0]!.grant({})
    await vi.runAllTimersAsync()
    await held
    expect(await mine).toBe('mine')
  })

  it('work that must not wait requests a lock only if it is free', async () => {
    const free = turn('free', { wait: 0 })
    expect(requests[0]!.options).toEqual({ ifAvailable: true })
    void requests[0]!.grant({})
    await vi.runAllTimersAsync()
    expect(await free).toBe('free')
    const taken = turn('taken', { wait: 0 })
    await requests[1]!.grant(null)
    expect(await taken).toBe('timeout')
    expect(ran).toEqual(['free begins', 'free ends'])
  })

  it('I8: work that must not wait gets timeout if the browser never answers', async () => {
    const mine = turn('mine', { wait: 0 })
    await vi.advanceTimersByTimeAsync(15e3)
    expect(await mine).toBe('timeout')
  })

  it('I8: finished work waits at most a second until the browser confirms that the lock is free', async () => {
    const request = (_name: string, _options: object, grant: LockRequest['grant']): Promise<unknown> => {
      void grant({})
      return new Promise(() => undefined)
    }
    vi.stubGlobal('navigator', { locks: { request } })
    const mine = turn('mine')
    await vi.advanceTimersByTimeAsync(1100)
    expect(await mine).toBe('mine')
  })

  it('a lock that the browser refuses is replaced by a lease', async () => {
    const mine = turn('mine')
    requests[0]!.refuse(new DOMException('opaque origin', 'SecurityError'))
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
    expect(degraded).toHaveBeenCalledTimes(1)
  })

  it('work goes on, once, if WebKit takes its lock back, as it does for the page cache', async () => {
    const mine = turn('mine')
    void requests[0]!.grant({})
    await vi.advanceTimersByTimeAsync(10)
    requests[0]!.refuse(new DOMException('taken back', 'AbortError'))
    await vi.runAllTimersAsync()
    expect(await mine).toBe('mine')
    expect(ran).toEqual(['mine begins', 'mine ends'])
    expect(degraded).not.toHaveBeenCalled()
  })

  it('I10: work that was aborted before requests no lock', async () => {
    const controller = new AbortController()
    controller.abort()
    expect(await turn('mine', { signal: controller.signal })).toBe('timeout')
    expect(requests).toEqual([])
  })

  it('I10: work that is aborted while it waits for a lock withdraws the request', async () => {
    const controller = new AbortController()
    const mine = turn('mine', { signal: controller.signal })
    controller.abort()
    expect(await mine).toBe('timeout')
    expect(requests[0]!.options.signal!.aborted).toBe(true)
  })
})
