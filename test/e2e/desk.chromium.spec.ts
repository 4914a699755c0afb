/** The desk of the demo: two tabs side by side, and what can be done to them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Frame, Page } from '@playwright/test'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { audit } from './dialogs.js'
import { expect, runIn, test as base } from './fixtures.js'

const test = base.extend<{ demo: Demo }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  demo: async ({}, use) => {
    const demo = await startDemo()
    await use(demo)
    await demo.close()
  },
})

/** The two tabs that lie side by side on the desk. */
async function openDesk(page: Page, url: string): Promise<[Frame, Frame]> {
  await page.goto(url)
  await expect.poll(() => page.frames().filter((frame) => frame.url().endsWith('/tab.html')).length).toBe(2)
  const [, one, two] = page.frames()
  if (!one || !two) throw new Error('no frames')
  for (const frame of [one, two]) await frame.locator('#phase', { hasText: /^(Signed out|Active)$/ }).waitFor()
  return [one, two]
}

const phaseOf = (frame: Frame): Promise<string | null> => frame.locator('#phase').textContent()

/** With the keyboard alone: on to what has this name, and press it. */
async function pressOn(page: Page, within: Frame, name: string, key = 'Enter'): Promise<void> {
  const isThere = (): Promise<boolean> =>
    within.evaluate((wanted) => {
      const active = document.activeElement
      const text = active instanceof HTMLInputElement ? (active.labels?.[0]?.textContent ?? '') : active?.textContent
      return document.hasFocus() && text?.trim() === wanted
    }, name)
  for (let steps = 0; !(await isThere()); steps++) {
    if (steps > 60) throw new Error(`The keyboard does not reach ${name}.`)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press(key)
}

test('two tabs on the desk are used by keyboard alone: signed in, broken and ended together', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  const [one, two] = await openDesk(page, demo.url)
  const desk = page.mainFrame()
  const both = async (phase: string): Promise<void> => {
    for (const frame of [one, two]) await expect.poll(() => phaseOf(frame)).toBe(phase)
  }
  await both('Signed out')

  await pressOn(page, one, 'Sign in')
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  await both('Active')

  // The choice of the desk reaches both tabs: it is another session, in which nobody is signed in.
  await pressOn(page, desk, '4 Try another setup')
  await pressOn(page, desk, 'Tokens', 'ArrowRight')
  await both('Signed out')
  await page.keyboard.press('ArrowLeft')
  await both('Active')

  const online = async (wanted: boolean): Promise<void> => {
    for (const frame of [one, two]) await expect.poll(() => frame.evaluate(() => navigator.onLine)).toBe(wanted)
  }
  // No network: the session goes on. A sleep of ten minutes: it is over, in both.
  await pressOn(page, desk, 'No network')
  await online(false)
  for (const frame of [one, two]) await expect(frame.locator('#answer.failed')).toContainText('offline')
  await both('Active')
  await pressOn(page, desk, 'Sleep 10 min')
  await both('Signed out')
  // A failure said that the session goes on.
  for (const frame of [one, two]) await expect(frame.locator('#answer')).toBeHidden()
  // Time has ended it, and no tab in particular.
  await expect(two.locator('#explanation')).toHaveText('Nobody was active in any tab, so the session ended.')

  // And a sign-in after all that, which sets the clock right.
  await pressOn(page, desk, 'No network')
  await online(true)
  await pressOn(page, two, 'Sign in')
  await two.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  await both('Active')
  await pressOn(page, desk, 'Works', 'ArrowLeft')
  // The desk makes both tabs ask.
  await both('Signed out')
  await expect(one.locator('#explanation')).toContainText('The server refused')
})

