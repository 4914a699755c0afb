import { describe, expect, it, vi } from 'vitest'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld, outcome } from '../unit/session/world.js'

const ISSUER = 'https://id.example'

describe('a server that never answers to the first place of its metadata', () => {
  // There, a place that answered without end came before the right one, and no login could begin. Here each try began with the place of
  // RFC 8414 and was over before the one of OpenID Connect was asked: no refresh could ever succeed.
  it('Cloudgeni-ai/opengeni#847: tokens are refreshed by the metadata in the second place', async () => {
    const fetch = vi.fn((url: string, { signal }: RequestInit) => {
      signal?.throwIfAborted()
      if (url.includes('oauth-authorization-server'))
        return new Promise<Response>((_resolve, reject) => {
          signal!.addEventListener('abort', () => {
            reject(new DOMException('', 'AbortError'))
          })
        })
      const isMetadata = url.includes('openid-configuration')
      return Promise.resolve(
        Response.json(isMetadata ? { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } : { access_token: 'newer' }),
      )
    })
    const world = createWorld()
    const server = oauth({
      issuer: ISSUER,
      clientId: 'app',
      fetch: async (...call) => fetch(...(call as [string, RequestInit])),
    })
    const { session } = world.tab({ server })
    await world.until(session.signIn({ access_token: 'old', refresh_token: 'r', token_type: 'Bearer', expires_in: 1 }))
    await world.advance('1m')
    expect(await world.until(outcome(session.getAccessToken()))).toBe('timeout')
    await world.advance('1m')
    expect(await world.until(outcome(session.getAccessToken()))).toBe('newer')
  })
})
