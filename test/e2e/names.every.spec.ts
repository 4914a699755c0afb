/** Two applications of one origin, in one page and in two, with each kind of store and with bound tokens. */
import { expect, test, type AnyTab } from './every.js'
import type { Kind } from './pages/names.js'

const kinds: readonly Kind[] = ['idb', 'idb-encrypted', 'local', 'session', 'memory']

async function open({ newTab }: { newTab: () => Promise<Pick<AnyTab, 'run' | 'goTo'>> }, origin: string) {
  const tab = await newTab()
  await tab.goTo(`${origin}/names`)
  await expect.poll(() => tab.run(() => 'names' in window)).toBe(true)
  return tab
}

for (const bound of [false, true]) {
  const how = bound ? ' bound to a key' : ''
  test(`S85: two names on one origin keep their tokens apart${how}, in each kind of store`, async ({
    profile,
    server,
  }) => {
    test.setTimeout(120_000)
    const [one, two] = [await open(profile, server.origin), await open(profile, server.origin)]
    for (const kind of kinds) {
      // WebKit's driver passes one argument.
      const given = { kind, bound, shop: `shop-${kind}`, admin: `admin-${kind}`, other: `shop-${kind}:1` }
      const { shop, admin, other } = given
      await one.run(async ({ shop, kind, bound }) => {
        window.names.open(shop, kind, bound)
        await window.names.signIn(shop)
      }, given)
      const before = await one.run(({ shop }) => window.names.refresh(shop), given)
      expect(before[0]).toBe(`${shop}-access-2`)

      // Another application opens in another tab, and one whose name is like the first's in the same page.
      for (const [tab, name] of [
        [two, admin],
        [one, other],
      ] as const) {
        const keys = await tab.run(
          async ({ name, kind, bound }) => {
            window.names.open(name, kind, bound)
            const phase = window.names.phase(name)
            // Its turn comes when what a new page removes is gone.
            await window.names.signIn(name)
            const answer = await window.names.refresh(name)
            await window.names.signOut(name)
            return [phase, ...answer]
          },
          { ...given, name },
        )
        expect(keys.slice(0, 2)).toEqual(['signedOut', `${name}-access-2`])
        if (bound) expect(keys[2]).not.toBe(before[1])
      }
      expect(await two.run(() => window.names.sent.splice(0))).toEqual([
        `${admin} /token ${admin}-refresh-1`,
        `${admin} /revoke ${admin}-refresh-2`,
      ])

      // The first has what it had, under the key that it had.
      expect(await one.run(({ shop }) => window.names.refresh(shop), given)).toEqual([`${shop}-access-3`, before[1]])
      await one.run(({ shop }) => window.names.signOut(shop), given)
      expect(await one.run(() => window.names.sent.splice(0))).toEqual([
        `${shop} /token ${shop}-refresh-1`,
        `${other} /token ${other}-refresh-1`,
        `${other} /revoke ${other}-refresh-2`,
        `${shop} /token ${shop}-refresh-2`,
        `${shop} /revoke ${shop}-refresh-3`,
      ])
      // Each process has its own copy of localStorage, and learns a moment later what another removed.
      for (const tab of [one, two])
        await expect.poll(() => tab.run(() => window.names.stores())).not.toMatch(/-(access|refresh)-\d/)
    }
  })
}

test('sveltejs/svelte#15327: tokens in the reactive state of a framework reach store and other tabs', async ({
  profile,
  server,
}) => {
  const [one, two] = [await open(profile, server.origin), await open(profile, server.origin)]
  for (const kind of ['idb', 'idb-encrypted', 'local'] as const) {
    const degraded = await one.run((given) => {
      window.names.open(given, given, false)
      return window.names.signInReactive(given)
    }, kind)
    expect(degraded).toEqual([])
    await two.run((given) => {
      window.names.open(given, given, false)
    }, kind)
    // Each process has its own copy of localStorage, and learns a moment later what another wrote.
    await expect.poll(() => two.run((given) => window.names.phase(given), kind)).toBe('active')
    expect(await two.run((given) => window.names.token(given), kind)).toBe(`${kind}-access-1`)
    await two.run((given) => window.names.signOut(given), kind)
    expect(await two.run(() => window.names.sent.splice(0))).toEqual([`${kind} /revoke ${kind}-refresh-1`])
  }
})

test('S86: applications of one origin that give no name are one session', async ({ tabs, tokens }) => {
  const [shop, admin] = await tabs.openTwo()
  const issued = tokens.issue({ accessLife: 3600 })
  await shop.signIn(issued)
  expect((await admin.next('signedIn')).detail['where']).toBe('elsewhere')
  expect((await admin.token()).token).toBe(issued.access_token)
  await admin.signOut()
  await shop.next('signedOut')
})
