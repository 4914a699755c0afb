/** Applications of one origin, by name, each with a server of its own that answers in the page. */
import { reactive } from '@vue/reactivity'
import { createSession, memoryTokens, type TokenResponse, type TokenSession, type TokenStore } from 'sojourn'
import { dpop } from 'sojourn/dpop'
import { oauth, type DPoP } from 'sojourn/oauth'
import { aesGcm, idbTokens } from 'sojourn/tokens/idb'
import { webStorageTokens } from 'sojourn/tokens/web-storage'

export const KINDS = ['idb', 'idb-encrypted', 'local', 'session', 'memory'] as const
export type Kind = (typeof KINDS)[number]

export interface Names {
  /** Opens the application, as its page does; `bound` binds its tokens to a key. */
  open(name: string, kind: Kind, bound: boolean): void
  signIn(name: string): Promise<void>
  /** With the state of a framework, which browsers cannot clone; returns what the session works without. */
  signInReactive(name: string): Promise<string[]>
  token(name: string): Promise<string>
  /** An access token out of a refresh, and the key that it is bound to. */
  refresh(name: string): Promise<readonly [token: string, key: string]>
  signOut(name: string): Promise<void>
  phase(name: string): string
  /** What has been sent to the server of each application: its path and the refresh token. */
  readonly sent: string[]
  /** Everything that this origin keeps, as text. */
  stores(): Promise<string>
}

declare global {
  interface Window {
    names: Names
  }
}

const stores: Record<Kind, TokenStore> = {
  idb: idbTokens(),
  'idb-encrypted': idbTokens({ encrypt: aesGcm }),
  local: webStorageTokens(),
  session: webStorageTokens(() => sessionStorage),
  memory: memoryTokens(),
}
const proofs = dpop()
const sessions = new Map<string, { session: TokenSession; keys: DPoP | undefined }>()
const sent: string[] = []

const of = (name: string): { session: TokenSession; keys: DPoP | undefined } => {
  const found = sessions.get(name)
  if (!found) throw new Error(`no application ${name}`)
  return found
}
const tokensOf = (name: string, count: number, keys: unknown): TokenResponse => ({
  access_token: `${name}-access-${String(count)}`,
  refresh_token: `${name}-refresh-${String(count)}`,
  token_type: keys ? 'DPoP' : 'Bearer',
  expires_in: 300,
})

/** A proof with the parts that are new each time left out: whose key it is. */
const keyIn = (proof: string): string =>
  (JSON.parse(atob((proof.split('.')[0] ?? '').replace(/-/g, '+').replace(/_/g, '/'))) as { jwk: { x: string } }).jwk.x

window.names = {
  sent,
  open(name, kind, bound) {
    const send = (url: string, { body }: { body: URLSearchParams }): Promise<Response> => {
      const used = body.get('refresh_token') ?? body.get('token') ?? ''
      sent.push(`${name} ${new URL(url).pathname} ${used}`)
      return Promise.resolve(Response.json(tokensOf(name, Number(used.at(-1)) + 1, bound)))
    }
    const server = oauth({
      tokenEndpoint: '/token',
      revocationEndpoint: '/revoke',
      clientId: name,
      fetch: send as unknown as typeof fetch,
      ...(bound && { dpop: proofs }),
    })
    const session = createSession({ name, server, tokenStore: stores[kind] })
    sessions.set(name, { session, keys: bound ? proofs.forSession(name) : undefined })
  },
  async signIn(name) {
    const { session, keys } = of(name)
    await keys?.prepare()
    await session.signIn(tokensOf(name, 1, keys))
  },
  async signInReactive(name) {
    const { session } = of(name)
    const degraded: string[] = []
    session.on('degraded', ({ feature }) => degraded.push(feature))
    await session.signIn(reactive({ ...tokensOf(name, 1, undefined), account: { roles: ['a'] } }))
    return degraded
  },
  token: (name) => of(name).session.getAccessToken(),
  async refresh(name) {
    const { session, keys } = of(name)
    const token = await session.getAccessToken({ forceRefresh: true })
    return [token, keys ? keyIn(await keys.proof({ method: 'GET', url: location.origin, accessToken: token })) : '']
  },
  signOut: (name) => of(name).session.signOut(),
  phase: (name) => of(name).session.check().phase,
  async stores() {
    const database = await settled(indexedDB.open('sojourn'))
    const kept: unknown[] = [Object.entries(localStorage), Object.entries(sessionStorage)]
    for (const store of Array.from(database.objectStoreNames)) {
      const objects = database.transaction(store).objectStore(store)
      kept.push(await settled(objects.getAllKeys()), await settled(objects.getAll()))
    }
    database.close()
    return JSON.stringify(kept)
  },
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB failed'))
    }
  })
}
