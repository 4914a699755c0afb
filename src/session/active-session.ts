import { isLive, type SharedRecord } from '../core/record.js'
import type { PluginHooks } from './plugin.js'

/** The session that this tab acts for: the work that its end aborts, and the work that its end asks for. */
export interface ActiveSession {
  /**
   * Acts for the session of `record`, and for no other. `found`: the record before this tab did anything. A prerendered page only notes
   * which session it has seen alive.
   */
  readonly follow: (found: SharedRecord | null, record: SharedRecord | null, isPrerendered: boolean) => void
  /** Empty while no session lives. */
  readonly id: () => string
  /** Aborts when that session ends, or this tab is done with it. */
  readonly signal: () => AbortSignal
  /** This tab is done with it. */
  readonly leave: () => void
  /** Resolves when the plugins have done what the end of the last session asks of them. */
  readonly cleanup: () => Promise<void>
}

export function createActiveSession(hooks: readonly PluginHooks[]): ActiveSession {
  let activeId = ''
  let abort = new AbortController()
  let cleanup = Promise.resolve()

  return {
    follow(found, record, isPrerendered) {
      if (isLive(found)) activeId ||= found.id
      const id = isLive(record) ? record.id : ''
      if (isPrerendered || id === activeId) return
      const [endedId, ended] = [activeId, abort]
      // First: a listener of the signal may cause a step of its own, and what has ended must not end twice.
      activeId = id
      abort = new AbortController()
      ended.abort()
      if (endedId) {
        const reason = id ? 'replaced' : (record?.reason ?? '')
        const work = hooks.flatMap((hook) => hook.ended?.(endedId, reason, isLive(found)) ?? [])
        cleanup = Promise.all(work).then(() => undefined)
      }
    },
    id: () => activeId,
    signal: () => abort.signal,
    leave() {
      abort.abort()
    },
    cleanup: () => cleanup,
  }
}
