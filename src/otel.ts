import { contextOf } from './session/context.js'
import { eachSession } from './session/each-session.js'
import type { Session } from './types.js'
import { checkMembers } from './util/arguments.js'
import { DEVELOPMENT } from './util/development.js'

/** A session, as OpenTelemetry's packages describe one. */
export interface ObservedSession {
  readonly id: string
  /** Epoch ms by this device's clock. */
  readonly startTimestamp: number
}

/** What OpenTelemetry calls a `SessionObserver`. */
export interface OtelSessionObserver {
  onSessionStarted?(session: ObservedSession, previous?: ObservedSession): void
  onSessionEnded?(session: ObservedSession): void
}

/** What OpenTelemetry calls a `SessionProvider` and a `SessionPublisher`. */
export interface OtelSessionProvider {
  /** The id of the session that lives now; null where nobody is signed in. */
  getSessionId(): string | null
  /**
   * Reports each session that begins and each that ends in this tab. A session that lives already when the observer is added has
   * begun before: only its end is reported.
   */
  addObserver(observer: OtelSessionObserver): void
}

/**
 * The session of OpenTelemetry's browser SDK: give it to `createSessionSpanProcessor` and `createSessionLogRecordProcessor` of
 * `@opentelemetry/web-common`. The deadline is checked each time that an id is asked for, so that no span of one user carries the
 * session of another, nor that of a session which has ended. `session.id` is a random number that lets nobody in.
 *
 * @throws SessionError `invalid_options` for what is no session
 * @example Spans with the session that they belong to
 * ```ts
 * const naming = createSessionSpanProcessor(sessionProvider(session))
 * const provider = new WebTracerProvider({ spanProcessors: [naming, exporting] })
 * ```
 */
export function sessionProvider(session: Session): OtelSessionProvider {
  const context = contextOf(session, 'sessionProvider')
  return {
    getSessionId() {
      context.poll()
      // A tab that is done with the session no longer learns of its end.
      return (!context.isClosed() && context.liveRecord()?.id) || null
    },
    addObserver(observer) {
      if (DEVELOPMENT)
        checkMembers('addObserver', observer, 'an object of methods', {
          onSessionStarted: 'function',
          onSessionEnded: 'function',
        })
      let previous: ObservedSession | undefined
      let isKnown = true
      eachSession(session, ({ id }) => {
        const { startedAt } = session.getSnapshot() as { readonly startedAt: number }
        const own = { id, startTimestamp: startedAt }
        if (!isKnown) observer.onSessionStarted?.(own, previous)
        previous = own
        return () => {
          // `destroy()` ends no session.
          if (!context.isClosed()) observer.onSessionEnded?.(own)
        }
      })
      isKnown = false
    },
  }
}
