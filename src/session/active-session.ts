import { isLive, type SharedRecord } from '../core/record.js'
import type { PluginHooks } from './plugin.js'

/** The session that this tab acts for: the work that its end aborts, and the work that its end asks for. */
export interface ActiveSession {
  /** This tab has seen session `found` alive, in a prerendered page too. */
  readonly note: (found: SharedRecord | null) => void
  /** Acts for the session of `record`, and for no other. `found`: the record before this tab did anything. True: it is another one. */
  readonly follow: (found: SharedRecord | null, record: SharedRecord | null) => boolean
  /** Empty while no session lives. */
  readonly id: () => string
  /** Aborts when that session ends; `forTab`: or this tab is done with it. */
  readonly signal: (forTab: boolean) => AbortSignal
  /** This tab is done with it. */
  readonly leave: () => void
  /** Resolves when the plugins have done what the end of the last session asks of them. */
  readonly cleanup: () => Promise<void>
}

export function createActiveSession(hooks: readonly PluginHooks[]): ActiveSession {
  let activeId = ''
  let sessionAbort = new AbortController()
  let tabAbort = new AbortController()
  let cleanup = Promise.resolve()

  return {
    note(found) {
      if (isLive(found)) activeId ||= found.id
    },
    follow(found, record) {
      const id = isLive(record) ? record.id : ''
      if (id === activeId) return false
      const [endedId, ended, endedInTab] = [activeId, sessionAbort, tabAbort]
      // First: what listens to the signals may call the session, which is a step within this one.
      activeId = id
      sessionAbort = new AbortController()
      tabAbort = new AbortController()
      endedInTab.abort()
      ended.abort()
      if (endedId) {
        const reason = id ? 'replaced' : (record?.reason ?? '')
        const work = hooks.flatMap((hook) => hook.ended?.(endedId, reason, isLive(found)) ?? [])
        cleanup = Promise.all(work).then(() => undefined)
      }
      return true
    },
    id: () => activeId,
    signal: (forTab) => (forTab ? tabAbort : sessionAbort).signal,
    leave() {
      tabAbort.abort()
    },
    cleanup: () => cleanup,
  }
}
