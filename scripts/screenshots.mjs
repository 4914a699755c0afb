// @ts-check

// Takes the pictures of docs/pictures: the demo's main states, and its story as a film.
// Look at them before you commit them.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import sharp from 'sharp'
import { provideBrowsers } from './browsers.mjs'
import { report, root } from './lib.mjs'

const folder = join(root, 'docs/pictures')

/**
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {import('@playwright/test').FrameLocator} Tab
 * @typedef {{ page: Page, one: Tab, two: Tab }} Desk
 */

/** As a person would, in the first tab. @param {Desk} desk @param {string} name */
async function signIn({ one, two }, name) {
  await one.locator('#sign-in').click()
  await one.locator('#name').fill(name)
  await one.getByRole('button', { name: 'Sign in' }).click()
  for (const tab of [one, two]) await tab.locator('#leave').waitFor()
}

/** Lets the session's time pass: as for a machine that slept, and then a second in which all that is shown catches up. @param {Desk} desk @param {number} seconds */
async function pass({ page }, seconds) {
  await page.clock.fastForward((seconds - 1) * 1000)
  await page.clock.fastForward(1000)
}

/** @param {Desk} desk */
async function untilWarned(desk) {
  await pass(desk, 41)
  for (const tab of [desk.one, desk.two]) await tab.getByRole('alertdialog').waitFor()
}

/** The states, by the name of their picture: how it is looked at, and what happened before. @type {Record<string, { width: number, height: number, dark?: boolean, whole?: boolean, go: (desk: Desk) => Promise<void> }>} */
const states = {
  desk: {
    width: 1440,
    height: 900,
    async go(desk) {
      await signIn(desk, 'Ada')
      await pass(desk, 16)
      await desk.two.locator('#call').click()
      await desk.two.locator('#result', { hasText: 'Hello' }).waitFor()
      await pass(desk, 3)
    },
  },
  broken: {
    width: 1440,
    height: 900,
    dark: true,
    async go(desk) {
      await signIn(desk, 'Grace')
      await pass(desk, 16)
      await desk.page.getByLabel('503').check()
      await desk.page.getByText('Out of service').waitFor()
      await pass(desk, 1)
      for (const tab of [desk.one, desk.two]) await tab.locator('#answer.failed').waitFor()
    },
  },
  phone: {
    width: 390,
    height: 844,
    async go(desk) {
      await signIn(desk, 'Alan')
      await untilWarned(desk)
      await desk.page.locator('#tabs').evaluate((tabs) => {
        tabs.scrollIntoView()
      })
    },
  },
}

/** @param {import('@playwright/test').Browser} browser @param {string} url @param {{ width: number, height: number, dark?: boolean }} look @returns {Promise<Desk>} */
async function openDesk(browser, url, { width, height, dark }) {
  const page = await browser.newPage({
    viewport: { width, height },
    deviceScaleFactor: 1.5,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  await page.clock.install()
  await page.goto(url)
  const [one, two] = ['Tab one', 'Tab two'].map((title) => page.frameLocator(`iframe[title="${title}"]`))
  if (!one || !two) throw new Error('The desk has no tabs.')
  for (const tab of [one, two]) await tab.locator('#sign-in').waitFor()
  return { page, one, two }
}

/** So much of the story passes from one picture of the film to the next, ms. */
const STEP_MS = 120
/** How long the last picture stays. */
const REST_MS = 3000

/** The story of the demo, with its own pointer and sparks. Its time is the page's clock, so it is the same film each time. @param {Page} page @param {string} url @returns {Promise<{ frames: Buffer[], delay: number[] }>} */
async function film(page, url) {
  /** @type {Buffer[]} */
  const frames = []
  /** @type {number[]} */
  const delay = []
  await page.clock.install()
  await page.goto(`${url}/story.html`)
  await page.clock.pauseAt(Date.now() + 5000)
  await page.getByRole('button', { name: 'Start again' }).click()
  const [top, bottom] = await Promise.all([page.locator('.told').boundingBox(), page.locator('#stage').boundingBox()])
  if (!top || !bottom) throw new Error('There is nothing to see.')
  const clip = { x: 0, y: top.y - 8, width: 720, height: bottom.y + bottom.height - top.y + 16 }
  // The world of the story runs between two pictures, in tasks of its own.
  const settle = () =>
    page.evaluate(async () => {
      for (let tasks = 0; tasks < 50; tasks++)
        await new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = resolve
          port2.postMessage(null)
        })
    })
  for (let isOver = false; !isOver;) {
    await page.clock.runFor(STEP_MS)
    await settle()
    const frame = await page.screenshot({ clip, animations: 'disabled' })
    const last = delay.length - 1
    if (frames[last]?.equals(frame)) delay[last] = (delay[last] ?? 0) + STEP_MS
    else {
      frames.push(frame)
      delay.push(STEP_MS)
    }
    isOver = (await page.locator('#toggle').textContent()) === 'Play again'
  }
  delay[delay.length - 1] = REST_MS
  return { frames, delay }
}

await report(async () => {
  provideBrowsers()
  const { startDemo } = await import('../demo/server/start.mjs')
  const demo = await startDemo()
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, state] of Object.entries(states)) {
      const desk = await openDesk(browser, demo.url, state)
      await state.go(desk)
      await sharp(await desk.page.screenshot())
        .webp({ quality: 72, effort: 6 })
        .toFile(join(folder, `${name}.webp`))
      demo.setFault('none')
      await desk.page.close()
      console.log(`docs/pictures/${name}.webp`)
    }
    const page = await browser.newPage({ viewport: { width: 720, height: 720 }, colorScheme: 'light' })
    const { frames, delay } = await film(page, demo.url)
    await sharp(frames, { join: { animated: true } })
      .webp({ delay, loop: 0, quality: 75, effort: 6, minSize: true })
      .toFile(join(folder, 'together.webp'))
    console.log('docs/pictures/together.webp')
  } finally {
    await browser.close()
    await demo.close()
  }
})
