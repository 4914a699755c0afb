import type { SessionEvents } from '../types.js'
import type { Emitter } from '../util/emitter.js'

type Degraded = SessionEvents['degraded']

/** The features that are missing or broken in this tab. */
export interface DegradedFeatures {
  /** Reports a feature once, in production by its name alone, a moment later: never in the middle of a step. */
  readonly degraded: (feature: Degraded['feature'], consequence: string | false) => void
  /** Everything that was reported so far, for a late listener. */
  readonly reported: () => readonly Degraded[]
}

export function createDegraded(emitter: Emitter): DegradedFeatures {
  const features = new Map<string, Degraded>()
  return {
    degraded(feature, consequence) {
      const event = { feature, consequence: consequence || feature }
      void Promise.resolve().then(() => {
        if (features.has(feature)) return
        features.set(feature, event)
        emitter.enqueue('degraded', event)
        emitter.flush()
      })
    },
    reported: () => [...features.values()],
  }
}
