/** Tokens that are stored in another form: by the release before, by the next one, or by one that was rolled back. */
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { createStore, entries, get, set } from 'idb-keyval'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { aesGcm, idbTokens } from '../../../src/tokens/stores/idb.js'
import { webStorageTokens } from '../../../src/tokens/stores/web-storage.js'
import { createWorld, type Tab, type World } from '../session/world.js'

const database = () => createStore('sojourn', 'keyval')

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})

/** IndexedDB replies in real time, and a world only knows its own. */
async function settled<T>(world: World, work: Promise<T>): Promise<T> {
  const state = { done: false }
  const finish = () => {
    state.done = true
  }
  work.then(finish, finish)
  while (!state.done) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    await world.advance(5)
  }
  return work
}
const token = async (world: World, { session }: Tab, forceRefresh = false) =>
  settled(world, session.getAccessToken({ forceRefresh }))
const revoked = (world: World) =>
  world.server.calls.filter(({ method }) => method === 'signOut').map(({ tokens }) => tokens?.refresh_token)

describe.each([
  { title: 'encrypts after one that did not', before: { decrypt: aesGcm }, now: { encrypt: aesGcm } },
  { title: 'decrypts after one that encrypted', before: { encrypt: aesGcm }, now: { decrypt: aesGcm } },
])('a release that $title', ({ before, now }) => {
  it('the changed release reads, refreshes and revokes the tokens of the release before', async () => {
    const world = createWorld()
    const old = world.tab({ tokenStore: idbTokens(before) })
    await settled(world, old.session.signIn(world.grant()))
    const tab = world.tab({ tokenStore: idbTokens(now) })
    expect(await token(world, tab)).toBe('access-f1-1')
    // Pages of both releases may be open at the same time.
    expect(await token(world, tab, true)).toBe('access-f1-2')
    expect(await token(world, old, true)).toBe('access-f1-3')
    expect(await token(world, tab)).toBe('access-f1-3')
    await settled(world, tab.session.signOut())
    expect(revoked(world)).toEqual(['refresh-f1-3'])
    expect(world.server.reuseCount).toBe(0)
    expect((await entries(database())).filter(([key]) => key === 'tokens')).toEqual([])
    expect([...old.degraded, ...tab.degraded]).toEqual([])
  })

  it('the changed release revokes tokens at sign-out that it has never read', async () => {
    const world = createWorld()
    const old = world.tab({ tokenStore: idbTokens(before) })
    await settled(world, old.session.signIn(world.grant()))
    old.close()
    const tab = world.tab({ tokenStore: idbTokens(now) })
    await settled(world, tab.session.signOut())
    expect(revoked(world)).toEqual(['refresh-f1-1'])
  })
})

it('a lost key leaves no encrypted tokens after a sign-out, and the next sign-in works', async () => {
  const world = createWorld()
  const tab = world.tab({ tokenStore: idbTokens({ encrypt: aesGcm }) })
  await settled(world, tab.session.signIn(world.grant()))
  tab.close()
  await set('key', null, database())
  const next = world.tab({ tokenStore: idbTokens({ encrypt: aesGcm }) })
  await expect(token(world, next)).rejects.toMatchObject({
    code: expect.stringMatching(/no_tokens|signed_out/) as string,
  })
  await settled(world, next.session.signOut())
  await expect(get('tokens', database())).resolves.toBeUndefined()
  await settled(world, next.session.signIn(world.grant()))
  expect(await token(world, next, true)).toBe('access-f2-2')
})

it('tokens in a stored value of unknown form are revoked at sign-out, and the value is removed', async () => {
  const world = createWorld()
  const tab: Tab = world.tab({ tokenStore: webStorageTokens(() => world.storage.of(tab), 'tokens') })
  await settled(world, tab.session.signIn(world.grant()))
  const { tokens, ...rest } = JSON.parse(world.storage.stored.get('tokens')!) as { tokens: unknown; id: string }
  world.storage.stored.set('tokens', JSON.stringify({ id: rest.id, version: 2, tokens }))
  tab.close()
  const next: Tab = world.tab({ tokenStore: webStorageTokens(() => world.storage.of(next), 'tokens') })
  await settled(world, next.session.signOut())
  expect(revoked(world)).toEqual(['refresh-f1-1'])
  expect(world.storage.stored.has('tokens')).toBe(false)
})
