import { listen } from './safe-dom.js'
import type { OpenStorage } from './types.js'

/** The browser's `localStorage`. Reading the name throws where the user blocks site data. */
export const browserStorage: OpenStorage = (onChange, signal) => {
  listen(
    window,
    'storage',
    (event) => {
      // `localStorage.clear()` has a key of null. It takes the session's record as well: that ends the session.
      onChange((event as StorageEvent).key ?? '')
    },
    { signal },
  )
  return () => localStorage
}
