type Listener = (value: never) => void
type Entry = readonly [type: string, listener: Listener]

export interface Emitter {
  /** `earlier`: what the listener is told a moment later, of the time before it. */
  readonly add: (type: string, listener: Listener, earlier?: readonly unknown[]) => () => void
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
  const entries = new Set<Entry>()
  const queue: [type: string, value: unknown][] = []
  /** The type of the event whose listeners are called now; empty outside of `flush`. */
  let telling = ''

  /** Calls one listener, unless it was removed meanwhile, such as by one that was called before. */
  const call = (entry: Entry, value: unknown): void => {
    if (!entries.has(entry)) return
    try {
      entry[1](value as never)
    } catch (error) {
      report(error)
    }
  }

  return {
    add(type, listener, earlier = []) {
      const entry = [type, listener] as const
      entries.add(entry)
      for (const value of earlier) void Promise.resolve().then(() => call(entry, value))
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
        for (const entry of [...entries]) if (entry[0] === telling) call(entry, next[1])
      }
      telling = ''
    },
  }
}
