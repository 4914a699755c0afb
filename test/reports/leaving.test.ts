import { describe, expect, it } from 'vitest'
import { cookieSession } from '../../src/servers/cookie.js'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld } from '../unit/session/world.js'

/** A browser that has reached its limit for requests with keepalive, or has no network. */
function browser(isDown: boolean): { send: typeof fetch; sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    send: (_url, init) => {
      sent.push(init?.keepalive ? 'keepalive' : 'ordinary')
      return isDown || init?.keepalive
        ? Promise.reject(new TypeError('Failed to fetch'))
        : Promise.resolve(new Response(null))
    },
  }
}

describe('a sign-out at the limit of keepalive requests', () => {
  // There, a request with keepalive was silently lost because others of the page had used up the 64 KiB. Analytics send most of
  // theirs at a sign-out. Right: it is sent without keepalive, and arrives if the page stays for a moment.
  it('grafana/faro-web-sdk#1898: a sign-out beside 64 KiB of keepalive requests revokes the tokens', async () => {
    const { send, sent } = browser(false)
    const world = createWorld()
    const server = oauth({
      tokenEndpoint: '/token',
      revocationEndpoint: 'https://id.example/revoke',
      clientId: 'app',
      fetch: send,
    })
    const tab = world.tab({ server })
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.signOut())
    expect(sent).toEqual(['keepalive', 'ordinary'])
  })

  it('grafana/faro-web-sdk#1898: a sign-out beside 64 KiB of keepalive requests ends a cookie session', async () => {
    const { send, sent } = browser(false)
    const world = createWorld()
    const tab = world.tab({ server: cookieSession({ signOut: 'https://app.example/logout', fetch: send }) })
    await world.until(tab.session.signIn())
    await world.until(tab.session.signOut())
    expect(sent).toEqual(['keepalive', 'ordinary'])
  })

  it('a sign-out without a network gives up after the second attempt', async () => {
    const { send, sent } = browser(true)
    const world = createWorld()
    const server = oauth({
      tokenEndpoint: '/token',
      revocationEndpoint: 'https://id.example/revoke',
      clientId: 'app',
      fetch: send,
    })
    const tab = world.tab({ server })
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.signOut())
    expect(sent).toEqual(['keepalive', 'ordinary'])
  })
})
