import { unlessAhead } from '../core/adopt.js'
import {
  decode,
  encode,
  encodeEnd,
  isLive,
  isSameSession,
  merge,
  NO_TOKENS,
  type SharedRecord,
} from '../core/record.js'
import type { RecordStore, Channel, Texts } from '../ports/types.js'

/** A message of another tab, or what a storage event says. */
type Message = { readonly [K in keyof Texts]?: unknown }

const NOTHING: Texts = { record: null, end: null }

const isSameTexts = (a: Texts, b: Texts): boolean => a.record === b.record && a.end === b.end

/** A record that has only an end needs no text besides the end's. */
const textsOf = (record: SharedRecord): Texts => ({
  record: record.activeAt ? encode(record) : null,
  end: isLive(record) ? null : encodeEnd(record),
})

/** What the tabs share: two texts in storage or, where storage does not work, those of the last message. */
export interface RecordSync {
  /** Whether storage works. */
  readonly isAvailable: () => boolean
  /** The record that the tabs share. */
  readonly read: () => SharedRecord | null
  /** Whether this tab has seen session `id` in storage, and now finds both keys gone. */
  readonly isMissing: (id: string) => boolean
  /** Whether this tab saw session `id` in storage the last time, and now finds another in its place. */
  readonly isReplaced: (id: string) => boolean
  /** The record of a message. Where storage does not work, it is from now on what the tabs share. */
  readonly receive: (message: Message) => SharedRecord | null
  /** Writes `record` if it differs, and posts a message where other tabs would learn of it too late. */
  readonly publish: (record: SharedRecord | null, cause: string) => void
  /** Posts everything that this tab knows, as the reply to a query. */
  readonly reply: () => void
}

/** `sharesTokens`: whether tabs share their tokens. If not, each tab keeps the token fields of the record to itself. */
export function createRecordSync(
  store: RecordStore,
  post: Channel['post'],
  wallNow: () => number,
  sharesTokens: boolean,
  onBroken: () => void,
): RecordSync {
  let isAvailable = true
  let isReadable = true
  /** What was last found in storage. */
  let stored = NOTHING
  /** The same, or what is to be written there as soon as that is possible: until then the channel has to carry it. */
  let texts = NOTHING
  /** The record of `texts`. */
  let shared: SharedRecord | null = null
  /** The texts at the last write, which a retry does not post again. */
  let posted = NOTHING
  /** The record of the last message. Other tabs have it too, even if it has not reached storage. */
  let received: SharedRecord | null = null
  /** The session that this tab last saw in storage, and the one that it saw there before. */
  let seenId = ''
  let seenBefore = ''

  const withoutOwnTokens = (record: SharedRecord | null): SharedRecord | null =>
    record && !sharesTokens ? { ...record, ...NO_TOKENS } : record
  const parse = (message: Message): SharedRecord | null => {
    const wall = wallNow()
    const record = decode(message.record, wall)
    // The end of a session from before the clock was set back may have been written in the moment of a sign-in: it hides no later session.
    // One of version 0.1.0 does not say when its session began, and counts.
    const end = decode(message.end, wall)
    return withoutOwnTokens(merge(record, unlessAhead(end, record, wall, end?.startedAt === Infinity)))
  }
  const share = (record: SharedRecord): void => {
    texts = textsOf(record)
    shared = record
  }
  /** Storage that failed is tried again each time: a full disk may have room again. */
  const setAvailable = (isSo: boolean): void => {
    isAvailable = isSo
    if (!isSo) onBroken()
  }

  return {
    isAvailable: () => isAvailable,
    read() {
      const found = store.read()
      if (!found) setAvailable(false)
      // Most reads find what the last one found. A text that was refused then is parsed again: the clock may have been wrong.
      else if (!shared || !isSameTexts(found, stored)) {
        stored = texts = found
        shared = parse(found)
        if (shared) {
          seenBefore = seenId
          seenId = shared.id
        }
      }
      isReadable = !!found
      return shared
    },
    isMissing: (id) => isReadable && seenId === id && isSameTexts(stored, NOTHING),
    isReplaced: (id) => isReadable && seenId !== id && seenBefore === id,
    receive(message) {
      received = parse(message)
      if (!isAvailable && received) share(received)
      return received
    },
    publish(full, cause) {
      const record = withoutOwnTokens(full)
      if (!record) return
      // Do not write a correction of a message just received: two tabs with different clocks would correct each other for
      // ever. Chromium on Windows reads the system's clock once a minute, each process for itself (base/time/time_win.cc).
      const isReceived = ['storage', 'channel'].includes(cause)
      const next = merge(isReceived ? shared : null, record) ?? record
      const isNew = !shared || !isSameTexts(textsOf(next), textsOf(shared))
      if (!isNew && isAvailable) return
      // Whether other tabs know already that this session began, or that it ended.
      const isKnownElsewhere = [shared, received].some(
        (known) => known && isSameSession(known, record) && isLive(known) === isLive(record),
      )
      // With what others have seen: on a full disk, two tabs that each wrote their own end would do so in turns.
      if (isNew) share(next)
      // Each message evicts listening pages from the back/forward cache. So only a sign-in or an end is posted, where that is
      // wanted; all else only if storage cannot carry it. A sign-in or an end is posted first: a write takes longer than a message,
      // and both happen in this task.
      const isUnposted = isNew && !isSameTexts(texts, posted)
      if (isUnposted && !isKnownElsewhere) post(texts)
      const isWritten = store.write(texts)
      if (isWritten) {
        stored = texts
        seenId = record.id
      }
      setAvailable(isWritten)
      if (isUnposted && isKnownElsewhere && !isWritten) post(texts)
      posted = texts
    },
    reply() {
      if (shared) post(texts)
    },
  }
}
