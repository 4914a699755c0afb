import type { Change, State } from '../core/changes.js'
import type { Clock } from '../core/clock.js'
import type { Config } from '../core/deadlines.js'
import { ANONYMOUS, type SharedRecord } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { Channel, Ports } from '../ports/types.js'
import type { Lease, Session, SessionEvents, SessionServer, TokenStore } from '../types.js'
import type { Cause } from './causes.js'
import type { DataHooks, EndHook } from './data-hooks.js'
import type { TokenHooks } from './token-hooks.js'
import { abortable } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'

/** The session as its parts and plugins see it. */
export interface SessionContext {
  readonly ports: Ports
  readonly config: Config
  /** The hooks of all plugins. `sojourn/data` adds its own when it is first used. */
  readonly hooks: { push(hook: EndHook): unknown }
  /** Where this page has used `sojourn/data`. */
  data?: DataHooks
  /** The name under which tabs share this session, and the key of its record. */
  readonly name: string
  readonly key: string
  /** The server, and the token store, as the session of this name uses them. */
  readonly server: SessionServer | undefined
  readonly tokenStore: TokenStore | undefined
  readonly lease: Lease | undefined
  /** The tokens, where a plugin keeps some. */
  readonly tokens: () => TokenHooks | undefined
  /** The record as of now, settled. Throws `signed_out` where no session lives, or another than `id`. @default cause 'look' */
  readonly requireLive: (id?: string, cause?: Cause) => SharedRecord
  /** The same, or null. */
  readonly liveRecord: () => SharedRecord | null
  /** The record of the last session, alive or not, as of the last step. */
  readonly record: () => SharedRecord | null
  /** Whether the last session, alive or not, began with this login; throws where this tab is done. */
  readonly hasLogin: (login: string) => boolean
  /** Whether this tab is done with the session, by `destroy()`. */
  readonly isClosed: () => boolean
  /** Waits while the phase is `loading`: null where it is known. */
  readonly loading: () => Promise<unknown> | null
  /** Waits in a prerendered page until somebody opens it, and the phase is known; null where somebody has. */
  readonly opening: () => Promise<unknown> | null
  /** Resolves once the phase is known. */
  readonly ready: Promise<unknown>
  /** Why nothing can be done now: `signed_out`. */
  readonly signedOutError: () => Error
  /** Shared time. */
  readonly now: () => number
  /** Aborts when the session that lives now ends, or this tab is done with it. */
  readonly signal: () => AbortSignal
  /** Aborts at `destroy()`. */
  readonly destroyed: AbortSignal
  /** Lets something happen to session `id`, and to no other; in a prerendered page nothing happens. `quiet`: listeners are told when the lock is free again. */
  readonly step: (cause: Cause, id: string, change: Change, quiet?: boolean) => void
  /** Looks at the clock and at what other tabs did. */
  readonly poll: () => void
  /** Posts a message to all other tabs. `{}` is a query: they reply with their record. */
  readonly post: Channel['post']
  /** Puts another state in place of the one there is, also after `destroy()`. `quiet`: as in `step`. */
  readonly replace: (cause: Cause, work: (state: State, clock: Clock) => State, quiet?: boolean) => void
  readonly enqueue: (type: string, value: unknown) => void
  /** Tells listeners what is queued. */
  readonly flush: () => void
  readonly degraded: (feature: SessionEvents['degraded']['feature'], consequence: string | false) => void
}

/**
 * Where a session object keeps its context for the parts that are imported on their own. A member and no map of this module: a copy
 * of a session (`{ ...session }`), a framework's proxy of it, and a second copy of the library find it as well.
 */
const CONTEXT = '~context'

/** The member of a session that has its context. */
export const contextMember = (context: SessionContext): object => ({ [CONTEXT]: () => context })

/** The record of the last session where that is over, or null; null where this tab is done with it. */
export const lastEnded = ({ isClosed, liveRecord, record }: SessionContext): SharedRecord | null =>
  isClosed() || liveRecord() ? null : record()

/** The record of session `id`, as `requireLive` has it, also after `destroy()`: for what was on its way then. */
export function latestOf({ step, liveRecord, signedOutError }: SessionContext, id: string): SharedRecord {
  step('look', id, () => false)
  const record = liveRecord()
  if (record?.id === id) return record
  throw signedOutError()
}

/** Why the last session ended; `'replaced'` where another lives. */
export const endReason = ({ liveRecord, record }: SessionContext): string | undefined =>
  liveRecord() ? 'replaced' : record()?.reason

/** `work`, or `signed_out` as soon as `destroy()` is called; the work itself goes on. */
export const whileOpen = <T>({ destroyed, signedOutError }: SessionContext, work: Promise<T>): Promise<T> =>
  abortable(work, destroyed, signedOutError)

/** Whether a session has had no user so far, as far as anybody knows. */
export const isAnonymous = ({ login, generation }: SharedRecord): boolean => login === ANONYMOUS && !generation

/** The context of a session. Throws `invalid_options` for what is none. */
export function contextOf(session: Session, caller: string): SessionContext {
  const find = (Object(session) as { readonly [CONTEXT]?: () => SessionContext })[CONTEXT]
  if (find) return find()
  throw sessionError('invalid_options', DEVELOPMENT && `${caller} takes the session that createSession() returned.`)
}
