/** The recipes of docs/migrating.md, with the libraries that are left. */
import { CacheKey, LocalStorageCache } from '@auth0/auth0-spa-js'
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWorld, type Tab, type World } from '../../src/testing.js'
import { takeOver as fromAuth0 } from '../recipes/migration/from-auth0.js'
import { takeOver as fromOidcClient } from '../recipes/migration/from-oidc-client.js'

let last: Promise<unknown> = Promise.resolve()
/** One after the other, as a browser's locks. */
const locks = {
  request: (_name: string, work: () => Promise<unknown>) => (last = last.then(work)),
}

class WebStorage extends InMemoryWebStorage {
  // As in a browser, where each entry is a property.
  override setItem(key: string, value: string): void {
    super.setItem(key, value)
    Object.defineProperty(this, key, { enumerable: true, configurable: true })
  }
  override removeItem(key: string): void {
    super.removeItem(key)
    Reflect.deleteProperty(this, key)
  }
}

let storage: WebStorage
beforeEach(() => {
  storage = new WebStorage()
  vi.stubGlobal('localStorage', storage)
  vi.stubGlobal('navigator', { locks })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const seconds = (): number => Math.floor(Date.now() / 1000)
const manager = (): UserManager =>
  new UserManager({
    authority: 'https://login.example',
    client_id: 'app',
    redirect_uri: 'https://app.example/callback',
    automaticSilentRenew: false,
    userStore: new WebStorageStateStore({ store: storage }),
  })
const user = (): User =>
  new User({
    access_token: 'access-old',
    refresh_token: 'refresh-old',
    id_token: 'id-old',
    token_type: 'Bearer',
    scope: 'openid offline_access',
    profile: { iss: 'https://login.example', aud: 'app', sub: 'ada', exp: 0, iat: 0 },
    expires_at: seconds() + 200,
  })
const storeForAuth0 = (audience: string, refreshToken: string): void => {
  const body = {
    access_token: 'access-old',
    refresh_token: refreshToken,
    expires_in: 300,
    audience,
    scope: 'openid offline_access',
    client_id: 'app',
  }
  const key = CacheKey.fromCacheEntry(body).toKey()
  new LocalStorageCache().set(key, { body, expiresAt: seconds() + 200 })
}

interface Left {
  readonly store: () => Promise<void> | void
  readonly takeOver: (tab: Tab) => Promise<void>
}
const libraries: Readonly<Record<string, Left>> = {
  'oidc-client-ts': {
    store: () => manager().storeUser(user()),
    takeOver: (tab) => fromOidcClient(tab.session, manager()),
  },
  'auth0-spa-js': {
    store: () => {
      // As `CacheManager.setIdToken` does: it is in no entry of an access token.
      new LocalStorageCache().set(new CacheKey({ clientId: 'app' }, undefined, '@@user@@').toKey(), {
        id_token: 'id-old',
      })
      storeForAuth0('https://one.example', 'refresh-old')
      storeForAuth0('https://two.example', 'refresh-other')
    },
    takeOver: (tab) => fromAuth0(tab.session, 'app'),
  },
}
const begin = (count: number): { world: World; tabs: Tab[] } => {
  const world = createWorld()
  return { world, tabs: Array.from({ length: count }, () => world.tab({})) }
}

for (const [name, { store, takeOver }] of Object.entries(libraries)) {
  test(`who is signed in by ${name} stays signed in, and nothing of it is left`, async () => {
    await store()
    expect(storage.length).toBeGreaterThan(0)
    const { world, tabs } = begin(3)
    await world.until(Promise.all(tabs.map(takeOver)))
    await world.advance('1s')
    expect(tabs.map((tab) => tab.visible())).toEqual(['active', 'active', 'active'])
    expect(tabs.flatMap((tab) => tab.takeEvents().map(({ type }) => type))).toEqual([
      'signedIn',
      'signedIn',
      'signedIn',
    ])
    expect(await world.until(tabs[2]!.session.getAccessToken())).toBe('access-old')
    expect(await world.until(tabs[2]!.session.getIdToken())).toBe('id-old')
    expect(storage.length).toBe(0)
  })

  test(`nobody is signed in where ${name} has nobody, and the tokens it has left are removed beside a session`, async () => {
    const { world, tabs } = begin(1)
    const [tab] = tabs as [Tab]
    await world.until(takeOver(tab))
    expect(tab.visible()).toBe('signedOut')
    await world.until(tab.session.signIn({ access_token: 'access-new', refresh_token: 'refresh-new', expires_in: 300 }))
    await store()
    await world.until(takeOver(tab))
    expect(await world.until(tab.session.getAccessToken())).toBe('access-new')
    expect(storage.length).toBe(0)
  })
}
