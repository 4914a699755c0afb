/** Paths and credentials in a page whose `<base>` leads elsewhere, and in a frame that has no address. */
import { expect, test, type AnyTab } from './every.js'

const paths = ['/token', '/revoke', '/alive', '/session', '/logout']
const wellKnown = ['/.well-known/oauth-authorization-server/realm', '/realm/.well-known/openid-configuration']

async function open({ newTab }: { newTab: () => Promise<Pick<AnyTab, 'run' | 'goTo'>> }, origin: string) {
  const tab = await newTab()
  await tab.goTo(`${origin}/urls`)
  await expect
    .poll(() => tab.run(() => 'urls' in window && 'urls' in (document.querySelector('iframe')?.contentWindow ?? {})))
    .toBe(true)
  return tab
}

test('a page whose base leads elsewhere sends nothing of a session there, by path or by default', async ({
  profile,
  server,
}) => {
  const { run } = await open(profile, server.origin)
  const other = server.otherOrigin
  await run((href) => window.urls.inject(href), `${other}/deep/page`)
  // The platform's own resolution goes by the base.
  expect(await run(() => new Request('/x').url)).toBe(`${other}/x`)
  expect(await run(() => window.urls.calls())).toEqual([...paths, ...wellKnown].map((path) => server.origin + path))
  const urls = ['/orders', 'orders', `${server.origin}/orders`, `//${new URL(other).host}/orders`]
  expect(await run((given) => window.urls.credentials(given), urls)).toEqual([false, false, true, false])
  expect(await run(() => window.urls.proved('/orders?x'))).toBe(`${server.origin}/orders`)
})

test('a srcdoc frame sends credentials to the origin of the page around it, and to no other', async ({
  profile,
  server,
}) => {
  const { run } = await open(profile, server.origin)
  const [inside, went, sent] = await run(
    async (given) => {
      const { location, urls } = document.querySelector('iframe')!.contentWindow!
      return [location.origin, await urls.calls(), await urls.credentials(given)] as const
    },
    ['/orders', `${server.origin}/orders`, `${server.otherOrigin}/orders`],
  )
  expect(inside).toBe('null')
  expect(went).toEqual([...paths, ...wellKnown].map((path) => server.origin + path))
  expect(sent).toEqual([true, true, false])
})
