import { begin, endSent } from '../core/changes.js'
import { isLive, type SharedRecord } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { Ports } from '../ports/types.js'
import { abortable } from '../util/async.js'
import type { Emitter } from '../util/emitter.js'
import type { ActiveSession } from './active-session.js'
import type { SessionContext } from './context.js'
import type { DegradedFeatures } from './degraded.js'
import type { Loop } from './loop.js'
import type { Parsed } from './options.js'
import type { PluginHooks } from './plugin.js'
import { DEVELOPMENT } from '../util/development.js'

export const NO_DOCUMENT =
  'There is no document here (a server or a worker): a session runs in a page. Ask the page for what you need.'

/** The parts of a context. */
export interface ContextParts extends Parsed {
  readonly ports: Ports
  readonly loop: Loop
  readonly active: ActiveSession
  readonly emitter: Emitter
  readonly hooks: PluginHooks[]
  readonly degraded: DegradedFeatures['degraded']
  /** Aborts at `destroy()`. */
  readonly destroyed: AbortSignal
  /** Queries the other tabs. */
  readonly query: () => void
}

export function createContext(parts: ContextParts): SessionContext {
  const { ports, loop, active, emitter, hooks, destroyed, query, degraded } = parts
  const { step, snapshot, isClosed } = loop
  const liveRecord = (): SharedRecord | null => {
    const record = loop.record()
    return isLive(record) ? record : null
  }
  const context: SessionContext = {
    ...parts,
    degraded,
    destroyed,
    query,
    tokens: () => hooks.find((hook) => hook.tokens)?.tokens,
    ready: loop.ready,
    liveRecord: liveRecord,
    lastEnded: () => (isClosed() || liveRecord() ? null : loop.record()),
    endReason: () => (liveRecord() ? 'replaced' : loop.record()?.reason),
    now: loop.now,
    isClosed,
    requireLive(id, cause = 'look') {
      step(cause)
      const record = liveRecord()
      if (!isClosed() && record && (!id || id === record.id)) return record
      throw context.signedOutError()
    },
    hasLogin(login) {
      if (isClosed()) throw context.signedOutError()
      step('look')
      return !!login && loop.record()?.login === login
    },
    loading: () => (snapshot().phase === 'loading' ? loop.ready : null),
    opening: loop.opening,
    whileOpen: (work) => abortable(work, destroyed, context.signedOutError),
    latest(id) {
      step('look', { evenIfClosed: true })
      const record = liveRecord()
      if (record?.id === id) return record
      throw context.signedOutError()
    },
    signal: () => active.signal(true),
    ended: () => active.signal(false),
    step(cause, id, change, deferEvents) {
      const own: typeof change = (record, at) => record.id === id && change(record, at)
      step(cause, { change: own, deferEvents, evenIfClosed: true })
    },
    poll() {
      step('look')
    },
    startSession(known) {
      step('signIn', {
        deferEvents: true,
        replace: (state, clock) => begin(state, known, clock),
        evenIfClosed: true,
      })
    },
    endSent(id) {
      step('server', { replace: (state, clock) => endSent(state, id, clock) })
    },
    enqueue: emitter.enqueue,
    flush: emitter.flush,
    signedOutError: () => signedOutError(ports, loop),
  }
  return context
}

/** Why nothing can be done now. */
function signedOutError(ports: Ports, loop: Loop): Error {
  const shown = loop.snapshot()
  return sessionError(
    'signed_out',
    DEVELOPMENT &&
      (!ports.hasPage
        ? NO_DOCUMENT
        : loop.isClosed()
          ? 'destroy() was called on this session object. Create another.'
          : shown.phase !== 'signedOut'
            ? 'Another session has begun meanwhile.'
            : shown.reason
              ? `The session has ended (${shown.reason}). Sign in again.`
              : 'Nobody is signed in. Sign in first.'),
  )
}
