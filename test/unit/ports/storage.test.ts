import { afterEach, describe, expect, it, vi } from 'vitest'
import { openRecordStore } from '../../../src/ports/record-store.js'

const NAME = 'sojourn:session:1'
const denied = (): never => {
  throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
}
const storage = (known: Partial<Storage> = {}) => {
  const items = new Map<string, string>()
  const order: string[] = []
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem(key: string, text: string) {
      order.push(key)
      items.set(key, text)
    },
    removeItem: (key: string) => items.delete(key),
    ...known,
  })
  return { items, order }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the record in localStorage', () => {
  it('the record has one key for its fields and one for its end', () => {
    const { items } = storage()
    const store = openRecordStore(NAME)
    expect(store.read()).toEqual({ record: null, end: null })
    expect(store.write({ record: 'r', end: 'e' })).toBe(true)
    expect(store.read()).toEqual({ record: 'r', end: 'e' })
    expect(Object.fromEntries(items)).toEqual({ [NAME]: 'r', [`${NAME}:end`]: 'e' })
  })

  it('a missing record is told from a full disk by one test write, which leaves nothing', () => {
    const { items, order } = storage()
    const store = openRecordStore(NAME)
    expect(store.read()).toEqual({ record: null, end: null })
    store.read()
    expect(order).toHaveLength(1)
    expect(items.size).toBe(0)
    storage({ setItem: denied })
    expect(openRecordStore(NAME).read()).toBeNull()
  })

  it('a record that is there needs no test write', () => {
    storage({ getItem: () => 'r', setItem: denied })
    expect(openRecordStore(NAME).read()).toEqual({ record: 'r', end: 'r' })
  })

  it('I5: the end of a record is written first, so that no tab reads it as live in between', () => {
    const { order } = storage()
    openRecordStore(NAME).write({ record: 'r', end: 'e' })
    expect(order).toEqual([`${NAME}:end`, NAME])
  })

  it('a text that is there already is not written again', () => {
    const { order } = storage()
    const store = openRecordStore(NAME)
    store.write({ record: 'r', end: null })
    order.splice(0)
    expect(store.write({ record: 'r', end: 'e' })).toBe(true)
    expect(order).toEqual([`${NAME}:end`])
  })

  it('I5: an end in storage stays when only the record is written', () => {
    const { items } = storage()
    const store = openRecordStore(NAME)
    store.write({ record: 'r', end: 'e' })
    store.write({ record: 'later', end: null })
    expect(Object.fromEntries(items)).toEqual({ [NAME]: 'later', [`${NAME}:end`]: 'e' })
  })

  it('I5: a record on a full disk gives its own room to its end', () => {
    const items = new Map([[NAME, 'x'.repeat(300)]])
    const full = (): number => [...items].join('').length
    storage({
      getItem: (key: string) => items.get(key) ?? null,
      removeItem: (key: string) => void items.delete(key),
      setItem(key: string, text: string) {
        if (!items.has(key) && full() + text.length > 320) denied()
        items.set(key, text)
        // Another tab may read between two steps, and must not find both keys gone.
        expect(items.has(NAME)).toBe(true)
      },
    })
    const store = openRecordStore(NAME)
    expect(store.write({ record: 'r', end: 'e'.repeat(90) })).toBe(false)
    expect(store.read()).toEqual({ record: '', end: 'e'.repeat(90) })
  })

  it('a record that has no room leaves the shorter one of another tab beside the end', () => {
    const items = new Map([
      [NAME, 'short'],
      [`${NAME}:end`, 'e'],
    ])
    const writes: string[] = []
    storage({
      getItem: (key: string) => items.get(key) ?? null,
      setItem(key: string, text: string) {
        if (text.length > 5) denied()
        writes.push(key)
        items.set(key, text)
      },
    })
    expect(openRecordStore(NAME).write({ record: 'longer', end: 'e' })).toBe(false)
    expect(writes).toEqual([])
  })

  it('a record that can be neither read nor written throws nothing', () => {
    storage({ getItem: denied, setItem: denied })
    const store = openRecordStore(NAME)
    expect(store.read()).toBeNull()
    expect(store.write({ record: 'r' })).toBe(false)
  })

  it('localStorage whose getter throws counts as missing, and is not touched before its first use', () => {
    const access = vi.fn(denied)
    vi.stubGlobal('localStorage', undefined)
    Object.defineProperty(globalThis, 'localStorage', { get: access, configurable: true })
    const store = openRecordStore(NAME)
    expect(access).not.toHaveBeenCalled()
    expect(store.read()).toBeNull()
    expect(store.write({ record: 'r' })).toBe(false)
  })
})
