type Listener = (value: never) => void

export interface Emitter {
  readonly add: (type: string, listener: Listener) => () => void
  /** Queues an event for the next `flush`. */
  readonly enqueue: (type: string, value?: unknown) => void
  /** Whether the listeners of an event of this type are called now. */
  readonly isTelling: (type: string) => boolean
  /** Calls the listeners of all queued events. During a call it does nothing: an event that a listener causes comes after the others. */
  readonly flush: () => void
  /** Removes all listeners. */
  readonly clear: () => void
}

/** The listeners of a session. If one throws, the others are still called, and its error goes to `report`. */
export function createEmitter(report: (error: unknown) => void): Emitter {
  const entries = new Set<readonly [type: string, listener: Listener]>()
  const queue: [type: string, value: unknown][] = []
  /** The type of the event whose listeners are called now; empty outside of `flush`. */
  let telling = ''

  const emit = (type: string, value: unknown): void => {
    for (const entry of [...entries]) {
      // A listener that was called before may have removed this one.
      if (entry[0] !== type || !entries.has(entry)) continue
      try {
        entry[1](value as never)
      } catch (error) {
        try {
          report(error)
        } catch {
          // The page's own `reportError` threw.
        }
      }
    }
  }

  return {
    add(type, listener) {
      const entry = [type, listener] as const
      entries.add(entry)
      return () => entries.delete(entry)
    },
    clear() {
      entries.clear()
    },
    enqueue(type, value) {
      queue.push([type, value])
    },
    isTelling: (type) => type === telling,
    flush() {
      if (telling) return
      for (let next = queue.shift(); next; next = queue.shift()) {
        telling = next[0]
        emit(...next)
      }
      telling = ''
    },
  }
}
