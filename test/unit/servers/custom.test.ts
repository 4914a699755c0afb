import { describe, expect, it } from 'vitest'
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
