/** What one user keeps is never the next one's: docs/data.md. */
import { expect, test, type AnyTab } from './every.js'

type DataTab = Pick<AnyTab, 'run' | 'goTo'>

async function open({ newTab }: { newTab: () => Promise<DataTab> }, origin: string, idle = 900_000): Promise<DataTab> {
  const tab = await newTab()
  await tab.goTo(`${origin}/data?idle=${idle}`)
  await expect.poll(() => tab.run(() => 'data' in window)).toBe(true)
  return tab
}

const signIn = (tab: DataTab, login: string, keepData = true): Promise<unknown> =>
  tab.run(({ login, keepData }) => window.data.session.signIn(undefined, { ...(login && { login }), keepData }), {
    login,
    keepData,
  })
const stores = (tab: DataTab): Promise<string> => tab.run(() => window.data.stores())

test('S107: what libraries write late for one user is refused, and nothing of it is left in storage', async ({
  profile,
  server,
}) => {
  const [one, two] = [await open(profile, server.origin), await open(profile, server.origin)]
  await signIn(one, 'ada')
  await one.run(async () => {
    const { data } = window
    data.open('ada')
    data.of('ada').setItem('plain', 'of ada')
    data.cart.setState({ apples: 1815 })
    data.note.set('of ada')
    await data.persist('ada', 'of ada')
  })
  expect(await one.run(() => window.data.written)).toContain(true)
  await expect
    .poll(() => two.run(() => [window.data.note.get(), window.data.cart.getState().apples]))
    .toEqual(['of ada', 1815])
  const before = await one.run(() => window.data.written.length)
  await signIn(two, 'bob')
  await expect.poll(() => one.run(() => window.data.note.get())).toBe('')
  // The persisters still have something to write.
  await one.run(() => void window.data.persist('ada', 'of ada'))
  await expect.poll(() => one.run(() => window.data.written.length)).toBeGreaterThan(before + 1)
  await one.run(() => {
    window.data.of('ada').setItem('plain', 'of ada')
    window.data.clients[0]?.setQueryData(['mail'], 'of ada')
  })
  expect(await one.run((from) => window.data.written.slice(from), before)).not.toContain(true)
  for (const tab of [one, two]) {
    await tab.run(() => {
      window.data.open('bob')
    })
    expect(
      await tab.run(() => [
        window.data.of('bob').getItem('plain'),
        window.data.note.get(),
        window.data.cart.getState().apples,
      ]),
    ).toEqual([null, '', 0])
    await expect.poll(() => stores(tab)).not.toMatch(/of ada|1815/)
  }
  await two.run(() => window.data.of('bob').setItem('plain', 'of bob'))
  await expect.poll(() => one.run(() => window.data.of('bob').getItem('plain'))).toBe('of bob')
  expect(await one.run(() => window.data.of('ada').getItem('plain'))).toBeNull()
})

test('S107: a sign-out leaves no data in storage, in the task in which it is called', async ({ profile, server }) => {
  const [one, two] = [await open(profile, server.origin), await open(profile, server.origin)]
  await signIn(one, 'ada')
  await expect.poll(() => two.run(() => window.data.session.getSnapshot().phase)).toBe('active')
  const left = await one.run(() => {
    window.data.open('ada')
    window.data.of('ada').setItem('plain', 'of ada')
    void window.data.session.signOut()
    return window.data.stores()
  })
  expect(left).not.toContain('of ada')
  await expect.poll(() => two.run(() => window.data.session.getSnapshot().phase)).toBe('signedOut')
  expect(await stores(two)).not.toContain('of ada')
})

test('S109: the first read after the deadline gives null, before any timer could fire', async ({ profile, server }) => {
  const tab = await open(profile, server.origin, 1500)
  await signIn(tab, 'ada')
  expect(
    await tab.run(() => {
      const { data } = window
      data.open('ada')
      data.of('ada').setItem('plain', 'of ada')
      const wakesAt = performance.now() + 2000
      while (performance.now() < wakesAt);
      const { phase } = data.session.getSnapshot()
      return {
        isSignedOut: phase === 'signedOut',
        text: data.of('ada').getItem('plain'),
        left: data.stores().includes('of ada'),
      }
    }),
  ).toEqual({ isSignedOut: false, text: null, left: false })
})

test('S110: a cart from before the login goes along with it, also over a reload, and never to the next user', async ({
  profile,
  server,
}) => {
  const first = await open(profile, server.origin)
  await signIn(first, '')
  await first.run(() => {
    window.data.cart.setState({ apples: 3 })
  })
  const tab = await open(profile, server.origin)
  await expect.poll(() => tab.run(() => window.data.cart.getState().apples)).toBe(3)
  await signIn(tab, 'ada')
  expect(await tab.run(() => window.data.cart.getState().apples)).toBe(3)
  await expect.poll(() => first.run(() => window.data.cart.getState().apples)).toBe(3)
  await signIn(tab, 'bob')
  expect(await tab.run(() => window.data.cart.getState().apples)).toBe(0)
  await expect.poll(() => first.run(() => window.data.cart.getState().apples)).toBe(0)
  await expect.poll(() => stores(first)).not.toContain('apples')
})
