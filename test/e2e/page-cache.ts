/** Ways into the back/forward cache and out of it. */
import { arrived, expect, type AnyTab } from './every.js'

/** What the page says, where it can be seen. */
export const shownText = ({ run }: AnyTab): Promise<string | null> =>
  run(() => {
    const app = document.querySelector('#app')
    return app && getComputedStyle(app).visibility === 'visible' ? app.textContent : null
  }).catch(() => null)

const stored = ({ run }: AnyTab): Promise<string> => run(() => JSON.stringify(Object.entries(localStorage).sort()))

/**
 * The browser, too, knows that the tab holds no lock of the library: Firefox keeps no page that holds one, and hears of the release a
 * moment later.
 */
export const rested = ({ run }: AnyTab): Promise<void> =>
  expect
    .poll(() =>
      run(async () => {
        const { locks } = navigator as Partial<Navigator>
        const held = (await locks?.query())?.held ?? []
        return held.filter(({ name }) => name?.startsWith('sojourn:')).length
      }),
    )
    .toBe(0)

/**
 * There and back again; what is done `meanwhile` the page misses, or not. What `other` wrote then has reached the process of
 * the tab, whose copy of localStorage is all that a page can go by when it comes back.
 */
export async function leave(tab: AnyTab, meanwhile: () => Promise<unknown>, other: AnyTab = tab): Promise<void> {
  const from = await tab.run(() => location.pathname)
  const shown = (await tab.returns()).length
  await tab.goTo(`${await tab.run(() => location.origin)}/away`)
  await meanwhile()
  await expect.poll(async () => (await stored(tab)) === (await stored(other))).toBe(true)
  await tab.back().catch(() => undefined)
  await expect.poll(() => tab.run(() => location.pathname).catch(() => '')).toBe(from)
  await arrived(tab)
  // A page from the cache can run code before its `pageshow` event.
  await expect.poll(async () => (await tab.returns().catch(() => [])).length).toBeGreaterThan(shown)
}

/**
 * Nothing of a session is shown: neither by the page that came back, in `pageshow` and all frames, nor by what it became.
 * Returns whether there was one that came back, since so many returns.
 */
export async function expectNothingShown(tab: AnyTab, since = 0): Promise<boolean> {
  await expect.poll(() => tab.phase().catch(() => '')).toBe('signedOut')
  await expect.poll(() => shownText(tab)).toBe('Signed out')
  const back = (await tab.returns()).slice(since).filter(({ persisted }) => persisted)
  for (const { frames } of back) {
    expect(frames.length).toBeGreaterThan(0)
    expect(frames.filter(({ visible }) => visible)).toEqual([])
  }
  return back.length > 0
}

/** From now on this tab posts no message. */
export const silence = ({ run }: AnyTab): Promise<void> =>
  run(() => {
    // Where there is no channel there is nothing to silence.
    const { BroadcastChannel } = window as Partial<typeof globalThis>
    if (BroadcastChannel) BroadcastChannel.prototype.postMessage = () => undefined
  })
