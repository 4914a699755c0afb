import type { RecordStore } from '../ports/types.js'

/** As the browser's own port. */
const TRIAL_LENGTH = 700

/** The two keys of a session in a tab's storage, as the browser's own port reads and writes them. */
export const recordStoreIn = (storage: Storage, name: string): RecordStore => {
  const end = `${name}:end`
  const write = (key: string, text: string | null | undefined): void => {
    if (text) storage.setItem(key, text)
  }
  const attempt = (work: () => void): boolean => {
    try {
      work()
      return true
    } catch {
      return false
    }
  }
  let isTried = false
  return {
    read() {
      try {
        const texts = { record: storage.getItem(name), end: storage.getItem(end) }
        if (!isTried && !texts.record && !texts.end) {
          storage.setItem(`${name}:try`, 'x'.repeat(TRIAL_LENGTH))
          storage.removeItem(`${name}:try`)
        }
        isTried = true
        return texts
      } catch {
        return null
      }
    },
    write(texts) {
      const written = attempt(() => {
        write(end, texts.end)
        write(name, texts.record)
      })
      // Where there is no room, a record that is over makes some, and keeps its key.
      if (!written && texts.end)
        attempt(() => {
          storage.setItem(name, '')
          write(end, texts.end)
        })
      return written
    },
  }
}
