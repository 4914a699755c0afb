import type { RecordStore } from '../ports/types.js'

/** The length of the text that a trial write takes, as in the browser's own port. */
const TRIAL_LENGTH = 850

/** The record store of a tab: it reads and writes the two keys of a session as the browser's own port does. */
export const recordStoreIn = (storage: Storage, name: string): RecordStore => {
  const end = `${name}:end`
  const write = (key: string, text: string | null | undefined): void => {
    if (text && text !== storage.getItem(key)) storage.setItem(key, text)
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
      // If there is no room for the end, an empty record makes some. Its key stays, because a missing key would mean `wiped`.
      if (!written && texts.end)
        attempt(() => {
          storage.setItem(name, '')
          write(end, texts.end)
        })
      return written
    },
  }
}
