import { decode, encode, encodeEnd, isLive, isSame, merge, NO_TOKENS, type SharedRecord } from './core/record.js'
import type { RecordStore, Tabs, Texts } from './ports/types.js'

/** What the tabs have in common: two texts in storage or, where there is none, what was last said aloud. */
export interface Board {
  readonly works: () => boolean
  /** What the board says. */
  readonly read: () => SharedRecord | null
  /** Whether this tab has seen session `id` here, and now finds everything gone. */
  readonly isWiped: (id: string) => boolean
  /** What a message says; where storage does not work, the channel is the board. */
  readonly hear: (message: { readonly [K in keyof Texts]?: unknown }) => SharedRecord | null
  /** Makes the board say what `record` says, and tells other tabs of what they would learn too late. */
  readonly post: (record: SharedRecord | null, cause: string) => void
  /** Tells everything that this tab knows to one that asked. */
  readonly answer: () => void
}

/** `shared`: whether tabs share their tokens too. Where not, what the record says of them is each tab's own business. */
export function createBoard(store: RecordStore, tabs: Tabs, shared: boolean, broken: () => void): Board {
  let reads = true
  let works = true
  let said = ''
  let texts: Texts = { record: null, end: null }
  let posted: SharedRecord | null = null
  /** What another tab said aloud need not be said again, even if storage lags behind it. */
  let heard: SharedRecord | null = null
  let seen = ''

  const ours = (record: SharedRecord | null): SharedRecord | null =>
    record && !shared ? { ...record, ...NO_TOKENS } : record
  const read = (message: { readonly [K in keyof Texts]?: unknown }): SharedRecord | null =>
    ours(merge(decode(message.record), decode(message.end)))
  const textsOf = (record: SharedRecord): Texts => ({
    // What knows nothing but its end has no text of its own.
    record: record.startedAt < Infinity ? encode(record) : null,
    end: isLive(record) ? null : encodeEnd(record),
  })
  const write = (record: SharedRecord): void => {
    texts = textsOf(record)
    posted = record
  }
  const fail = (): void => {
    if (works) broken()
    works = false
  }

  return {
    works: () => works,
    read() {
      const now = reads ? store.read() : texts
      if (!now) {
        reads = false
        fail()
      }
      // Most reads find what the last one found.
      else if (now.record !== texts.record || now.end !== texts.end) {
        posted = read(now)
        texts = now
      }
      if (posted) seen = posted.id
      return posted
    },
    isWiped: (id) => works && seen === id && texts.record === null && texts.end === null,
    hear(message) {
      heard = read(message)
      if (!works && heard) write(heard)
      return heard
    },
    post(full, cause) {
      const record = ours(full)
      // Who was just told something does not say that he disbelieves it: two tabs whose clocks differ would correct each
      // other for ever. Chromium on Windows reads the system's clock once a minute, each process for itself
      // (base/time/time_win.cc).
      const says = ['storage', 'channel'].includes(cause) ? merge(posted, record) : record
      if (!record || !says || (posted && JSON.stringify(textsOf(says)) === JSON.stringify(textsOf(posted)))) return
      const tells = (known: SharedRecord | null): boolean =>
        !!known && isSame(known, record) && isLive(known) === isLive(record)
      const turned = !tells(posted) && !tells(heard)
      write(record)
      seen = record.id
      if (works && !store.write(texts)) fail()
      // Each message costs the pages in the back/forward cache that listen: only what is worth it is said aloud.
      const aloud = JSON.stringify(texts)
      if ((turned || !works) && aloud !== said) tabs.say(texts)
      said = aloud
    },
    answer() {
      if (posted) tabs.say(texts)
    },
  }
}
