/** What a page has to carry after many sessions came and went, as the page itself can count it. */
import { expect, noTimeouts, test } from './every.js'

interface Carried {
  listeners: number
  timers: number
  channels: number
}
type Counting = Window & { carried(): Carried }

test('1,000 sessions that were created and destroyed leave no listener, timer, channel or lock', async ({
  tabs,
  tokens,
}) => {
  const tab = await tabs.open(noTimeouts)
  // So that each has a session to look after.
  await tab.signIn(tokens.issue())
  await tab.run(() => {
    const listeners = new Set<object>()
    const timers = new Set<number>()
    const channels = new Set<BroadcastChannel>()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- both are called with their own target below
    const { addEventListener, removeEventListener } = EventTarget.prototype
    const found = (target: EventTarget, type: string, listener: unknown): object | undefined =>
      [...listeners].find(
        (one) =>
          (one as unknown[])[0] === target && (one as unknown[])[1] === type && (one as unknown[])[2] === listener,
      )
    EventTarget.prototype.addEventListener = function (type: string, listener, options) {
      addEventListener.call(this, type, listener, options)
      // Those of a signal end with it, and it with its controller.
      if (this instanceof AbortSignal) return
      const one = [this, type, listener]
      listeners.add(one)
      const signal = (options as AddEventListenerOptions | undefined)?.signal
      if (signal) addEventListener.call(signal, 'abort', () => listeners.delete(one))
    }
    EventTarget.prototype.removeEventListener = function (type: string, listener, options) {
      removeEventListener.call(this, type, listener, options)
      const one = found(this, type, listener)
      if (one) listeners.delete(one)
    }
    const set = window.setTimeout.bind(window)
    const clear = window.clearTimeout.bind(window)
    window.setTimeout = ((callback: () => void, ms?: number) => {
      const id = set(() => {
        timers.delete(id)
        callback()
      }, ms)
      timers.add(id)
      return id
    }) as typeof setTimeout
    window.clearTimeout = ((id?: number) => {
      timers.delete(id ?? 0)
      clear(id)
    }) as typeof clearTimeout
    window.BroadcastChannel = class extends BroadcastChannel {
      constructor(name: string) {
        super(name)
        channels.add(this)
      }
      override close(): void {
        super.close()
        channels.delete(this)
      }
    }
    const counting = window as unknown as Counting
    counting.carried = () => ({ listeners: listeners.size, timers: timers.size, channels: channels.size })
  })
  const carried = (): Promise<Carried> => tab.run(() => (window as unknown as Counting).carried())
  const before = await carried()

  const during = await tab.run(() => {
    const one = window.harness.library.createSession({})
    const seen = (window as unknown as Counting).carried()
    one.destroy()
    return seen
  })
  expect(during.listeners).toBeGreaterThan(before.listeners + 15)
  expect([during.timers, during.channels]).toEqual([before.timers + 1, before.channels + 1])

  await tab.run(() => {
    window.harness.pairs(1000)
  })
  // What a session does at its start, such as looking for tokens, ends in turns of its own.
  await expect.poll(carried).toEqual(before)
  expect(await tab.run(() => navigator.locks.query())).toEqual({ held: [], pending: [] })
  expect(await tab.phase()).toBe('active')
})
