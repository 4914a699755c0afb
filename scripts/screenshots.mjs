// @ts-check

// Takes the pictures of docs/pictures: the demo's main states, and two tabs that warn and sign out together.
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
    height: 1040,
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
    height: 1040,
    dark: true,
    async go(desk) {
      await signIn(desk, 'Grace')
      await desk.page.getByLabel('503').check()
      await pass(desk, 16)
      await desk.one.locator('#refresh').click()
      await desk.one.locator('#result', { hasText: 'No new token' }).waitFor()
      await desk.page.getByText('Out of service').waitFor()
      await pass(desk, 1)
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

/** A pointer to be seen in the film; the browser draws none into its pictures. @param {Page} page */
const showPointer = (page) =>
  page.evaluate(() => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    svg.id = 'pointer'
    svg.setAttribute('viewBox', '0 0 24 24')
    svg.style.cssText = 'position:fixed;left:0;top:0;width:26px;height:26px;z-index:9;pointer-events:none'
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    path.setAttribute('d', 'M4 2v17l4.6-4.3 3 7 3-1.3-3-6.8h6.2z')
    path.setAttribute('stroke-width', '1.4')
    path.style.cssText = 'fill:#111;stroke:#fff'
    svg.append(path)
    document.body.append(svg)
  })

/** Two tabs are warned, one answers, one signs out: each for both. @param {Desk} desk @returns {Promise<{ frames: Buffer[], delay: number[] }>} */
async function film(desk) {
  const { page, one, two } = desk
  /** @type {Buffer[]} */
  const frames = []
  /** @type {number[]} */
  const delay = []
  const tabs = page.locator('.frames')
  await tabs.evaluate((element) => {
    element.scrollIntoView({ block: 'center' })
  })
  const box = await tabs.boundingBox()
  if (!box) throw new Error('There is nothing to see.')
  const take = async (/** @type {number} */ ms) => {
    frames.push(await page.screenshot({ clip: box }))
    delay.push(ms)
  }
  let [x, y] = [box.x + box.width / 2, box.y + box.height - 60]
  const point = () =>
    page.evaluate((at) => {
      const pointer = document.querySelector('#pointer')
      if (pointer instanceof SVGElement) pointer.style.transform = `translate(${String(at[0])}px,${String(at[1])}px)`
    }, /** @type {const} */ ([x, y]))
  const moveTo = async (/** @type {import('@playwright/test').Locator} */ target) => {
    const to = await target.boundingBox()
    if (!to) throw new Error('There is nothing to point at.')
    const [dx, dy] = [to.x + to.width * 0.6 - x, to.y + to.height * 0.6 - y]
    const steps = 7
    const from = { x, y }
    for (let step = 1; step <= steps; step++) {
      const part = (1 - Math.cos((Math.PI * step) / steps)) / 2
      x = from.x + dx * part
      y = from.y + dy * part
      await point()
      await take(60)
    }
  }

  // Timed by the clock, because a screenshot takes a while.
  await page.clock.pauseAt(Date.now() + 2000)
  await showPointer(page)
  await point()
  await take(900)
  await untilWarned(desk)
  await take(700)
  for (let second = 0; second < 2; second++) {
    await pass(desk, 1)
    await take(700)
  }
  const stay = one.locator('.sojourn-dialog #stay')
  await moveTo(stay)
  await take(300)
  await stay.click()
  for (const tab of [one, two]) await tab.getByRole('alertdialog').waitFor({ state: 'hidden' })
  await pass(desk, 1)
  await take(1000)
  const leave = two.locator('#leave')
  await moveTo(leave)
  await take(300)
  await leave.click()
  for (const tab of [one, two]) await tab.locator('#sign-in').waitFor()
  await take(2600)
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
    const desk = await openDesk(browser, demo.url, { width: 920, height: 460 })
    await signIn(desk, 'Ada')
    const { frames, delay } = await film(desk)
    await sharp(frames, { join: { animated: true } })
      .webp({ delay, loop: 0, quality: 65, effort: 6 })
      .toFile(join(folder, 'together.webp'))
    console.log('docs/pictures/together.webp')
  } finally {
    await browser.close()
    await demo.close()
  }
})
