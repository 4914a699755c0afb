import { sessionError } from './errors.js'
import { contextOf, lastEnded } from './session/context.js'
import { eachSession } from './session/each-session.js'
import type { SharedRecord } from './core/record.js'
import type { Session, SessionEvents } from './types.js'
import { checkArgument, checkOptions } from './util/arguments.js'
import { withTimeout } from './util/async.js'
import { DEVELOPMENT } from './util/development.js'

/** What can happen to a session, as the journal knows it. */
export type JournalEvent =
  'start' | 'warning' | 'extended' | 'refreshed' | 'refreshFailed' | 'degraded' | 'switched' | 'end' | 'mark'

/** One line of the journal. Each member comes from a closed list, is a random name, or is a number. */
export interface JournalEntry {
  /** A random pseudonym of the session, the same in all tabs. It is not the session's id, and cannot be computed from it. */
  readonly session: string
  /** A random name of this tab. */
  readonly tab: string
  /** Counts up in each tab without gaps: a number that is missing was lost. */
  readonly n: number
  /** Whole seconds since the session began. */
  readonly at: number
  readonly what: JournalEvent
  /**
   * `extended`: `user`, `activity`, `server`. `refreshFailed`: the error's code. `degraded`: the feature. `end`: the reason. `mark`: its
   * name.
   */
  readonly why?: string
  /** Milliseconds that a refresh took, in the tab that asked for it. */
  readonly took?: number
}

export interface JournalOptions {
  /** How many entries are kept, the newest. @default 200 */
  readonly keep?: number
  /** The names that {@link Journal.mark} takes: 1 to 40 of the characters A-Z, a-z, 0-9, `.`, `_`, `:` and `-` each. */
  readonly marks?: readonly string[]
  /**
   * Takes the entries to where you keep them; without it nothing leaves the device. It is called when the page is hidden, at the end of
   * a session, and by `flush()`: never twice at the same time, and with at most 60 kB of JSON, because a request with `keepalive` may
   * have 64 KiB (Fetch, §4.6). After 10 s `signal` aborts, and the next call may come. Entries whose sending failed are sent with it.
   */
  readonly send?: (
    entries: readonly JournalEntry[],
    init: { readonly keepalive: boolean; readonly signal: AbortSignal },
  ) => Promise<unknown>
}

export interface Journal {
  /** The newest entries, the oldest first, whether or not they have been sent. */
  readonly entries: () => readonly JournalEntry[]
  /**
   * Notes that the application has come to a place of its own. Ignored where nobody is signed in.
   *
   * @throws SessionError `invalid_options` for a name that is not among `marks`
   */
  mark(name: string): void
  /** Sends what has not been sent. Rejects with the error of `send`, or with `timeout`; the entries are then kept. */
  flush(): Promise<void>
  /** Notes nothing from now on. What is there can still be read and sent. May be called twice. */
  stop(): void
}

/** A session as the journal notes it. */
interface Noted {
  readonly id: string
  readonly startedAt: number
  name: string
}

type Line = Omit<JournalEntry, 'session' | 'tab'> & { readonly of: Noted }

const SEND_LIMIT = 10e3
/** An entry has fewer than 300 characters, all of them ASCII: so many have less than 60 kB. */
const BATCH = 200
const NAME = /^[\w-]{8,64}$/
const MARK = /^[\w.:-]{1,40}$/
/** Servers and stores of the application throw errors too: a code of theirs could be any text. */
const CODE = /^(offline|server|rate_limited|timeout|invalid_(response|options))$/

const FEATURE = /^(storage|channel|locks|tokenStore|dpop)$/

const noop = (): void => undefined

const check = (ok: unknown, message: string | false): void => {
  if (!ok) throw sessionError('invalid_options', message)
}

/**
 * Notes what happens to sessions in this tab, for troubleshooting and analytics. It cannot hold personal data: there is no text, no
 * URL, no user and no input in it, no token and no id of a session. It is kept in memory, and leaves the device only by `send`.
 *
 * @throws SessionError `invalid_options` for what is no session, and for options that cannot be meant
 * @example Why are people signed out?
 * ```ts
 * journal(session, {
 *   async send(entries, { keepalive, signal }) {
 *     const body = JSON.stringify(entries)
 *     const response = await fetch('/journal', { method: 'POST', body, keepalive, signal, credentials: 'omit' })
 *     if (!response.ok) throw new Error(response.statusText)
 *   },
 * })
 * ```
 */
