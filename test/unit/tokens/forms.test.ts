/** Sessions whose tokens lie there in another form: of the release before, of the next one, or of one that was taken back. */
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

/** IndexedDB answers in real time, which a world does not know. */
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
  it('has the tokens of the session, refreshes them, and revokes them at sign-out', async () => {
    const world = createWorld()
    const old = world.tab({ tokenStore: idbTokens(before) })
    await settled(world, old.session.signIn(world.grant()))
    const tab = world.tab({ tokenStore: idbTokens(now) })
    expect(await token(world, tab)).toBe('access-f1-1')
    // Both releases at work for a day.
    expect(await token(world, tab, true)).toBe('access-f1-2')
    expect(await token(world, old, true)).toBe('access-f1-3')
    expect(await token(world, tab)).toBe('access-f1-3')
    await settled(world, tab.session.signOut())
    expect(revoked(world)).toEqual(['refresh-f1-3'])
    expect(world.server.reuseCount).toBe(0)
    expect((await entries(database())).filter(([key]) => key === 'tokens')).toEqual([])
    expect([...old.degraded, ...tab.degraded]).toEqual([])
  })

  it('revokes at sign-out what it has never read', async () => {
    const world = createWorld()
    const old = world.tab({ tokenStore: idbTokens(before) })
    await settled(world, old.session.signIn(world.grant()))
    old.close()
    const tab = world.tab({ tokenStore: idbTokens(now) })
    await settled(world, tab.session.signOut())
    expect(revoked(world)).toEqual(['refresh-f1-1'])
  })
})

it('a key that is gone leaves no sealed tokens behind after sign-out, and the next sign-in works', async () => {
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

it('tokens of a form that only they can be read of are revoked at sign-out, and nothing stays', async () => {
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
