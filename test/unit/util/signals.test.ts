/** Listeners of a signal that many wait with: none stays behind when the waiting is over. */
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createMutex } from '../../../src/ports/mutex.js'
import { sleep, withTimeout } from '../../../src/util/async.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const noTimer = () => () => undefined
const count = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

/** Each waits with the same signal, until it is let go. */
const waits: Record<string, (signal: AbortSignal, done: Promise<void>) => Promise<unknown>> = {
  'work with a limit': (signal, done) => withTimeout(noTimer, 1000, signal, () => done),
  'a pause': (signal, done) => sleep((_ms, callback) => (void done.then(callback), () => undefined), 1000, signal),
  'a turn': (signal, done) => {
    const request = async (_name: string, _options: unknown, work: (lock: object) => Promise<void>): Promise<void> => {
      await done
      await work({})
    }
    const locks = { request } as unknown as LockManager
    const withLock = createMutex(noTimer, () => locks)
    return withLock('name', { wait: 1000, signal }, () => Promise.resolve(), noTimer)
  },
}

describe('listeners of a signal', () => {
  for (const [what, wait] of Object.entries(waits))
    it(`all of ten listeners at once are removed after ${what}, whatever was collected meanwhile`, async () => {
      const { signal } = new AbortController()
      let letGo = (): void => undefined
      const done = new Promise<void>((resolve) => (letGo = resolve))
      const all = Array.from({ length: 10 }, () => wait(signal, done))
      expect(count(signal)).toBe(10)
      // A task later nothing is held by the current one.
      await new Promise((resolve) => setTimeout(resolve))
      collect()
      letGo()
      await Promise.all(all)
      await new Promise((resolve) => setTimeout(resolve))
      expect(count(signal)).toBe(0)
    })
})
