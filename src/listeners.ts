type Listener = (value: never) => void

export interface Listeners {
  /** `earlier`: what this listener is told first, in a moment. */
  readonly add: (type: string, listener: Listener, earlier?: readonly unknown[]) => () => void
  readonly has: (type: string) => boolean
  /** Queues, so that what a listener does in its turn is told after what it was told. */
  readonly tell: (type: string, value?: unknown) => void
  /** Tells what is queued. */
  readonly drain: () => void
}

/** Who listens to what. A throwing listener hurts nobody else: its error goes to `report`. */
export function createListeners(report: (error: unknown) => void): Listeners {
  const all = new Map<string, Set<{ listener: Listener }>>()
  const queue: [type: string, value: unknown][] = []
  let draining = false
  const call = ({ listener }: { listener: Listener }, value: unknown): void => {
    try {
      ;(listener as (value: unknown) => void)(value)
    } catch (error) {
      report(error)
    }
  }
  return {
    add(type, listener, earlier = []) {
      const entry = { listener }
      const entries = all.get(type) ?? new Set()
      all.set(type, entries.add(entry))
      for (const value of earlier) void Promise.resolve().then(() => entries.has(entry) && call(entry, value))
      return () => entries.delete(entry)
    },
    has: (type) => !!all.get(type)?.size,
    tell(type, value) {
      queue.push([type, value])
    },
    drain() {
      if (draining) return
      draining = true
      for (let next = queue.shift(); next; next = queue.shift()) {
        const entries = all.get(next[0])
        for (const entry of [...(entries ?? [])]) {
          // One that was called before it may have removed it.
          if (entries?.has(entry)) call(entry, next[1])
        }
      }
      draining = false
    },
  }
}
