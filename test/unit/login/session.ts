import { vi } from 'vitest'
import { SessionError } from '../../../src/errors.js'
import type { Snapshot, TokenResponse, TokenSession } from '../../../src/types.js'

type SignedOut = Extract<Snapshot, { phase: 'signedOut' }>

/** A session as the login sees it: what the tabs of one browser share, and the calls. The real one is in the browser tests. */
export function createSession(reason: SignedOut['reason'] = null) {
  const listeners = new Set<() => void>()
  const shared = {
    snapshot: { phase: 'signedOut', reason, endedAt: null } as Snapshot,
    tokens: null as TokenResponse | null,
    /** The logins of the session that lives, or lived last. */
    login: undefined as string | undefined,
    calls: [] as string[],
  }
  let ids = 0
  const change = (snapshot: Snapshot, tokens: TokenResponse | null): void => {
    Object.assign(shared, { snapshot, tokens })
    for (const listener of listeners) listener()
  }
  const tab = () => {
    const session = {
      ready: Promise.resolve(shared.snapshot),
      check: () => shared.snapshot,
      getSnapshot: () => shared.snapshot,
      subscribe(listener: () => void) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      getIdToken: async () => shared.tokens?.id_token ?? null,
      signIn: vi.fn(async (tokens?: TokenResponse, options: { login?: string } = {}) => {
        const isSame = options.login !== undefined && options.login === shared.login
        if (isSame && shared.snapshot.phase === 'signedOut') throw new SessionError('invalid_options')
        shared.calls.push(isSame ? 'continue' : 'signIn')
        shared.login = options.login
        const id = isSame && 'id' in shared.snapshot ? shared.snapshot.id : `session-${++ids}`
        change({ phase: 'active', id, startedAt: 0 }, tokens ?? null)
      }),
      setTokens: vi.fn(async (tokens: TokenResponse) => {
        shared.calls.push('setTokens')
        shared.tokens = tokens
      }),
      signOut: vi.fn(async () => {
        shared.calls.push('signOut')
        change({ phase: 'signedOut', reason: 'signOut', endedAt: 0 }, null)
      }),
    }
    return session as typeof session & TokenSession
  }
  return {
    ...tab(),
    shared,
    tab,
    end: (why: SignedOut['reason']) => change({ phase: 'signedOut', reason: why, endedAt: 0 }, null),
  }
}
