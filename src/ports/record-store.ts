import type { RecordStore } from './types.js'

/** As much as a record and its end take at most. */
const ROOM = 700

/** localStorage: synchronous, shared, readable before the first paint. Each access may throw, so each is caught. */
export function recordStore(name: string): RecordStore {
  const keys = { record: name, end: `${name}:end` } as const
  let tried = false
  return {
    read() {
      try {
        const texts = { record: localStorage.getItem(keys.record), end: localStorage.getItem(keys.end) }
        // Empty, or too full for a record? Then other tabs know more, and have to be asked.
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
        // The tombstone first: nobody may read the record as alive in between.
        for (const key of ['end', 'record'] as const) {
          const text = texts[key]
          if (text) localStorage.setItem(keys[key], text)
        }
        return true
      } catch {
        try {
          // Full: a record that is over makes room, and must not be found alive by the next page. Its key stays, or another tab
          // might look in between, and take the session for wiped.
          if (texts.end) {
            localStorage.setItem(keys.record, '')
            localStorage.setItem(keys.end, texts.end)
          }
        } catch {
          // Denied: other tabs hear of it aloud.
        }
        return false
      }
    },
  }
}
