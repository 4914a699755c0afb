/** What a page still has after `destroy()`: only the DevTools protocol can list listeners. */
import { isDeepStrictEqual } from 'node:util'
import type { CDPSession } from '@playwright/test'
import { expect, noTimeouts, test, type Tab } from './fixtures.js'

async function listeners(cdp: CDPSession): Promise<string[]> {
  const found: string[] = []
  for (const expression of ['window', 'document', 'document.documentElement', 'navigator.locks']) {
    const { result } = await cdp.send('Runtime.evaluate', { expression })
    if (result.objectId === undefined) throw new Error(`${expression} is no object`)
    const { listeners: all } = await cdp.send('DOMDebugger.getEventListeners', { objectId: result.objectId })
    found.push(...all.map(({ type }) => `${expression} ${type}`))
  }
  return found.sort()
}

/** From now on the page knows which of its timers are pending. */
async function watchTimers({ page }: Tab): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const pending = new Set<number>()
    const set = window.setTimeout.bind(window)
    const clear = window.clearTimeout.bind(window)
    window.setTimeout = ((callback: () => void, ms?: number) => {
      const id = set(() => {
        pending.delete(id)
        callback()
      }, ms)
      pending.add(id)
      return id
    }) as typeof setTimeout
    window.clearTimeout = ((id?: number) => {
      if (id !== undefined) pending.delete(id)
      clear(id)
    }) as typeof clearTimeout
    Object.assign(window, { pendingTimers: () => pending.size })
  })
  return () => page.evaluate(() => (window as unknown as { pendingTimers(): number }).pendingTimers())
}

test('`destroy()` leaves no listener, no timer and no lock', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ ...noTimeouts, manual: true })
  const cdp = await tab.page.context().newCDPSession(tab.page)
  const pending = await watchTimers(tab)
  const before = await listeners(cdp)
  await tab.page.evaluate(() => window.harness.start())
  // What it does at its start, such as looking for tokens of a session that is over, has limits of its own.
  await expect.poll(pending).toBe(0)
  await tab.signIn(tokens.issue({ accessLife: 60 }))
  await tab.click()
  const during = await listeners(cdp)
  expect(during.length).toBeGreaterThan(before.length + 10)
  await expect.poll(pending).toBe(1)
  await tab.page.evaluate(() => {
    window.harness.session.destroy()
  })
  // The page's own, which looks at returns from the back/forward cache.
  expect(await listeners(cdp)).toEqual([...before, 'window pageshow'].sort())
  expect(await pending()).toBe(0)
  expect(await tab.page.evaluate(() => navigator.locks.query())).toEqual({ held: [], pending: [] })
})

test('signed out, a page listens to no input and has no timer', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ manual: true })
  const cdp = await tab.page.context().newCDPSession(tab.page)
  const pending = await watchTimers(tab)
  await tab.page.evaluate(() => window.harness.start())
  const inputs = async (): Promise<string[]> =>
    (await listeners(cdp)).filter((name) => /pointer|key|wheel|touch|input|click|drag|composition/.test(name))
  const own = await inputs()
  await tab.signIn(tokens.issue())
  expect((await inputs()).length).toBeGreaterThan(own.length)
  await expect.poll(pending).toBe(1)
  await tab.signOut()
  // The listeners are removed when all tabs have shown the end.
  await expect.poll(inputs).toEqual(own)
  await expect.poll(pending).toBe(0)
})

test('1,000 sessions that were created and destroyed leave listeners, channels and heap as they were', async ({
  tabs,
  tokens,
}) => {
  const tab = await tabs.open(noTimeouts)
  await tab.signIn(tokens.issue())
  const cdp = await tab.page.context().newCDPSession(tab.page)
  await cdp.send('Performance.enable')
  /** How many of them are alive in the page. */
  const count = async (name: string): Promise<number> => {
    const { result } = await cdp.send('Runtime.evaluate', { expression: `${name}.prototype` })
    const { objects } = await cdp.send('Runtime.queryObjects', { prototypeObjectId: result.objectId ?? '' })
    const call = { objectId: objects.objectId ?? '', functionDeclaration: 'function () { return this.length }' }
    const { result: length } = await cdp.send('Runtime.callFunctionOn', call)
    await cdp.send('Runtime.releaseObject', { objectId: objects.objectId ?? '' })
    return length.value as number
  }
  const measure = async () => {
    // What the page itself has written down.
    await tab.page.evaluate(() => {
      window.harness.writes.length = 0
    })
    await cdp.send('HeapProfiler.collectGarbage')
    const { metrics } = await cdp.send('Performance.getMetrics')
    const metric = (name: string): number => metrics.find((one) => one.name === name)?.value ?? NaN
    const own = { listeners: metric('JSEventListeners'), heap: metric('JSHeapUsedSize') }
    return { ...own, channels: await count('BroadcastChannel'), signals: await count('AbortSignal') }
  }
  const pairs = (many: number): Promise<void> =>
    tab.page.evaluate((each) => {
      window.harness.pairs(each)
    }, many)
  /** As soon as nothing changes any more but the heap. */
  const settled = async (): Promise<Awaited<ReturnType<typeof measure>>> => {
    let last = await measure()
    await expect
      .poll(async () => {
        const before = { ...last, heap: 0 }
        last = await measure()
        return isDeepStrictEqual(before, { ...last, heap: 0 })
      })
      .toBe(true)
    return last
  }
  // The first ones warm the compiler.
  await pairs(300)
  const before = await settled()
  await pairs(1000)
  const after = await settled()
  expect({ ...after, heap: 0 }).toEqual({ ...before, heap: 0 })
  // Not even a tenth of a kilobyte for each.
  expect((after.heap - before.heap) / 1000).toBeLessThan(100)
})
