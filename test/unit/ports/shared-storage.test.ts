// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { browserStorage } from '../../../src/ports/shared-storage.js'

it('the storage of a browser reports the key of each storage event, until the signal aborts', () => {
  const keys: string[] = []
  const done = new AbortController()
  const open = browserStorage((key) => keys.push(key), done.signal)
  window.dispatchEvent(new StorageEvent('storage', { key: 'a' }))
  window.dispatchEvent(new StorageEvent('storage', { key: null }))
  expect(keys).toEqual(['a', ''])
  open()!.setItem('a', '1')
  expect([localStorage.getItem('a'), Object.keys(open()!)]).toEqual(['1', ['a']])
  done.abort()
  window.dispatchEvent(new StorageEvent('storage', { key: 'b' }))
  expect(keys).toEqual(['a', ''])
})
