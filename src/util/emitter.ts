type Listener = (value: never) => void

export interface Emitter {
  readonly add: (type: string, listener: Listener) => () => void
  /** Queues, so that what a listener does in its turn is told after what it was told. */
  readonly enqueue: (type: string, value?: unknown) => void
  /** Tells what is queued. */
  readonly flush: () => void
  /** Forgets all listeners. */
  readonly clear: () => void
}

/** Who listens to what. A throwing listener hurts nobody else: its error goes to `report`. */
export function createEmitter(report: (error: unknown) => void): Emitter {
  const entries = new Set<readonly [type: string, listener: Listener]>()
  const queue: [type: string, value: unknown][] = []
  let draining = false
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
    flush() {
      if (draining) return
      draining = true
      for (let next = queue.shift(); next; next = queue.shift()) {
        for (const entry of [...entries]) {
          // One that was called before it may have removed it.
          if (entry[0] !== next[0] || !entries.has(entry)) continue
          try {
            entry[1](next[1] as never)
          } catch (error) {
            report(error)
          }
        }
      }
      draining = false
    },
  }
}