export function journal(session: Session, options: JournalOptions = {}): Journal {
  const context = contextOf(session, 'journal')
  if (DEVELOPMENT) {
    checkOptions('journal', options, { keep: 'any', marks: 'any', send: 'function' })
    const { marks = [] } = options as { readonly marks?: unknown }
    const areTexts = !marks || (Array.isArray(marks) && marks.every((mark) => typeof mark === 'string'))
    checkArgument(areTexts, 'journal: marks', marks, 'an array of names')
  }
  const { ports } = context
  const { keep = 200, send } = options
  const marks = [...(options.marks ?? [])]
  check(keep > 0 && keep % 1 === 0, DEVELOPMENT && 'keep: give a whole number above 0.')
  const areNames = marks.every((mark) => MARK.test(mark))
  check(
    areNames,
    DEVELOPMENT && 'marks: give names of 1 to 40 letters, digits, ".", "_", ":" or "-". A mark is no place for data.',
  )
  const tab = ports.hasPage ? ports.id() : ''
  const lines: Line[] = []
  let current: Noted | null = null
  let n = 0
  /** When this tab last asked for new tokens (NaN: before the journal began), and how often those of the session were renewed. */
  let askedAt = NaN
  let generation = 0

  /** `took`: left out where nobody knows it, or the clock was set back meanwhile. */
  const note = (what: JournalEvent, why?: string, took = NaN, instant = context.now()): void => {
    if (!current) return
    const at = Math.max(0, Math.floor((instant - current.startedAt) / 1e3))
    lines.push({ of: current, n: ++n, at, what, ...(why && { why }), ...(took >= 0 && { took }) })
    if (lines.length > keep) lines.shift()
  }
  /** Goes by the name that the tabs have agreed on: the highest of those that they made. */
  const learnName = (): void => {
    const record = context.liveRecord()
    if (!current || record?.id !== current.id) return
    const { name } = current
    // A prerendered page writes nothing; the next step comes when somebody opens it.
    if (!record.pseudonym && !context.opening()) context.step('look', record.id, () => ({ pseudonym: name }))
    // A text that is no name was planted in storage: then this tab goes by its own.
    if (NAME.test(record.pseudonym)) current.name = record.pseudonym
  }
  const entries = (): JournalEntry[] => lines.map(({ of, n, ...rest }) => ({ session: of.name, tab, n, ...rest }))
  const sender = createSender(ports.after, entries, send)
  const sendLast = (): void => {
    sender(true).catch(noop)
  }
  const on = <K extends JournalEvent & keyof SessionEvents>(
    what: K,
    whyOf: (event: SessionEvents[K]) => string | undefined,
  ): (() => void) =>
    session.on(what, (event) => {
      note(what, whyOf(event), what === 'refreshFailed' ? ports.wallNow() - askedAt : NaN)
    })

  const unfollow = eachSession(session, ({ id }) => {
    const { startedAt = 0, generation: first = 0 } = context.liveRecord() ?? {}
    current = { id, startedAt, name: ports.id() }
    generation = first
    learnName()
    note('start')
    const undos = [
      on('warning', () => undefined),
      on('extended', ({ by }) => by),
      on('refreshFailed', ({ error }) => CODE.exec(error.code)?.[0]),
      // Features that were missing before are reported to each new listener.
      on('degraded', ({ feature }) => FEATURE.exec(feature)?.[0]),
    ]
    return () => {
      for (const undo of undos) undo()
      const over = lastEnded(context)
      const shown = session.getSnapshot()
      // Neither `stop()` nor `destroy()` ends a session.
      if (!context.isClosed() && current) {
        if (over && shown.phase === 'signedOut') note('end', shown.reason ?? undefined, undefined, over.endedAt)
        else note('switched')
        sendLast()
      }
      current = null
    }
  })
  const unwatch = session.inspect(({ cause, at, record }) => {
    learnName()
    if (cause === 'refresh') askedAt = at
    const { generation: now = 0 } = (record ?? {}) as Partial<SharedRecord>
    if (now > generation) note('refreshed', undefined, cause === 'refreshed' ? at - askedAt : NaN)
    generation = now
    if (cause === 'hidden') sendLast()
  })
  return {
    entries,
    mark(name) {
      check(marks.includes(name), DEVELOPMENT && 'mark: that is none of the names in `marks`.')
      note('mark', name)
    },
    flush: () => sender(false),
    stop() {
      current = null
      unfollow()
      unwatch()
    },
  }
}

/** Sends what has not been sent, one batch after the other. `isLeaving`: the page may be gone before an answer comes. */
function createSender(
  after: (ms: number, callback: () => void) => () => void,
  entries: () => readonly JournalEntry[],
  send: JournalOptions['send'],
): (isLeaving: boolean) => Promise<void> {
  let sent = 0
  let running: Promise<void> | undefined
  let keepalive: boolean
  /** What was noted before the last call: a `send` that notes something must not send for ever. */
  let wanted = 0

  const sendAll = async (): Promise<void> => {
    try {
      for (;;) {
        const batch = entries()
          .filter(({ n }) => n > sent && n <= wanted)
          .slice(0, BATCH)
        const last = batch.at(-1)
        if (!last || !send) return
        await withTimeout(after, SEND_LIMIT, null, async (signal) => send(batch, { keepalive, signal }))
        sent = last.n
      }
    } finally {
      running = undefined
    }
  }
  return (isLeaving) => {
    wanted = entries().at(-1)?.n ?? 0
    keepalive = isLeaving || (!!running && keepalive)
    // A task of its own would come too late in a page that is left; a `send` that calls `flush()` finds this one running.
    return (running ??= Promise.resolve().then(sendAll))
  }
}
