/**
 * A smaller AbortController, because Node's costs 13 µs each, a third of a whole world. The undo restores Node's own.
 */
export function quickenAborts(): () => void {
  const { AbortController: original } = globalThis
  const usual = new DOMException('This operation was aborted', 'AbortError')

  class Signal {
    aborted = false
    reason: unknown
    listeners: (readonly [listener: () => void, signal?: Signal | undefined])[] = []
    addEventListener(_type: 'abort', listener: () => void, { signal }: { signal?: Signal } = {}): void {
      if (!signal?.aborted) this.listeners.push([listener, signal])
    }
    removeEventListener(_type: 'abort', listener: () => void): void {
      this.listeners = this.listeners.filter(([one]) => one !== listener)
    }
  }
  class Controller {
    readonly signal = new Signal()
    abort(reason: unknown = usual): void {
      const { signal } = this
      if (signal.aborted) return
      signal.aborted = true
      signal.reason = reason
      for (const [listener, until] of signal.listeners.splice(0)) if (!until?.aborted) listener()
    }
  }
  globalThis.AbortController = Controller as never
  return () => {
    globalThis.AbortController = original
  }
}
