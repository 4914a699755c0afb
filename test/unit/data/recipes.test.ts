/** State libraries of others on `sessionData`, as docs/data.md shows them. */
import type { QueryClient } from '@tanstack/query-core'
import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister'
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import type { PersistedClient, Persister } from '@tanstack/query-persist-client-core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SessionData } from '../../../src/types.js'
import { createCart } from '../../recipes/data/cart-store.js'
import { keepDraft } from '../../recipes/data/draft.js'
import { persistForEachSession } from '../../recipes/data/persistent-engine.js'
import { eachQueryClient } from '../../recipes/data/query-client.js'
import { createWorld, dataIn, dataOf, signIn } from './world.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const createSync = (options: { storage: SessionData; throttleTime: number }): Persister =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- most applications have this one
  createSyncStoragePersister(options)

const client = (of: string): PersistedClient => ({
  timestamp: Date.now(),
  buster: '',
  clientState: { mutations: [], queries: [{ queryKey: [of], queryHash: of, state: { data: of } } as never] },
})

describe('persisters of TanStack Query', () => {
  it.each([
    ['sync', createSync],
    ['async', createAsyncStoragePersister],
  ] as const)('S107: a throttled write of the %s persister after removeClient() is refused', async (_kind, create) => {
    const world = createWorld()
    const tab = await world.signedIn()
    const persister = create({ storage: dataOf(tab), throttleTime: 1500 })
    void persister.persistClient(client('ada 1'))
    await vi.advanceTimersByTimeAsync(1500)
    expect(dataIn(world)).toEqual({ REACT_QUERY_OFFLINE_CACHE: expect.stringContaining('ada 1') as string })
    void persister.persistClient(client('ada 2'))
    await persister.removeClient()
    await signIn(world, tab, world.grant())
    const next = create({ storage: dataOf(tab), throttleTime: 1500 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect([await persister.restoreClient(), await next.restoreClient(), dataIn(world)]).toEqual([
      undefined,
      undefined,
      {},
    ])
    void next.persistClient(client('bob'))
    await vi.advanceTimersByTimeAsync(1500)
    expect(JSON.stringify(await next.restoreClient())).toContain('bob')
  })

  it('a persister of TanStack Query gives each session its own client, which a new page restores', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const clients: QueryClient[] = []
    eachQueryClient(tab.session, (one) => clients.push(one))
    await vi.advanceTimersByTimeAsync(10)
    clients[0]!.setQueryData(['mail'], 'of ada')
    await vi.advanceTimersByTimeAsync(2000)
    expect(dataIn(world)).toEqual({ REACT_QUERY_OFFLINE_CACHE: expect.stringContaining('of ada') as string })
    const again = world.tab()
    eachQueryClient(again.session, (one) => clients.push(one))
    await vi.advanceTimersByTimeAsync(10)
    expect(clients[1]!.getQueryData(['mail'])).toBe('of ada')
    clients[0]!.setQueryData(['mail'], 'of ada, late')
    await signIn(world, tab, world.grant())
    await vi.advanceTimersByTimeAsync(5000)
    expect(clients).toHaveLength(4)
    expect(clients.map((one) => one.getQueryData(['mail']))).toEqual(Array(4).fill(undefined))
    expect(JSON.stringify([...world.storage.stored])).not.toContain('of ada')
  })
})

describe('persist of zustand', () => {
  it('S107: a store of zustand lasts for one session in all tabs, and starts afresh for the next user', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const [cart, other] = [createCart(one.session), createCart(two.session)]
    cart.setState({ apples: 3 })
    await world.advance(10)
    expect([cart.getState(), other.getState()]).toEqual(Array(2).fill({ apples: 3 }))
    expect(createCart(world.tab().session).getState()).toEqual({ apples: 3 })
    await world.until(one.session.signOut())
    await world.advance(10)
    expect([cart.getState(), other.getState(), dataIn(world)]).toEqual([{ apples: 0 }, { apples: 0 }, {}])
    cart.setState({ apples: 9 })
    expect(dataIn(world)).toEqual({})
    await signIn(world, two, world.grant())
    expect([cart.getState(), other.getState(), dataIn(world)]).toEqual([{ apples: 0 }, { apples: 0 }, {}])
    other.setState({ apples: 1 })
    await world.advance(10)
    expect([cart.getState(), dataIn(world)]).toEqual([{ apples: 1 }, { cart: '{"state":{"apples":1},"version":0}' }])
  })

  it('S110: a store of zustand keeps an anonymous cart at a login', async () => {
    const world = createWorld()
    const tab = world.tab()
    const cart = createCart(tab.session)
    await signIn(world, tab)
    cart.setState({ apples: 3 })
    await signIn(world, tab, world.grant(), { keepData: true })
    expect([cart.getState(), dataIn(world)]).toEqual([{ apples: 3 }, { cart: '{"state":{"apples":3},"version":0}' }])
    await signIn(world, tab, world.grant(), { keepData: true })
    expect(cart.getState()).toEqual({ apples: 0 })
  })
})

describe('@nanostores/persistent', () => {
  it('S107: an atom of nanostores lasts for one session, and has its initial value in the next one', async () => {
    const { persistentAtom, persistentJSON } = await import('@nanostores/persistent')
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    dataOf(two).setItem('draft', 'of before')
    const undo = persistForEachSession(one.session)
    const draft = persistentAtom<string>('draft', '')
    const cart = persistentJSON<{ apples: number }>('cart', { apples: 0 })
    const seen: string[] = []
    draft.subscribe((text) => seen.push(text))
    cart.subscribe(({ apples }) => seen.push(`${apples} apples`))
    expect(seen).toEqual(['of before', '0 apples'])
    cart.set({ apples: 3 })
    dataOf(two).setItem('draft', 'of two')
    await world.advance(10)
    expect(seen.slice(2)).toEqual(['3 apples', 'of two'])
    expect(dataIn(world)).toEqual({ draft: 'of two', cart: '{"apples":3}' })
    await world.until(two.session.signOut())
    await world.advance(10)
    expect([draft.get(), cart.get(), dataIn(world)]).toEqual(['', { apples: 0 }, {}])
    draft.set('late')
    expect(dataIn(world)).toEqual({})
    await signIn(world, two, world.grant())
    expect([draft.get(), cart.get(), dataIn(world)]).toEqual(['', { apples: 0 }, {}])
    cart.set({ apples: 1 })
    expect(dataOf(two).getItem('cart')).toBe('{"apples":1}')
    undo()
  })
})

describe('plain code', () => {
  it('plain code keeps a draft for one session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const editor = { value: '', oninput: null as (() => void) | null }
    keepDraft(tab.session, editor)
    const type = editor.oninput!
    editor.value = 'Dear'
    type()
    expect(dataOf(world.tab()).getItem('draft')).toBe('Dear')
    await signIn(world, tab, world.grant())
    expect(editor.value).toBe('')
    editor.value = 'Dear'
    type()
    expect(dataIn(world)).toEqual({})
  })
})
