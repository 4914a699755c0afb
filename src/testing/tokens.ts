import type { Plugged } from '../session/plugin.js'
import { tokens as tokensPlugin } from '../tokens/plugin.js'
import type { StoredTokens, TokenStore } from '../types.js'
import type { Owner, Time } from './time.js'

export type TokenAccess = 'get' | 'set' | 'clear'

/** A token store that all tabs share, like IndexedDB: each access takes time, and runs as one transaction. */
export interface FakeTokens {
  /** The stored tokens. Change them to imitate another program, or a browser that has lost them. */
  stored: StoredTokens | null
  /** The stored tokens of sessions with a `name` of their own, by that name. */
  readonly named: Map<string, StoredTokens>
  /** The outcome of each access. `lost`: the work is done, and the promise never settles. @default () => 'works' */
  fault: (access: TokenAccess) => 'works' | 'fails' | 'hangs' | 'lost'
  /** How long each access takes, ms. @default () => 1 */
  delay: (access: TokenAccess) => number
  /** The token store of one tab. */
  readonly of: (tab: Owner) => TokenStore
}

export function createTokens(time: Time): FakeTokens {
  const tokens: FakeTokens = {
    stored: null,
    named: new Map(),
    fault: () => 'works',
    delay: () => 1,
    of(tab) {
      const access = <T>(kind: TokenAccess, work: () => T): Promise<T> =>
        new Promise((resolve, reject) => {
          const fault = tokens.fault(kind)
          if (fault === 'hangs') return
          time.later(tab, tokens.delay(kind), () => {
            if (fault === 'fails') reject(new DOMException(`The disk says no to ${kind}.`, 'UnknownError'))
            else {
              const result = work()
              if (fault === 'works') resolve(result)
            }
          })
        })
      const part = (
        read: () => StoredTokens | null,
        write: (value: StoredTokens | null) => void,
      ): TokenStore & Plugged => ({
        plugins: [tokensPlugin],
        shared: true,
        get: () => access('get', read),
        set: (value, expected) =>
          access('set', () => {
            const stored = read()
            const free = expected
              ? stored?.id === expected.id && stored.generation === expected.generation
              : expected === undefined || !stored
            if (free) write(structuredClone(value))
            return free
          }),
        clear: (id) =>
          access('clear', () => {
            const stored = read()
            if (stored?.id !== id) return null
            write(null)
            return stored
          }),
      })
      const own = part(
        () => tokens.stored,
        (value) => {
          tokens.stored = value
        },
      )
      return {
        ...own,
        forSession: (name) =>
          name === 'session'
            ? own
            : part(
                () => tokens.named.get(name) ?? null,
                (value) => {
                  if (value) tokens.named.set(name, value)
                  else tokens.named.delete(name)
                },
              ),
      }
    },
  }
  return tokens
}
