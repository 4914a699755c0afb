import type { StoredTokens, TokenStore } from '../../../../src/types.js'
import type { Owner, Time } from './time.js'

type Access = 'get' | 'set' | 'clear'

/** One place for tokens that all tabs see, as IndexedDB is: every access takes its time. */
export interface TokenPlace {
  stored: StoredTokens | null
  /** What becomes of each access; by default it works. */
  fault: (method: Access) => 'works' | 'fails' | 'hangs'
  /** How long each access takes, ms. */
  delay: (method: Access) => number
  readonly of: (owner: Owner) => TokenStore
}

export function createTokenPlace(time: Time): TokenPlace {
  const place: TokenPlace = {
    stored: null,
    fault: () => 'works',
    delay: () => 1,
    of(owner) {
      const access = <T>(method: Access, work: () => T): Promise<T> =>
        new Promise((resolve, reject) => {
          const fault = place.fault(method)
          if (fault === 'hangs') return
          time.later(owner, place.delay(method), () => {
            if (fault === 'fails') reject(new Error(`the disk says no to ${method}`))
            else resolve(work())
          })
        })
      return {
        shared: true,
        get: () => access('get', () => place.stored),
        set: (value, expected) =>
          access('set', () => {
            const { stored } = place
            const free = !expected || (stored?.id === expected.id && stored.generation === expected.generation)
            if (free) place.stored = structuredClone(value)
            return free
          }),
        clear: (id) =>
          access('clear', () => {
            const removed = place.stored?.id === id ? place.stored : null
            if (removed) place.stored = null
            return removed
          }),
      }
    },
  }
  return place
}
