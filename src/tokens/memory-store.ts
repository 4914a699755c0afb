import type { StoredTokens, TokenStore } from '../types.js'
import { matches } from './stored-tokens.js'

/** The tokens of one session, in a closure. */
export function memoryStore(): TokenStore {
  let stored: StoredTokens | null = null
  return {
    shared: false,
    get() {
      return Promise.resolve(stored)
    },
    set(value, expected) {
      const isFree = matches(stored, expected)
      if (isFree) stored = value
      return Promise.resolve(isFree)
    },
    clear(id) {
      const removed = stored?.id === id ? stored : null
      if (removed) stored = null
      return Promise.resolve(removed)
    },
  }
}