test('axe-core finds nothing on the desk, in its tabs and beside a script tag, wide and small, light and dark', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  const [one, two] = await openDesk(page, demo.url)
  await one.locator('#sign-in').click()
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  for (const frame of [one, two]) await expect.poll(() => phaseOf(frame)).toBe('Active')
  // All parts unfolded, with something in them.
  await one.evaluate(() => {
    for (const part of document.querySelectorAll('details')) part.open = true
  })
  await one.getByLabel('Item').fill('tea')
  await one.getByRole('button', { name: 'Add' }).click()
  await expect(one.locator('#cart-items li')).toHaveText('tea')
  await expect(one.locator('#feed-state')).toContainText('Connected')
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  // The other tab shows the same.
  const frames = [page.mainFrame(), one]
  for (const frame of frames) await frame.evaluate(axe)
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 320, height: 640 },
  ])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const frame of frames) expect((await audit(runIn(frame), 'body')).found).toEqual([])
      for (const frame of frames)
        expect(await frame.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
    }
  await page.goto(`${demo.url}/script-tag.html`)
  await page.getByRole('button', { name: 'Call the protected resource' }).click()
  await expect(page.locator('#log .problem')).toContainText('The call failed: signed_out')
  await page.evaluate(axe)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect((await audit(runIn(page), 'body')).found).toEqual([])
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false)
})

test('a phone shows what the desk is, and a login that fits into its tab, however long its address is', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  await page.setViewportSize({ width: 390, height: 844 })
  const [one] = await openDesk(page, demo.url)
  await expect(page.getByText('Sojourn keeps one user’s session the same in all tabs')).toBeVisible()
  const width = await one.evaluate(() => innerWidth)
  await one.locator('#sign-in').click()
  await one.locator('#name').waitFor()
  // The address of the login is above the tab by now, and longer than the tab is wide.
  await expect(page.locator('.chrome-address').first()).toContainText('/login/')
  expect(await one.evaluate(() => innerWidth)).toBe(width)
  expect(await one.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true)
})

/** Chooses a fault, and sees it in both tabs: in red, with the reason and the next try. */
async function expectFault(page: Page, frames: Frame[], fault: string, text: RegExp): Promise<void> {
  await page.getByLabel(fault).check()
  for (const frame of frames) {
    await expect(frame.locator('#answer.failed')).toHaveText(text)
    await expect(frame.locator('.dial')).toBeVisible()
  }
}

test('a fault is seen in both tabs at once: in red, with the reason and the next try, until it works again', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  const frames = await openDesk(page, demo.url)
  const [one] = frames
  await one.locator('#sign-in').click()
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  for (const frame of frames) await expect.poll(() => phaseOf(frame)).toBe('Active')
  // Each text that the countdown shows, and each that a screen reader says.
  await one.evaluate(() => {
    const texts = { shown: [] as string[], said: [] as string[] }
    Object.assign(window, { texts })
    const collect = (id: string, into: string[]): void => {
      const place = document.getElementById(id)
      if (place)
        new MutationObserver(() => into.push(place.textContent)).observe(place, { childList: true, subtree: true })
    }
    collect('next-try', texts.shown)
    collect('result', texts.said)
  })
  await expectFault(page, frames, '429', /^\s*(rate_limited|server): .* The session goes on\.\s+Next try in \d s\.\s*$/)
  await page.getByLabel('Works').check()
  for (const frame of frames) await expect(frame.locator('#answer:not(.failed)')).toContainText('here are new tokens')
  expect(demo.counters().total).toMatchObject({ reuse: 0, refused: 0 })
  type Texts = Record<'shown' | 'said', string[]>
  const { shown, said } = await one.evaluate(() => (window as unknown as { texts: Texts }).texts)
  const seconds = shown.map((text) => Number(/\d+/.exec(text)?.[0] ?? 0))
  // Down to nothing; a machine that is busy may miss a second.
  expect(seconds.length).toBeGreaterThan(3)
  expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => b - a))
  expect(seconds.at(-1)).toBe(0)
  expect(said.filter((text) => text.includes('Next try'))).toEqual([])
})

