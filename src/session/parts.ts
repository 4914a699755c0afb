import type { Channel, Ports } from '../ports/types.js'
import type { Emitter } from '../util/emitter.js'
import type { ActiveSession } from './active-session.js'
import type { Activity } from './activity.js'
import type { DegradedFeatures } from './degraded.js'
import type { Parsed } from './options.js'
import type { PluginHooks } from './plugin.js'
import type { RecordSync } from './record-sync.js'

/** The parts of a session object. */
export interface Parts extends Parsed {
  readonly ports: Ports
  /** Posts a message to all other tabs, see `Channel`. */
  readonly post: Channel['post']
  readonly sync: RecordSync
  readonly activity: Activity
  readonly active: ActiveSession
  readonly emitter: Emitter
  readonly hooks: PluginHooks[]
  readonly degraded: DegradedFeatures['degraded']
  /** Aborts at `destroy()`. */
  readonly destroyed: AbortSignal
}
