import { describe, expect, it } from 'vitest'
import { cookieSession, type CookieOptions } from '../../src/servers/cookie.js'
import { createWorld, type Tab } from '../unit/session/world.js'

/** A backend that has ended the session, and redirects requests without one to its login page on another origin. */
const redirecting: typeof fetch = (_url, init) => {
  // Many frameworks recognise requests of scripts by this header.
  if (new Headers(init?.headers).get('X-Requested-With') === 'XMLHttpRequest')
    return Promise.resolve(new Response(null, { status: 401 }))
  if (init?.redirect !== 'manual') return Promise.reject(new TypeError('Failed to fetch'))
  const answer = Response.error()
  Object.defineProperty(answer, 'type', { value: 'opaqueredirect' })
  return Promise.resolve(answer)
}

/** A tab that comes back to a page whose session the backend has ended. */
async function back(options: Partial<CookieOptions>): Promise<Tab> {
  const world = createWorld()
  const server = cookieSession({ check: 'https://app.example/session', fetch: redirecting, ...options })
  const tab = world.tab({ server })
  await world.until(tab.session.signIn(undefined, { login: 'l1' }))
  await world.advance('1m')
  tab.hint('focus')
  await world.advance('1s')
  return tab
}

describe('a backend that answers with a redirect to its login page when a session is over', () => {
  // There, the browser followed the redirect to an origin that CORS forbids, each request failed like a broken network, and the page
  // went on showing the session. Right: the application recognises such a response in `isOver`, and the session ends.
  it('hivecommons/hive#7433, pnp/Microsoft365-Analytics-Insights#351: a redirect ends by isOver', async () => {
    const tab = await back({ isOver: ({ type, status }) => type === 'opaqueredirect' || status === 401 })
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })

  // The network of a hotel redirects as well. Without `isOver` of the application that signs nobody out.
  it('hivecommons/hive#7433: a redirect to a login page ends nothing without isOver', async () => {
    expect((await back({})).phase()).toBe('active')
  })

  // There, and in Spring Security, requests with this header get a 401 instead of the redirect.
  it('vert-x3/vertx-web#2935, VirtoCommerce/vc-platform#3093: a backend answers 401 to its header', async () => {
    const tab = await back({ headers: { 'X-Requested-With': 'XMLHttpRequest' } })
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
  })
})
