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

const NOTHING: Texts = { record: null, end: null }

/** What the tabs have in common: two texts in storage or, where there is none, what was last said aloud. */
export interface RecordSync {
  readonly isAvailable: () => boolean
  /** What the board says. */
  readonly read: () => SharedRecord | null
  /** Whether this tab has seen session `id` here, and now finds everything gone. */
  readonly isMissing: (id: string) => boolean
  /** Whether this tab saw session `id` here the last time, and now finds another in its place. */
  readonly isReplaced: (id: string) => boolean
  /** What a message says; where storage does not work, the channel is the board. */
  readonly receive: (message: { readonly [K in keyof Texts]?: unknown }) => SharedRecord | null
  /** Makes the board say what `record` says, and tells other tabs of what they would learn too late. */
  readonly publish: (record: SharedRecord | null, cause: string) => void
  /** Tells everything that this tab knows to one that asked. */
  readonly reply: () => void
}

/** `shared`: whether tabs share their tokens too. Where not, what the record says of them is each tab's own business. */
export function createRecordSync(
  store: RecordStore,
  tabs: Channel,
  wall: () => number,
  shared: boolean,
  broken: () => void,
): RecordSync {
  let works = true
  let said = ''
  /** What was last found in storage. */
  let found: Texts = NOTHING
  /** The same, or what is to stand there as soon as it can be written: until then tabs tell it each other by channel. */
  let texts = NOTHING
  let posted: SharedRecord | null = null
  /** What another tab said aloud need not be said again, even if storage lags behind it. */
  let heard: SharedRecord | null = null
  /** The session that this tab last saw in storage, and the one that it saw there before. */
  let seen = ''
  let seenBefore = ''
  let isReadable = true

  const ours = (record: SharedRecord | null): SharedRecord | null =>
    record && !shared ? { ...record, ...NO_TOKENS } : record
  const read = (message: { readonly [K in keyof Texts]?: unknown }): SharedRecord | null =>
    ours(merge(decode(message.record, wall()), decode(message.end, wall())))
  const textsOf = (record: SharedRecord): Texts => ({
    // What knows nothing but its end has no text of its own.
    record: record.startedAt < Infinity ? encode(record) : null,
    end: isLive(record) ? null : encodeEnd(record),
  })
  const write = (record: SharedRecord): void => {
    texts = textsOf(record)
    posted = record
  }
  /** Each failure may be the last: a disk that was full has room again. */
  const setWorks = (does: boolean): void => {
    if (works && !does) broken()
    works = does
  }

  return {
    isAvailable: () => works,
    read() {
      const now = store.read()
      if (!now) setWorks(false)
      // Most reads find what the last one found. What could not be believed then may be believed now.
      else if (now.record !== found.record || now.end !== found.end || !posted) {
        found = texts = now
        posted = read(now)
        if (posted) {
          seenBefore = seen
          seen = posted.id
        }
      }
      isReadable = !!now
      return posted
    },
    isMissing: (id) => isReadable && seen === id && found.record === null && found.end === null,
    isReplaced: (id) => isReadable && seen !== id && seenBefore === id,
    receive(message) {
      heard = read(message)
      if (!works && heard) write(heard)
      return heard
    },
    publish(full, cause) {
      const record = ours(full)
      // Who was just told something does not say that he disbelieves it: two tabs whose clocks differ would correct each
      // other for ever. Chromium on Windows reads the system's clock once a minute, each process for itself
      // (base/time/time_win.cc).
      const says = ['storage', 'channel'].includes(cause) ? merge(posted, record) : record
      const isNews = !posted || !says || JSON.stringify(textsOf(says)) !== JSON.stringify(textsOf(posted))
      if (!record || (!isNews && works)) return
      const tells = (known: SharedRecord | null): boolean =>
        !!known && isSameSession(known, record) && isLive(known) === isLive(record)
      const turned = !tells(posted) && !tells(heard)
      if (isNews) write(record)
      const isWritten = store.write(texts)
      if (isWritten) {
        found = texts
        seen = record.id
      }
      setWorks(isWritten)
      // Each message costs the pages in the back/forward cache that listen: only what is worth it is said aloud.
      const aloud = JSON.stringify(texts)
      if (isNews && (turned || !works) && aloud !== said) tabs.post(texts)
      said = aloud
    },
    reply() {
      if (posted) tabs.post(texts)
    },
  }
}
