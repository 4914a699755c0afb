import type { Session, SessionEvents } from './types.js'

type Listener = (value: never) => void

export interface Listeners {
  readonly add: (type: string, listener: Listener) => () => void
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
  return {
    add(type, listener) {
      const entry = { listener }
      const entries = all.get(type) ?? new Set()
      all.set(type, entries.add(entry))
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
        for (const entry of [...(all.get(next[0]) ?? [])]) {
          try {
            ;(entry.listener as (value: unknown) => void)(next[1])
          } catch (error) {
            report(error)
          }
        }
      }
      draining = false
    },
  }
}

/** A feature that is missing is told to late listeners too: most are found missing before anybody can listen. */
export type Degraded = SessionEvents['degraded']
export type On = Session['on']
