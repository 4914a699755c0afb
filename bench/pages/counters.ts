/** Counts what a library asks of the browser. Has to be loaded before it. */
export interface Counts {
  timers: number
  storage: number
  messages: number
  /** ms spent in callbacks of timers. */
  inTimers: number
}

export const counts: Counts = { timers: 0, storage: 0, messages: 0, inTimers: 0 }

type Method = (this: unknown, ...args: unknown[]) => unknown

function wrap(target: object, names: readonly string[], around: (original: Method) => Method): void {
  const methods = target as Record<string, Method>
  for (const name of names) methods[name] = around(methods[name]!)
}

wrap(window, ['setTimeout', 'setInterval'], (original) => (callback, ms, ...args) => {
  counts.timers++
  const timed = (): void => {
    const start = performance.now()
    ;(callback as Method)(...args)
    counts.inTimers += performance.now() - start
  }
  return original.call(window, timed, ms)
})

const counted = (key: 'storage' | 'messages') => (original: Method) =>
  function (this: unknown, ...args: unknown[]): unknown {
    counts[key]++
    return original.apply(this, args)
  }
wrap(Storage.prototype, ['getItem', 'setItem', 'removeItem'], counted('storage'))
wrap(BroadcastChannel.prototype, ['postMessage'], counted('messages'))
