/** Applications on two subdomains, which share a cookie and nothing else. */
import { expect, noTimeouts, test, type PageConfig } from './every.js'

const config: PageConfig = { ...noTimeouts, companion: 'signed-in' }

/** As a server of the domain does; null removes the cookie. */
const setCookie = (value: string | null): void => {
  const { hostname } = location
  const domain = hostname.slice(hostname.indexOf('.') + 1)
  document.cookie = `signed-in=${String(value)}; Domain=${domain}; Path=/; SameSite=Lax${value ? '' : '; Max-Age=0'}`
}

test('S124 S126 a sign-out on one subdomain ends the session on another, as soon as the server confirms it', async ({
  tabs,
  tokens,
  server,
}) => {
  const { port } = new URL(server.origin)
  const at = (name: string): string => `http://${name}.sojourn.localhost:${port}`
  const one = await tabs.open(config, { origin: at('a') })
  await one.run(setCookie, '1')
  await one.signIn(tokens.issue())
  const two = await tabs.open(config, { origin: at('b') })
  expect(await two.run(() => document.cookie)).toBe('signed-in=1')
  await two.signIn(tokens.issue())

  // A browser without CookieStore looks when its user is active.
  const work = async (): Promise<void> => {
    for (const tab of [one, two]) {
      await tab.show()
      await tab.click('#press')
    }
  }
  // Somebody else has changed it: the server says that both sessions live.
  await one.run(setCookie, '2')
  await work()
  await expect.poll(() => tokens.tokenCalls().length).toBe(2)
  expect([await one.phase(), await two.phase()]).toEqual(['active', 'active'])

  tokens.revokeAll()
  await one.run(setCookie, null)
  await work()
  expect((await two.next('signedOut')).detail).toMatchObject({ reason: 'rejected' })
  expect((await one.next('signedOut')).detail).toMatchObject({ reason: 'rejected' })
})
