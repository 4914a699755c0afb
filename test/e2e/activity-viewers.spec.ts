/** Work in PDF viewers and in frames of other origins, which send no events to the page. */
import { expect, pause, test, type PageConfig, type Tab, type Tabs } from './fixtures.js'

const idle = 12_000
const config: PageConfig = { options: { idleTimeout: idle, warnBefore: 1500, absoluteTimeout: false }, server: 'none' }
/** How long a user's activation lasts, in all engines, and how often it is looked at. */
const activation = 5000

/** `npm test` runs the first and the last, which browsers and the library treat most differently; `npm run test:all` runs all. */
const kinds = [
  { kind: 'embed', tag: [] },
  { kind: 'object', tag: '@long' },
  { kind: 'iframe', tag: '@long' },
  { kind: 'embed in a closed shadow tree', tag: '@long' },
  { kind: 'foreign in a closed shadow tree', tag: [] },
]

/** Opens a page with a viewer, and gives it the focus. */
async function openViewer(tabs: Tabs, kind: string): Promise<Tab> {
  const tab = await tabs.open(config, { path: '/viewers', search: { viewer: kind } })
  // Playwright's locators wait for ever in a page of Firefox with an <embed> in it.
  const { x, y } = await tab.page.evaluate(() => {
    const place = document.querySelector('#viewer')?.getBoundingClientRect()
    return { x: (place?.x ?? 0) + 300, y: (place?.y ?? 0) + 200 }
  })
  // The viewer of a browser comes up some time after the document that it shows.
  await expect
    .poll(async () => {
      await tab.page.mouse.click(x, y)
      return tab.page.evaluate(() => document.activeElement?.closest('#viewer')?.id)
    })
    .toBe('viewer')
  return tab
}

// In real time, for a user's activation knows no other.
// The tab with the viewer is never asked for anything meanwhile: a driver's questions count as a user's activation.
for (const { kind, tag } of kinds) {
  test(`S94 keys in a viewer count: ${kind}`, { tag }, async ({ tabs }) => {
    const watcher = await tabs.open(config)
    const tab = await openViewer(tabs, kind)
    await pause(activation)
    await watcher.signIn()
    const startedAt = (await watcher.next('signedIn')).at
    await pause(2000)
    await tab.page.keyboard.press('PageDown')
    const moved = async (): Promise<number> => ((await watcher.deadlines())?.endAt ?? 0) - startedAt - idle
    await expect.poll(moved, { timeout: 8000 }).toBeGreaterThanOrEqual(2000)
  })
}

for (const { kind, tag } of [
  { kind: 'embed', tag: '@long' },
  { kind: 'embed in a closed shadow tree', tag: '@chromium' },
]) {
  const title = `S94 a viewer that has the focus, and in which nobody works, keeps nobody awake: ${kind}`
  test(title, { tag }, async ({ tabs }) => {
    const watcher = await tabs.open(config)
    await openViewer(tabs, kind)
    await pause(activation)
    await watcher.signIn()
    expect((await watcher.next('signedOut')).detail['reason']).toBe('idle')
    const { endedAt } = (await watcher.snapshot()) as { endedAt: number }
    expect(endedAt - (await watcher.next('signedIn')).at).toBeLessThan(idle + 100)
  })
}

test(
  'S94 a viewer that is removed while it has the focus is no longer sampled',
  { tag: '@chromium' },
  async ({ tabs }) => {
    const tab = await openViewer(tabs, 'embed')
    await tab.signIn()
    const steps = await tab.page.evaluate(async () => {
      document.querySelector('#viewer > *')?.remove()
      await new Promise((resolve) => setTimeout(resolve, 5000))
      const before = window.harness.steps.length
      await new Promise((resolve) => setTimeout(resolve, 4500))
      return window.harness.steps.slice(before)
    })
    expect(steps).toEqual([])
  },
)
