import { sessionError, type SessionErrorCode } from './errors.js'
import { contextOf } from './session/context.js'
import type { SharedRecord } from './core/record.js'
import type { EndReason, Session, SessionEvents, SessionStep } from './types.js'
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
   * `start`: `here`, `elsewhere` (the sign-in was in another tab), `found` (when the page was loaded). `warning`: `idle`, `absolute`,
   * `server`. `extended`: `user`, `activity`, `server`. `refreshFailed`: the error's code. `degraded`: the feature. `end`: the reason.
   * `mark`: its name.
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
   * a session, and by `flush()`: never twice at the same time, for 10 s at most, and with at most 60 kB of JSON, because a request with
   * `keepalive` may have 64 KiB (Fetch, §4.6). Entries whose sending failed are sent with the next ones.
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
const CODES: Readonly<Record<SessionErrorCode, true>> = {
  signed_out: true,
  no_tokens: true,
  rejected: true,
  offline: true,
  server: true,
  rate_limited: true,
  timeout: true,
  invalid_response: true,
  invalid_options: true,
}

const noop = (): void => undefined

const check = (ok: unknown, message: string | false): void => {
  if (!ok) throw sessionError('invalid_options', message)
}

function checkOptions({ keep, marks, send }: Required<Pick<JournalOptions, 'keep' | 'marks'>> & JournalOptions): void {
  check(Number.isInteger(keep) && keep > 0, DEVELOPMENT && 'keep: give a whole number above 0.')
  check(
    Array.isArray(marks) && marks.every((mark: unknown) => typeof mark === 'string' && MARK.test(mark)),
    DEVELOPMENT && 'marks: give names of 1 to 40 letters, digits, ".", "_", ":" or "-". A mark is no place for data.',
  )
  check(!send || typeof send === 'function', DEVELOPMENT && 'send: give a function.')
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
  const { ports } = context
  const { keep = 200, marks = [], send } = options
  checkOptions({ ...options, keep, marks })
  const tab = ports.hasPage ? ports.id() : ''
  const lines: Line[] = []
  const missing = new Set<string>()
  let current: Noted | null = null
  let n = 0
  let isStopped = false
  /** When this tab last asked for new tokens, and how often those of the session were renewed. */
  let askedAt = 0
  let generation = 0

  const note = (what: JournalEvent, why?: string, took?: number, instant = context.now()): void => {
    if (!current) return
    const at = Math.max(0, Math.floor((instant - current.startedAt) / 1e3))
    lines.push({
      of: current,
      n: ++n,
      at,
      what,
      ...(why && { why }),
      ...(took !== undefined && { took: Math.max(0, took) }),
    })
    if (lines.length > keep) lines.shift()
  }
  /** Goes by the name that the tabs have agreed on: the highest of those that they made. */
  const learnName = (): void => {
    const record = context.current() ?? context.lastEnded()
    if (!current || record?.id !== current.id) return
    const { name } = current
    // A prerendered page writes nothing; the next step comes when somebody opens it.
    if (context.current() && !record.pseudonym && !context.opening())
      context.step('look', record.id, () => ({ pseudonym: name }))
    const { pseudonym } = context.current() ?? record
    // A text that is no name was planted in storage: then this tab goes by its own.
    if (NAME.test(pseudonym)) current.name = pseudonym
  }
  const begin = (why: string): void => {
    const record = context.current()
    if (!record || record.id === current?.id) return
    note('switched')
    current = { id: record.id, startedAt: record.startedAt, name: ports.id() }
    generation = record.generation
    learnName()
    note('start', why)
    for (const feature of missing) note('degraded', feature)
  }
  const end = (reason: EndReason): void => {
    learnName()
    note('end', reason, undefined, context.lastEnded()?.endedAt)
    current = null
  }
  const follow = ({ cause, at, record }: SessionStep): void => {
    learnName()
    if (cause === 'refresh') askedAt = at
    const step = record as SharedRecord | null
    if (step?.id === current?.id && step && step.generation > generation) {
      generation = step.generation
      note('refreshed', undefined, cause === 'refreshed' ? at - askedAt : undefined)
    }
    if (cause === 'hidden') sendLast()
  }

  const toEntry = ({ of, n, ...rest }: Line): JournalEntry => ({ session: of.name, tab, n, ...rest })
  const entries = (): JournalEntry[] => lines.map(toEntry)
  const sender = createSender(ports.after, entries, send)
  const sendLast = (): void => {
    sender(true).catch(noop)
  }

  context.look()
  begin('found')
  // Storage cannot say who is signed in: other tabs are asked.
  void context.loading()?.then(() => {
    if (!isStopped) begin('found')
  })
  const on = <K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): (() => void) =>
    session.on(type, listener)
  const undos = [
    on('signedIn', ({ where }) => {
      begin(where)
    }),
    on('switched', () => {
      begin('elsewhere')
    }),
    on('signedOut', ({ reason }) => {
      end(reason)
      sendLast()
    }),
    on('warning', () => {
      const shown = session.getSnapshot()
      note('warning', shown.phase === 'warning' ? shown.endsBy : undefined)
    }),
    on('extended', ({ by }) => {
      note('extended', by)
    }),
    on('refreshFailed', ({ error: { code } }) => {
      note(
        'refreshFailed',
        (CODES as Readonly<Record<string, unknown>>)[code] === true ? code : undefined,
        ports.wallNow() - askedAt,
      )
    }),
    on('degraded', ({ feature }) => {
      missing.add(feature)
      note('degraded', feature)
    }),
    session.inspect(follow),
  ]
  return {
    entries,
    mark(name) {
      check(marks.includes(name), DEVELOPMENT && 'mark: that is none of the names in `marks`.')
      if (!isStopped) note('mark', name)
    },
    flush: () => sender(false),
    stop() {
      isStopped = true
      for (const undo of undos) undo()
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
  let keepalive = false

  const sendAll = async (): Promise<void> => {
    try {
      for (;;) {
        const batch = entries()
          .filter(({ n }) => n > sent)
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
    keepalive = isLeaving || (!!running && keepalive)
    // A task of its own would come too late in a page that is left; a `send` that calls `flush()` finds this one running.
    return (running ??= Promise.resolve().then(sendAll))
  }
}
