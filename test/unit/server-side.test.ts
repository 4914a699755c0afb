// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sessionData } from '../../src/data.js'
import { createFetch, credentials } from '../../src/fetch.js'
import { createSession } from '../../src/index.js'
import { oauth } from '../../src/servers/oauth.js'
import { aesGcm, idbTokens } from '../../src/tokens/stores/idb.js'
import { memoryTokens } from '../../src/tokens/stores/memory.js'
import { webStorageTokens } from '../../src/tokens/stores/web-storage.js'

describe('I11: on a server that renders the page', () => {
  it('a session can be created, is loading, and waits for nothing', async () => {
    const session = createSession({ idleTimeout: '15m', tokenStore: memoryTokens() })
    expect(await session.ready).toEqual({ phase: 'loading' })
    await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'signed_out' })
    session.destroy()
  })

  it('stores can be created and read for `shared` on a server, and fail only when used', async () => {
    const stores = [webStorageTokens(), idbTokens(), idbTokens({ encrypt: aesGcm })]
    for (const store of stores) {
      expect(store.shared).toBe(true)
      await expect(store.get()).rejects.toThrow()
    }
    expect(memoryTokens().shared).toBe(false)
  })

  it('an OAuth server can be described by paths on a server, whose origin only the page knows', () => {
    expect(() => oauth({ tokenEndpoint: '/token', clientId: 'app' })).not.toThrow()
  })

  it('there are no data: nobody is signed in', () => {
    expect(() => sessionData(createSession())).toThrow(expect.objectContaining({ code: 'signed_out' }) as Error)
  })

  it('a fetch can be created on a server, and adds no credentials by default', async () => {
    const session = createSession()
    const asked = vi.spyOn(credentials(session), 'authorize')
    await createFetch(session, { fetch: () => Promise.resolve(new Response()) })('https://app.example.com/')
    expect(asked).not.toHaveBeenCalled()
  })
})

describe('where there is no document', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
  const warnings = (): string[] => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    createSession().destroy()
    return warn.mock.calls.map(([text]) => String(text))
  }

  // There, the extension's worker failed with `window is not defined`, and nobody was told that workers are not served.
  it('honeybadger-io/honeybadger-js#686: a worker gets a console warning, with each session created', () => {
    vi.stubGlobal('importScripts', () => undefined)
    expect(warnings()).toEqual([expect.stringContaining('There is no document here')])
  })

  it('a server gets no warning, not even at the edge, which has the interfaces of workers', () => {
    expect(warnings()).toEqual([])
    vi.stubGlobal('WorkerGlobalScope', Object)
    expect(warnings()).toEqual([])
  })
})
