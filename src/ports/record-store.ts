import type { RecordStore } from './types.js'

/** The most that a record and its end take, in characters. */
const ROOM = 850

/** `localStorage` is synchronous, shared, and readable before the first paint. Each access may throw, so each is caught. */
export function openRecordStore(name: string): RecordStore {
  const keys = { record: name, end: `${name}:end` } as const
  let tried = false
  return {
    read() {
      try {
        const texts = { record: localStorage.getItem(keys.record), end: localStorage.getItem(keys.end) }
        // Both keys are absent: storage is empty, or too full to write a record. If it is full, the record is in other tabs only,
        // and has to be queried.
        if (!tried && !texts.record && !texts.end) {
          localStorage.setItem(`${name}:try`, 'x'.repeat(ROOM))
          localStorage.removeItem(`${name}:try`)
        }
        tried = true
        return texts
      } catch {
        return null
      }
    },
    write(texts) {
      try {
        // The tombstone first, so that no tab reads the record as live in between.
        for (const key of ['end', 'record'] as const) {
          const text = texts[key]
          // A text that is there already is not written: a write takes much longer than a read.
          if (text && text !== localStorage.getItem(keys[key])) localStorage.setItem(keys[key], text)
        }
        return true
      } catch {
        try {
          // Storage is full: emptying the record makes room for the tombstone, without which the next page would find a live
          // session. The key stays, because a tab that reads in between would take the session for wiped. Where the tombstone is
          // there, nothing is emptied: another tab, whose record has room, would write that again, and so on for ever.
          if (texts.end && texts.end !== localStorage.getItem(keys.end)) {
            localStorage.setItem(keys.record, '')
            localStorage.setItem(keys.end, texts.end)
          }
        } catch {
          // Storage is denied: the channel carries the end.
        }
        return false
      }
    },
  }
}
