// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { webStorageTokens } from '../../../src/tokens/stores/web-storage.js'
import { some } from '../../contract/token-store.js'
import { keepsContract } from './contract.js'

const KEY = 'sojourn-tokens'

beforeEach(() => {
  localStorage.clear()
  sessionStorage.clear()
})
describe('webStorageTokens', () => {
  keepsContract(() => {
    localStorage.clear()
    return {
      tab: () => webStorageTokens(),
      async spoil(content) {
        localStorage.setItem(KEY, JSON.stringify(content))
      },
      isEmpty: async () => ['null', null].includes(localStorage.getItem(KEY)),
    }
  })

  it('a stored text that is not JSON counts as absent', async () => {
    for (const text of ['', '{', 'undefined', '{"id":"session-one"']) {
      localStorage.setItem(KEY, text)
      await expect(webStorageTokens().get()).resolves.toBeNull()
      await expect(webStorageTokens().clear(some.id)).resolves.toBeNull()
      expect(localStorage.length).toBe(0)
    }
  })

  it('a foreign member of a stored value is not returned', async () => {
    localStorage.setItem(KEY, JSON.stringify({ ...some, isAdmin: true }))
    await expect(webStorageTokens().get()).resolves.toEqual(some)
  })

  it('a clear leaves no entry behind', async () => {
    const store = webStorageTokens()
    await store.set(some)
    await store.clear(some.id)
    expect(localStorage.length).toBe(0)
  })

  it('a clear is done in the task of the caller, so that a page that is left at once leaves nothing', async () => {
    const store = webStorageTokens()
    await store.set(some)
    void store.clear(some.id)
    expect(localStorage.length).toBe(0)
  })

  it('two stores with different keys share no tokens', async () => {
    await webStorageTokens(() => localStorage, 'a').set(some)
    await expect(webStorageTokens(() => localStorage, 'b').get()).resolves.toBeNull()
  })

  it.each([
    ['replaces', (): void => undefined],
    // Something has emptied storage. The other tabs have the used tokens in memory.
    ['follows', () => localStorage.clear()],
  ])('I4: a write that %s used tokens resolves when every other tab can read it', async (_how, before) => {
    vi.useFakeTimers()
    const done = vi.fn()
    const first = { ...some, generation: 1 }
    const next = { ...some, generation: 2 }
    const store = webStorageTokens(() => localStorage)
    await store.set(first)
    before()
    void store.set(next, localStorage.length > 0 ? first : null).then(done)
    await vi.advanceTimersByTimeAsync(99)
    expect(done).not.toHaveBeenCalled()
    expect(await store.get()).toEqual(next)
    await vi.advanceTimersByTimeAsync(1)
    expect(done).toHaveBeenCalledWith(true)
    const own = webStorageTokens(() => sessionStorage)
    await own.set(first)
    await own.set(next, first)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('a store is shared between tabs in localStorage, and not in sessionStorage', () => {
    expect(webStorageTokens().shared).toBe(true)
    expect(webStorageTokens(() => sessionStorage).shared).toBe(false)
  })

  it('a store whose storage the browser denies rejects, and never throws', async () => {
    const store = webStorageTokens(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    expect(store.shared).toBe(true)
    await expect(store.get()).rejects.toThrow('denied')
    await expect(store.set(some)).rejects.toThrow('denied')
    await expect(store.clear(some.id)).rejects.toThrow('denied')
  })

  it('a write rejects if storage is full, and leaves the stored tokens', async () => {
    await webStorageTokens().set(some)
    const full = new Proxy(localStorage, {
      get(storage, name) {
        if (name === 'setItem') throw new DOMException('full', 'QuotaExceededError')
        return Reflect.get(storage, name) as unknown
      },
    })
    const store = webStorageTokens(() => full)
    await expect(store.set({ ...some, generation: 4 }, { id: some.id, generation: 3 })).rejects.toThrow('full')
    await expect(webStorageTokens().get()).resolves.toEqual(some)
  })
})
