/** Four tabs in which anything happens at any time; afterwards they must agree. A seed that fails becomes a test with a name. */
import { expect, noTimeouts, pause, test, type Tab } from './fixtures.js'
import { TOKEN_MARK } from './server/token-server.js'

/** Numerical Recipes' generator: enough to make a run repeatable as far as a browser lets it. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * below)
  }
}

for (const seed of [1, 2]) {
  test(
    `four tabs agree after sixty random steps (seed ${String(seed)})`,
    { tag: '@chromium' },
    async ({ tabs, tokens }) => {
      const all = await tabs.openMany(4, noTimeouts)
      const random = createRandom(seed)
      const pending: Promise<unknown>[] = []
      const settle = (): Promise<unknown> => Promise.allSettled(pending.splice(0))
      const steps: (readonly [weight: number, (tab: Tab) => Promise<unknown>])[] = [
        [2, async (tab) => void pending.push(tab.signIn(tokens.issue()))],
        [1, async (tab) => void pending.push(tab.signOut())],
        [3, async (tab) => void pending.push(tab.token({ forceRefresh: true }))],
        [2, async (tab) => void pending.push(tab.tokens(3))],
        [1, async (tab) => settle().then(() => tab.page.reload())],
        [1, () => pause(random(50))],
      ]
      const bag = steps.flatMap(([weight, step]) => Array.from({ length: weight }, () => step))
      for (let count = 0; count < 60; count++) {
        const tab = all[random(all.length)]
        if (tab) await bag[random(bag.length)]?.(tab)
      }
      await settle()
      await Promise.all(all.map((tab) => tab.page.evaluate(() => window.harness.session.ready)))
      const different = async (seen: (tab: Tab) => Promise<unknown>): Promise<number> =>
        new Set(await Promise.all(all.map(seen))).size
      // News may still be on the way.
      await expect.poll(() => different(async (tab) => JSON.stringify(await tab.snapshot()))).toBe(1)
      await expect.poll(() => different(async (tab) => (await tab.token()).token)).toBe(1)
      const live = (await all[0]?.phase()) !== 'signedOut'
      expect(tokens.isLive((await all[0]?.token())?.token ?? '')).toBe(live)
      await expect
        .poll(
          async () => new Set((await all[0]?.stores())?.match(new RegExp(`rt\\.${TOKEN_MARK}\\.[\\w-]+`, 'g'))).size,
        )
        .toBe(live ? 1 : 0)
      expect(tokens.counts.reuse).toBe(0)
    },
  )
}
