/** What becomes of the others when the tab that refreshes is gone, or stands still. */
import { expect, pause, test, type AnyTab } from './every.js'
import { prepare, standInLine, testEnd } from './lock-holder.js'

testEnd('S12 when the refreshing tab is closed', async (holder) => () => holder.close())

interface Stop {
  readonly stop: () => unknown
  readonly wake?: () => void
}
const pauses: readonly { how: string; find: (holder: AnyTab) => Promise<Stop> }[] = [
  {
    how: 'is suspended',
    find: async (holder) => {
      const { suspend, wake } = await holder.process()
      return { stop: suspend, wake }
    },
  },
  {
    how: 'hangs in a loop',
    find: async ({ run }) => ({
      stop: () =>
        run(() => {
          // A task of its own, and no timer: those come late in tabs in the background.
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () => {
            const until = performance.now() + 3000
            while (performance.now() < until);
            port1.close()
          }
          port2.postMessage(null)
        }),
    }),
  },
]
for (const { how, find } of pauses) {
  test(`S13 a refreshing tab ${how} for a while, and the others have a valid token, then the new one`, async ({
    tabs,
    tokens,
  }) => {
    const { holder, others, old, answer, readied } = await prepare(tabs, tokens, 'after', find)
    const [living, needy] = others
    const answered = await standInLine([needy])
    await readied.stop()
    answer()
    expect((await living.token()).token).toBe(old)
    await pause(1000)
    readied.wake?.()
    const [{ token } = { token: null }] = await answered()
    expect(token).not.toBe(old)
    expect(tokens.isLive(token ?? '')).toBe(true)
    // The tab learns of the new token later, and has a valid one meanwhile.
    await expect.poll(async () => (await living.token()).token).toBe(token)
    expect((await holder.token()).token).toBe(token)
    expect(tokens.counts).toEqual({ refreshes: 1, reuse: 0, graceUses: 0 })
  })
}