test('a failed call of a session by cookie is seen in both tabs, with the reason and the next try', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  await page.setViewportSize({ width: 390, height: 844 })
  const frames = await openDesk(page, `${demo.url}/?server=cookie`)
  const [one] = frames
  await one.locator('#sign-in').click()
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  for (const frame of frames) await expect.poll(() => phaseOf(frame)).toBe('Active')
  await expectFault(page, frames, '503', /^\s*server: .* 503\. The session goes on\.\s+Next try in \d s\.\s*$/)
  // On a phone too, without scrolling in the tab.
  const { top, bottom, height } = await one.evaluate(() => {
    const place = document.getElementById('answer')?.getBoundingClientRect() ?? new DOMRect()
    return { top: place.top, bottom: place.bottom, height: innerHeight }
  })
  expect(top).toBeGreaterThan(0)
  expect(bottom).toBeLessThanOrEqual(height)
  await page.getByLabel('Works').check()
  for (const frame of frames)
    await expect(frame.locator('#answer:not(.failed)')).toContainText(/It works again|The session goes on/)
})

test('a tab that hears of the other gets a spark, and its frame shows its title and address', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  const [one, two] = await openDesk(page, demo.url)
  const titles = page.locator('.chrome-title')
  await expect(titles).toHaveText(['Signed out · Sojourn', 'Signed out · Sojourn'])
  await expect(page.locator('.chrome-address').first()).toHaveText(`${new URL(demo.url).host}/tab.html`)
  await one.locator('#sign-in').click()
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  for (const frame of [one, two]) await expect.poll(() => phaseOf(frame)).toBe('Active')
  await expect(titles).toHaveText(['Active · Sojourn', 'Active · Sojourn'])
  await page.evaluate(() => {
    const flights: string[] = []
    Object.assign(window, { flights })
    new MutationObserver((changes) => {
      for (const { target } of changes)
        if ((target as Element).classList.contains('hears'))
          flights.push(target.parentElement?.querySelector('iframe')?.title ?? '')
    }).observe(document.body, { subtree: true, attributeFilter: ['class'] })
  })
  await one.locator('#leave').click()
  for (const frame of [one, two]) await expect.poll(() => phaseOf(frame)).toBe('Signed out')
  // Only the other tab has heard of it.
  const heard = (): Promise<string[]> => page.evaluate(() => (window as unknown as { flights: string[] }).flights)
  await expect.poll(async () => (await heard()).includes('Tab two')).toBe(true)
  await expect(page.locator('.spark')).toHaveCount(0)
  await expect(one.locator('#code')).toHaveText('await session.signOut()')
})

test('a sign-out is never told with a time before the sign-in, whatever the clock of the machine says', async ({
  context,
  demo,
}) => {
  const page = await context.newPage()
  const [one, two] = await openDesk(page, demo.url)
  await one.locator('#sign-in').click()
  await one.locator('#name').fill('Ada')
  await page.keyboard.press('Enter')
  for (const frame of [one, two]) await expect.poll(() => phaseOf(frame)).toBe('Active')
  await page.getByRole('button', { name: 'Clock back 10 min' }).click()
  await one.locator('#leave').click()
  await expect(one.locator('#explanation')).toHaveText('You signed out. It happened in this tab.')
  await expect(two.locator('#explanation')).toHaveText('You signed out. It happened in another tab.')
})

test('each link of each page of the demo leads to a page', async ({ context, demo }) => {
  const page = await context.newPage()
  const links = new Set<string>()
  for (const path of ['/', '/tab.html', '/script-tag.html', '/story.html']) {
    await page.goto(demo.url + path)
    const found = await page
      .locator('a[href]')
      .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href))
    for (const link of found) links.add(link)
  }
  expect(links.size).toBeGreaterThanOrEqual(4)
  for (const link of links) expect([link, (await page.request.get(link)).status()]).toEqual([link, 200])
})
