import { describe, expect, it, vi } from 'vitest'
import { customDpop, customServer, type Proofs } from '../../../src/servers/custom.js'
import { oauth } from '../../../src/servers/oauth.js'
import { createSessionWith } from '../../../src/testing.js'
import { createWorld } from '../session/world.js'

describe('customServer() around a copy of oauth()', () => {
  /** As `dpop()`, it keeps something for each session. */
  const proofs: Proofs = {
    forSession: () => ({ ...proofs, proof: async () => 'the proof of this session' }),
    prepare: async () => Promise.reject(new Error('no key')),
    proof: async () => 'the proof of no session',
    nonce: () => false,
  }

  it('customServer() around a copy of oauth() sends activity to the server, also with bound tokens', async () => {
    const world = createWorld()
    const page = world.page()
    let calls = 0
    const server = customServer({
      ...oauth({ tokenEndpoint: 'https://id.example.com/token', clientId: 'app', dpop: customDpop(proofs) }),
      async keepAlive() {
        calls++
      },
    })
    const session = createSessionWith(page.ports, { name: 'shop', idleTimeout: '15m', warnBefore: '2m', server })
    await world.until(session.signIn({ access_token: 'a', token_type: 'DPoP' }))
    await world.advance('13m')
    expect(await world.until(session.extend())).toBe(true)
    expect(calls).toBe(1)
    const part = server.forSession?.('shop')
    const request = await part?.authorize?.(new Request('https://api.example.com/'), { access_token: 'a' })
    expect(request?.headers.get('DPoP')).toBe('the proof of this session')
  })
})

it('proofs that cannot keep a nonce lose no tokens', async () => {
  const reported = vi.fn()
  vi.stubGlobal('reportError', reported)
  const full = new DOMException('The storage is full.', 'QuotaExceededError')
  const proofs: Proofs = {
    prepare: async () => Promise.reject(new Error('no key')),
    proof: async () => Promise.resolve('proof'),
    nonce() {
      throw full
    },
  }
  const world = createWorld()
  const fetch = vi.fn(async () =>
    Promise.resolve(Response.json({ access_token: 'b', refresh_token: 's', token_type: 'DPoP' })),
  )
  const server = oauth({
    tokenEndpoint: 'https://id.example.com/token',
    clientId: 'app',
    dpop: customDpop(proofs),
    fetch,
  })
  const session = createSessionWith(world.page().ports, { server })
  await world.until(session.signIn({ access_token: 'a', refresh_token: 'r', token_type: 'DPoP' }))
  expect(await world.until(session.getAccessToken({ forceRefresh: true }))).toBe('b')
  expect(fetch).toHaveBeenCalledTimes(1)
  expect(reported.mock.calls).toEqual([[full]])
  vi.unstubAllGlobals()
})
