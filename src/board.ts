import { decode, encode, encodeEnd, isLive, isSame, merge, NO_TOKENS, type SharedRecord } from './core/record.js'
import type { RecordStore, Tabs, Texts } from './ports/types.js'

type Posted = { readonly [K in keyof Texts]: SharedRecord | null }
const NOTHING: Posted = { record: null, end: null }

/** What the tabs have in common: two texts in storage, or where there is none, the last texts that were said. */
export interface Board {
  /** Reads what is there; `gone` if the session `id`, which this tab has seen here, was wiped. */
  readonly read: () => void
  readonly record: () => SharedRecord | null
  readonly isWiped: (id: string) => boolean
  /** Takes in what was heard, and returns what it says. */
  readonly hear: (message: { readonly [K in keyof Texts]?: unknown }, byChannel: boolean) => SharedRecord | null
  /** Makes the board say what `record` says, and tells other tabs where they would learn of it too late. */
  readonly post: (record: SharedRecord | null) => void
  /** Tells a tab that asked. */
  readonly answer: (record: SharedRecord | null) => void
  readonly works: () => boolean
}

/**
 * `shared`: whether tabs share their tokens too. Where not, generation, expiry and back-off are each tab's own business,
 * and never leave it.
 */
export function createBoard(store: RecordStore, tabs: Tabs, shared: boolean, broken: () => void): Board {
  let works = true
  let texts: Texts | null = null
  let posted = NOTHING
  let seen = ''

  const ours = (record: SharedRecord | null): SharedRecord | null =>
    record && !shared ? { ...record, ...NO_TOKENS } : record
  const fail = (): void => {
    if (works) broken()
    works = false
  }
  const textsOf = (record: SharedRecord): Texts => ({
    // A record that knows nothing but its end has no text of its own.
    record: record.startedAt < Infinity ? encode(record) : null,
    end: isLive(record) ? null : encodeEnd(record),
  })

  return {
    works: () => works,
    read() {
      const now = works ? store.read() : null
      if (!now) {
        fail()
        return
      }
      // Most reads find what the last one found.
      if (now.record !== texts?.record || now.end !== texts.end)
        posted = { record: ours(decode(now.record)), end: decode(now.end) }
      texts = now
      if (posted.record) seen = posted.record.id
    },
    record: () => merge(posted.record, posted.end),
    isWiped: (id) => works && seen === id && texts?.record === null && texts.end === null,
    hear(message, byChannel) {
      const heard = { record: ours(decode(message.record)), end: decode(message.end) }
      if (byChannel && !works) posted = heard
      return merge(heard.record, heard.end)
    },
    post(full) {
      const record = ours(full)
      if (!record) return
      const wanted = textsOf(record)
      const news: Partial<Texts> = {
        ...(wanted.record && !(posted.record && encode(posted.record) === wanted.record) && { record: wanted.record }),
        ...(wanted.end && !(posted.end && encodeEnd(posted.end) === wanted.end) && { end: wanted.end }),
      }
      const isNew = news.record && !(posted.record && isSame(posted.record, record))
      if (works && (news.record ?? news.end)) {
        if (store.write(news)) {
          texts = { record: null, end: null, ...texts, ...news }
          seen = record.id
        } else fail()
      }
      // Each message costs the pages in the back/forward cache that listen: only what is worth it is said aloud.
      if (news.end ?? (isNew || !works ? news.record : undefined)) tabs.say(wanted)
      posted = { record: wanted.record ? record : posted.record, end: wanted.end ? record : posted.end }
    },
    answer(full) {
      const record = ours(full)
      if (record) tabs.say(textsOf(record))
    },
  }
}
