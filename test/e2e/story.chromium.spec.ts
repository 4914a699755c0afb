/** The story of the demo, as one static file that a browser opens from the disk. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { writeFile } from 'node:fs/promises'
import type { Page, TestInfo } from '@playwright/test'
import { SCENES } from '../../demo/pages/story/scenes.js'
import { storyPage } from '../../scripts/story.mjs'
import { audit } from './dialogs.js'
import { expect, runIn, test } from './fixtures.js'

const captions = SCENES.map(({ caption }) => caption)
const shownIn = (page: Page): Promise<string[]> => page.locator('.mini-state').allTextContents()
const all = (state: string): string[] => Array<string>(5).fill(state)

/** Opens the file. What it asks of any host is an error. */
async function openStory(page: Page, info: TestInfo): Promise<string[]> {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('request', (request) => /^(file|data):/.test(request.url()) || errors.push(request.url()))
  const file = info.outputPath('story.html')
  await writeFile(file, await storyPage())
  await page.goto(pathToFileURL(file).href)
  return errors
}

/** Plays until the story is over, and returns what was shown: the captions, and how often somebody had asked the server by then. */
async function playToTheEnd(page: Page): Promise<{ captions: string[]; requests: string[] }> {
  await page.evaluate(() => {
    const seen: string[][] = []
    Object.assign(window, { seen })
    const text = (id: string): string => document.getElementById(id)?.textContent ?? ''
    const look = (): void => {
      if (seen.at(-1)?.[0] !== text('caption')) seen.push([text('caption'), ''])
      seen.at(-1)?.splice(1, 1, text('requests'))
    }
    look()
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  const isOver = async (): Promise<boolean> => {
    await page.clock.runFor(1000)
    return (await page.locator('#toggle').textContent()) === 'Play again'
  }
  await expect.poll(isOver, { intervals: [1] }).toBe(true)
  const seen = await page.evaluate(() => (window as unknown as { seen: string[][] }).seen)
  return { captions: seen.map(([caption = '']) => caption), requests: seen.map(([, requests = '']) => requests) }
}

test('the story plays by itself from a file: one request at the wake, and a sign-out that reaches five', async ({
  page,
}, info) => {
  await page.clock.install()
  const errors = await openStory(page, info)
  // Paused, it stays where it is.
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.clock.runFor(10_000)
  await expect(page.locator('#caption')).toHaveText(captions[0] ?? '')
  await page.getByRole('button', { name: 'Play' }).click()
  const seen = await playToTheEnd(page)
  expect(seen.captions).toEqual(captions)
  expect(seen.requests).toEqual(['0', '0', '0', '1', '1', '2', '2'])
  expect(await shownIn(page)).toEqual(all('Signed out'))
  expect(await page.locator('.mini-note').allTextContents()).toEqual([
    'signed out here',
    ...all('told by Cart').slice(1),
  ])
  expect(await page.locator('#served').textContent()).toBe('Revoked the tokens')
  expect(errors).toEqual([])
})

test('the story is paused and stepped through by keyboard, and stands still for those who want no motion', async ({
  page,
}, info) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 390, height: 844 })
  await openStory(page, info)
  const stageTop = (): Promise<number> => page.locator('#stage').evaluate((stage) => (stage as HTMLElement).offsetTop)
  const top = await stageTop()
  const press = async (name: string, key = 'Enter'): Promise<void> => {
    const button = page.getByRole('button', { name, exact: true })
    for (let steps = 0; steps < 10 && !(await button.evaluate((it) => it.matches(':focus-visible'))); steps++)
      await page.keyboard.press('Tab')
    await expect(button).toBeFocused()
    await page.keyboard.press(key)
  }
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible()
  const states = ['Signed out', 'Signed in', 'Signed in', 'Signed in', 'Ends in 1:53', 'Signed in', 'Signed out']
  for (const [number, state] of states.entries()) {
    if (number > 0) await press('Next')
    await expect(page.locator('#caption')).toHaveText(captions[number] ?? '')
    await expect.poll(() => shownIn(page)).toEqual(all(state))
    // However long its caption and its code are, on a phone too.
    expect(await stageTop()).toBe(top)
  }
  await expect(page.locator('#requests')).toHaveText('2')
  await expect(page.getByRole('button', { name: 'Play again' })).toBeVisible()
  await press('Back', ' ')
  await expect.poll(() => shownIn(page)).toEqual(all('Signed in'))
  await press('Start again')
  await expect(page.locator('#caption')).toHaveText(captions[0] ?? '')
  await press('Play')
  await expect(page.getByRole('button', { name: 'Pause' })).toBeFocused()
  await expect(page.locator('#caption')).toHaveText(captions[1] ?? '')
})

test('axe-core finds nothing in any scene of the story, on wide and small screens, light and dark', async ({
  page,
}, info) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await openStory(page, info)
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const looks = [
    { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
    { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
  ] as const
  for (const [number, caption] of captions.entries()) {
    if (number > 0) await page.getByRole('button', { name: 'Next' }).click()
    await expect(page.locator('#caption')).toHaveText(caption)
    await expect(page.locator('#shop [data-phase]')).toHaveCount(5)
    for (const { viewport, colorScheme } of looks) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      expect((await audit(runIn(page), 'body')).found).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    }
  }
})
