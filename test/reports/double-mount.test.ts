import { describe, expect, it } from 'vitest'
import { createSessionWith } from '../../src/testing.js'
import { SessionError, type TokenSession } from '../../src/index.js'
import { customServer } from '../../src/servers/custom.js'
import { createWorld } from '../unit/session/world.js'

describe('a page that makes its session twice', () => {
  // There, each mount under StrictMode had its own timer, both refreshed with the same refresh token, and the server treated the
  // second use as theft. Right: two session objects of one page refresh once, as two tabs do.
  it('authts/react-oidc-context#1638: a page that creates its session twice refreshes once for both', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const server = world.server.of(tab)
    const second = createSessionWith(tab.ports, { ...tab.options, tokenStore: world.tokens.of(tab), server })
    const tokens = await world.until(
      Promise.all([tab.session.getAccessToken({ forceRefresh: true }), second.getAccessToken({ forceRefresh: true })]),
    )
    expect(tokens).toEqual(['access-f1-2', 'access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
    // The background refresh, too.
    await world.advance('3m')
    tab.input()
    await world.advance('65s')
    expect(world.server.count('refresh')).toBe(2)
    expect(world.server.reuseCount).toBe(0)
  })

  it('authts/react-oidc-context#1638: a page refreshes once if its first session object was destroyed', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const server = world.server.of(tab)
    const second = createSessionWith(tab.ports, { ...tab.options, tokenStore: world.tokens.of(tab), server })
    const early = tab.session.getAccessToken({ forceRefresh: true }).catch(() => 'gone')
    tab.session.destroy()
    await world.until(early)
    expect(await world.until(second.getAccessToken())).toMatch(/^access-f1-/)
    expect(second.getSnapshot().phase).toBe('active')
    expect(world.server.reuseCount).toBe(0)
  })

  // There, the page requested its first token twice at its start with the same rotating cookie: a reuse, which signed it out.
  it('dot-billy/nodebyte#84: a page with two session objects uses a rotating cookie in turn', async () => {
    const world = createWorld()
    const tab = world.tab()
    let cookie = 1
    let pending = 0
    let used = 0
    const server = {
      async refresh() {
        const sent = cookie
        expect(++pending).toBe(1)
        await new Promise<void>((resolve) => tab.ports.after(50, resolve))
        pending--
        if (sent !== cookie) throw new SessionError('rejected')
        return { access_token: `a${++used}`, expires_in: 300, cookie: ++cookie }
      },
    }
    const [one, two] = [1, 2].map(() => createSessionWith(tab.ports, { server: customServer(server) })) as [
      TokenSession,
      TokenSession,
    ]
    await world.until(one.signIn(undefined, { login: 'l1' }))
    await world.until(two.signIn(undefined, { login: 'l1' }))
    const tokens = await world.until(Promise.all([one.getAccessToken(), two.getAccessToken()]))
    expect(tokens).toEqual(['a1', 'a2'])
    expect([one.getSnapshot().phase, two.getSnapshot().phase]).toEqual(['active', 'active'])
  })
})
