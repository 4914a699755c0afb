import { onceAborted } from '../util/async.js'

/** Resolves when `start` calls `done`, not before it has returned its undo, or when `signal` aborts. */
export const until = (signal: AbortSignal, start: (done: () => void) => () => void): Promise<void> =>
  new Promise((resolve) => {
    const own = new AbortController()
    const done = (): void => {
      own.abort()
      undo()
      resolve()
    }
    const undo = start(done)
    onceAborted(signal, done, own.signal)
    if (signal.aborted) done()
  })
