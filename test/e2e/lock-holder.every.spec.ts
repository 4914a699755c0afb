/** What becomes of the others when the tab that refreshes is gone, or stands still. */
import { expect, pause, test, type AnyTab } from './every.js'
import { prepare, testEnd } from './lock-holder.js'

testEnd('S12 when the refreshing tab is closed', (holder) => holder.close())

const pauses: readonly { how: string; stop: (holder: AnyTab) => Promise<() => void> }[] = [
  { how: 'is suspended', stop: (holder) => holder.suspend() },
  {
    how: 'hangs in a loop',
    stop: async ({ run }) => {
      await run(() => {
        // A task of its own, and no timer: those come late in tabs in the background.
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => {
          const until = performance.now() + 3000
          while (performance.now() < until);
          port1.close()
        }
        port2.postMessage(null)
      })
      return () => undefined
    },
  },
]
for (const { how, stop } of pauses) {
  test(`S13 when the refreshing tab ${how} for a while, the others have their living token meanwhile, and then all share the new one`, async ({
    tabs,
    tokens,
  }) => {
    const { holder, others, old, answer } = await prepare(tabs, tokens, 'after')
    const [living, needy] = others
    const wake = await stop(holder)
    const waiting = needy.token({ forceRefresh: true })
    // What a page is asked later it answers later.
    await needy.phase()
    answer()
    expect((await living.token()).token).toBe(old)
    await pause(1000)
    wake()
    const { token } = await waiting
    expect(token).not.toBe(old)
    expect(tokens.isLive(token ?? '')).toBe(true)
    // It hears of the new one in its own time, and has one that lives meanwhile.
    await expect.poll(async () => (await living.token()).token).toBe(token)
    expect((await holder.token()).token).toBe(token)
    expect(tokens.counts).toEqual({ refreshes: 1, reuse: 0, graceUses: 0 })
  })
}
