// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { webStorageTokens } from '../../../src/tokens/stores/web-storage.js'
import type { StoredTokens, TokenStore } from '../../../src/types.js'
import { some } from '../../contract/token-store.js'

const KEY = 'sojourn-tokens'
const first: StoredTokens = { ...some, generation: 1 }
const next: StoredTokens = { ...some, generation: 2 }

/** One process: its copy of localStorage, and a store that uses it. */
interface Process {
  readonly copy: Map<string, string>
  readonly store: TokenStore
}

function createProcess(key = KEY): Process {
  const copy = new Map<string, string>()
  const storage = {
    getItem: (name: string) => copy.get(name) ?? null,
    setItem: (name: string, text: string) => void copy.set(name, text),
    removeItem: (name: string) => void copy.delete(name),
  }
  return { copy, store: webStorageTokens(() => storage as Storage, key) }
}

/** What one process wrote arrives in the other. */
function arrive(from: Process, to: Process): void {
  to.copy.clear()
  for (const [name, text] of from.copy) to.copy.set(name, text)
}

/** Locks of one origin: `held` are their names. */
const held = new Set<string>()
const locks = {
  async request(name: string, work: (lock: object) => Promise<unknown>): Promise<void> {
    held.add(name)
    await work({})
    held.delete(name)
  },
  query: (): Promise<object> => Promise.resolve({ held: [...held].map((name) => ({ name })), pending: [] }),
}

/** A write of `value` that is done. */
async function write({ store }: Process, value: StoredTokens, expected: StoredTokens | null): Promise<void> {
  const done = store.set(value, expected)
  await vi.advanceTimersByTimeAsync(0)
  expect(await done).toBe(true)
}

/** What a reader has after `ms`: `waits`, or what it got. */
async function after(ms: number, reading: Promise<unknown>): Promise<unknown> {
  let got: unknown = 'waits'
  void reading.then((value) => (got = value))
  await vi.advanceTimersByTimeAsync(ms)
  return got
}

let one: Process
let two: Process

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('navigator', { locks })
  held.clear()
  one = createProcess()
  two = createProcess()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('a process whose copy of localStorage is behind', () => {
  beforeEach(async () => {
    await write(one, first, null)
    arrive(one, two)
    await vi.advanceTimersByTimeAsync(3e3)
  })

  it('I4: a tab that reads waits for what another has written, however long the copy takes', async () => {
    await write(one, next, first)
    const reading = two.store.get()
    expect(await after(1500, reading)).toBe('waits')
    arrive(one, two)
    expect(await after(20, reading)).toEqual(next)
  })

  it('no tab waits longer than the other tells, which is 2 s', async () => {
    await write(one, next, first)
    expect(await after(2020, two.store.get())).toEqual(first)
    expect(held.size).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['a tab waits for', 'less than 2 s ago', -1999, 'waits'],
    ['no tab waits for', '2 s ago, by a page that rests in the back/forward cache since', -2e3, first],
    ['no tab waits for', '2 s ahead, by a clock that was set back since', 2e3, first],
  ])('%s what was told %s', async (_what, _when, age, got) => {
    held.add(JSON.stringify([KEY, Date.now() + age, 7, some.id]))
    expect(await after(0, two.store.get())).toEqual(got)
  })

  it('no tab waits longer than 2 s where a script of the page tells anew all the time', async () => {
    vi.spyOn(locks, 'query').mockImplementation(async () => ({
      held: [{ name: JSON.stringify([KEY, Date.now(), 7, some.id]) }],
    }))
    const reading = two.store.get()
    expect(await after(1999, reading)).toBe('waits')
    expect(await after(20, reading)).toEqual(first)
  })

  it('the write of a newer session counts, and not the one before it', async () => {
    await write(one, next, first)
    arrive(one, two)
    const three = createProcess()
    arrive(one, three)
    await vi.advanceTimersByTimeAsync(1)
    const other = { ...some, id: 'session-two', generation: 1 }
    await write(three, other, next)
    const reading = two.store.get()
    expect(await after(100, reading)).toBe('waits')
    arrive(three, two)
    expect(await after(20, reading)).toEqual(other)
  })

  it.each([JSON.stringify([`${KEY}:desk`, 1e13, 7, some.id]), '["sojourn-tokens', KEY])(
    'a tab waits for no lock of another name: %s',
    async (name) => {
      held.add(name.replace('10000000000000', String(Date.now())))
      expect(await after(0, two.store.get())).toEqual(first)
    },
  )

  it('a lock of our key whose name cannot be read keeps nobody from reading', async () => {
    held.add(`["${KEY}",{`)
    expect(await after(0, two.store.get())).toEqual(first)
    held.clear()
    held.add(JSON.stringify([KEY]))
    expect(await after(0, two.store.get())).toEqual(first)
  })
})

describe('the end of what a tab tells', () => {
  it('the tab that removed the tokens waits for none of them', async () => {
    await write(one, first, null)
    arrive(one, two)
    await two.store.clear(some.id)
    expect(await after(0, two.store.get())).toBeNull()
  })

  it('a tab that wrote tokens and removes them, or finds them removed, lets nobody wait', async () => {
    await write(one, first, null)
    one.copy.clear()
    await one.store.clear('another session')
    expect(held.size).toBe(1)
    await one.store.clear(some.id)
    await vi.advanceTimersByTimeAsync(0)
    expect(held.size).toBe(0)
  })

  it('a write tells in place of the one before', async () => {
    await write(one, first, null)
    await write(one, next, first)
    expect([...held]).toEqual([JSON.stringify([KEY, Date.now(), 2, some.id])])
  })

  it('a tab with sessionStorage tells nothing and asks nobody', async () => {
    const query = vi.spyOn(locks, 'query')
    const own = webStorageTokens(() => sessionStorage)
    await own.set(first)
    await own.get()
    expect([held.size, query.mock.calls.length]).toEqual([0, 0])
    sessionStorage.clear()
  })

  it('a refused write tells nothing', async () => {
    await write(one, first, null)
    expect(await after(0, one.store.set(next, null))).toBe(false)
    expect([...held]).toEqual([JSON.stringify([KEY, Date.now(), 1, some.id])])
  })
})

describe('a browser whose locks do not work', () => {
  it('a tab reads after 0.1 s where the browser does not reply, as in a prerendered page', async () => {
    await write(one, first, null)
    vi.spyOn(locks, 'query').mockReturnValue(new Promise(() => undefined))
    const reading = two.store.get()
    expect(await after(99, reading)).toBe('waits')
    expect(await after(1, reading)).toBeNull()
  })

  it('a tab reads at once where the browser refuses, and a write takes 0.1 s', async () => {
    const refusal = new DOMException('Locks are not for this page.', 'SecurityError')
    vi.spyOn(locks, 'query').mockRejectedValue(refusal)
    vi.spyOn(locks, 'request').mockRejectedValue(refusal)
    const writing = one.store.set(first)
    expect(await after(99, writing)).toBe('waits')
    expect(await after(1, writing)).toBe(true)
    expect(await after(0, one.store.get())).toEqual(first)
  })

  it('a write goes on after 2 s where the lock is never granted', async () => {
    vi.spyOn(locks, 'request').mockReturnValue(new Promise(() => undefined))
    const writing = one.store.set(first)
    expect(await after(1999, writing)).toBe('waits')
    expect(await after(1, writing)).toBe(true)
  })
})
