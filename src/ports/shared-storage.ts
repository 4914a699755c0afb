import { listen } from './safe-dom.js'
import type { OpenStorage } from './types.js'

/** The browser's `localStorage`. Reading the name throws where the user blocks site data. */
export const browserStorage: OpenStorage = (onChange, signal) => {
  listen(
    window,
    'storage',
    (event) => {
      const { key } = event as StorageEvent
      // `localStorage.clear()` has a key of null. It takes the session's record as well: that ends the session.
      if (key !== null) onChange(key)
    },
    { signal },
  )
  return () => localStorage
}
