import { SessionError } from './errors.js'

/**
 * Work with a limit: rejects with `timeout` after `ms`, with `signed_out` as soon as `parent` aborts, and aborts the
 * signal that the work was given. By hand, because `AbortSignal.any` and `.timeout` are newer than our floor of support.
 */
export function within<T>(
  after: (ms: number, callback: () => void) => () => void,
  ms: number,
  parent: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const stop = (code: 'timeout' | 'signed_out', message: string): void => {
      reject(new SessionError(code, { message }))
      finish()
    }
    const clear = after(ms, () => {
      stop('timeout', `No answer within ${String(ms / 1e3)} s. Nothing is lost: try again later.`)
    })
    const finish = (): void => {
      clear()
      own.abort()
    }
    const onAbort = (): void => {
      stop('signed_out', 'The session ended before this was done.')
    }
    parent?.addEventListener('abort', onAbort, { signal: own.signal })
    if (parent?.aborted) onAbort()
    else work(own.signal).then(resolve, reject).finally(finish)
  })
}
