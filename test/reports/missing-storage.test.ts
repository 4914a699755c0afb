// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSession, memoryTokens, type TokenStore } from '../../src/index.js'
import { webStorageTokens } from '../../src/tokens/stores/web-storage.js'
import type { Session } from '../../src/types.js'

let names = 0
let session: Session | undefined

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  session?.destroy()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Runs one whole session, and returns the features that were reported missing. */
async function live(tokenStore: TokenStore = memoryTokens()): Promise<string[]> {
  const name = `missing ${++names}`
  const made = (session = createSession({ name, idleTimeout: '15m', tokenStore }))
  const missing: string[] = []
  made.on('degraded', ({ feature }) => missing.push(feature))
  const signedIn = made.signIn({ access_token: 'a', expires_in: 300 })
  await vi.advanceTimersByTimeAsync(2000)
  await signedIn
  expect(made.getSnapshot().phase).toBe('active')
  await expect(made.getAccessToken()).resolves.toBe('a')
  const signedOut = made.signOut()
  await vi.advanceTimersByTimeAsync(2000)
  await signedOut
  expect(made.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  return missing
}

describe('a web view of an application without DOM storage', () => {
  // There, localStorage is null and does not throw, so that the first getItem broke the page. Right: a session in this tab.
  it.each([null, undefined])(
    'giscus/giscus#1715, vidstack/player#1444: a web view has a session if localStorage is %s',
    async (nothing) => {
      vi.stubGlobal('localStorage', nothing)
      vi.stubGlobal('sessionStorage', nothing)
      expect(await live()).toContain('storage')
      expect(await live(webStorageTokens())).toEqual(expect.arrayContaining(['storage', 'tokenStore']))
    },
  )

  it('a web view has a session if IndexedDB and Web Locks are null as well', async () => {
    vi.stubGlobal('localStorage', null)
    vi.stubGlobal('indexedDB', null)
    const { idbTokens } = await import('../../src/tokens/stores/idb.js')
    expect(await live(idbTokens())).toEqual(expect.arrayContaining(['storage', 'locks', 'tokenStore']))
  })
})

describe('a localStorage that is there and does not work', () => {
  // Node 22.4 and newer have a global localStorage without methods. There, `typeof localStorage` took a server for a page.
  const empty = {} as Storage
  it('Pokled/nodyx#327, nuxt/nuxt#33725: a broken localStorage does not make a server a page', async () => {
    vi.stubGlobal('localStorage', empty)
    vi.stubGlobal('sessionStorage', empty)
    vi.stubGlobal('document', undefined)
    session = createSession({ tokenStore: webStorageTokens() })
    expect(await session.ready).toEqual({ phase: 'loading' })
    await expect(session.signIn({ access_token: 'a' })).rejects.toMatchObject({ code: 'signed_out' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('nuxt/nuxt#33725: a broken localStorage lets a page have its session', async () => {
    vi.stubGlobal('localStorage', empty)
    expect(await live()).toContain('storage')
  })
})

describe('storage events that no storage has caused', () => {
  // Hooks for localStorage dispatch such events in their own window, with and without a key, to inform components of a write.
  it('a storage event that no storage has caused changes nothing', async () => {
    const name = `missing ${++names}`
    const made = (session = createSession({ name, idleTimeout: '15m' }))
    const signedIn = made.signIn()
    await vi.advanceTimersByTimeAsync(2000)
    await signedIn
    const key = `sojourn:${name}:1`
    for (const event of [
      new Event('storage'),
      new CustomEvent('storage', { detail: {} }),
      new StorageEvent('storage'),
      new StorageEvent('storage', { key, newValue: 'nonsense' }),
      new StorageEvent('storage', { key, newValue: null }),
      new StorageEvent('storage', { key: `${key}:end`, newValue: null }),
    ]) {
      window.dispatchEvent(event)
      expect(made.getSnapshot().phase).toBe('active')
    }
  })
})
