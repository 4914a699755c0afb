// @ts-check

// What one input event costs: in the handlers alone, and with everything that follows from it while a mouse moves on.

import { pause, quiet } from './quiet.mjs'
import { call } from './site.mjs'
import { median } from './stats.mjs'

/** @typedef {import('@playwright/test').Page} Page */
/** @typedef {import('./pages/candidates.js').Candidate} Candidate */
/** @template T @typedef {Record<Candidate, T>} Each */
/** @typedef {{ microseconds: number, bytes: number, handled: string[] }} HandlerCost */
/** @typedef {{ microseconds: number, timers: number, storage: number, messages: number }} MovingCost Per move; the rest per second. */

const ROUNDS = 40
const ACTIONS = 20_000

/** @type {readonly Candidate[]} */
const candidates = ['sojourn', 'empty', 'reactIdleTimer', 'reactIdleTimerTabs', 'vueuse']

/** @template T @param {(candidate: Candidate) => T} make @returns {Each<T>} */
const each = (make) =>
  /** @type {Each<T>} */ (Object.fromEntries(candidates.map((candidate) => [candidate, make(candidate)])))

/** @type {Readonly<Record<'move' | 'key', (page: Page, nth: number) => Promise<void>>>} */
const actions = {
  move: (page, nth) => page.mouse.move(100 + 20 * nth, 200 + 10 * nth),
  key: (page, nth) => page.keyboard.press(`${nth}`),
}

/** @param {Page} page @param {'move' | 'key'} action @returns {Promise<Each<HandlerCost>>} */
async function timeHandlers(page, action) {
  const act = actions[action]
  // The first of its kind brings others along: the pointer enters, the selection changes.
  await act(page, 0)
  await call(page, 'record')
  await act(page, 1)
  await act(page, 2)
  await quiet()
  /** @type {Each<import('./pages/handlers.js').HandlerCost>} */
  const costs = await call(page, 'measure', ROUNDS, ACTIONS)
  return each((candidate) => {
    const { rounds, bytes, handled } = costs[candidate]
    return { microseconds: median(rounds) / 1e3, bytes: Math.round(median(bytes)), handled }
  })
}

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
export async function measureHandlers(context, origin) {
  const page = await context.newPage()
  await page.goto(`${origin}/handlers`)
  await call(page, 'prepare')
  await page.focus('#field')
  const move = await timeHandlers(page, 'move')
  const key = await timeHandlers(page, 'key')
  await page.close()
  return { move, key }
}

const RATE = 60
const SECONDS = 5

/** Moves the mouse in steps of `every` ms. @param {Page} page @param {number} count @param {number} every */
async function move(page, count, every) {
  const start = performance.now()
  for (let nth = 0; nth < count; nth++) {
    await page.mouse.move(50 + (nth % 600), 100 + (nth % 7))
    const left = start + (nth + 1) * every - performance.now()
    if (left > 0) await pause(left)
  }
  return (performance.now() - start) / 1000
}

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin @returns {Promise<Each<MovingCost>>} */
export async function measureMoving(context, origin) {
  const pages = await Promise.all(candidates.map(() => context.newPage()))
  /** @type {Each<(import('./pages/moving.js').Moving & { seconds: number })[]>} */
  const rounds = each(() => [])
  for (const [nth, page] of pages.entries()) {
    await page.goto(`${origin}/moving`)
    await page.bringToFront()
    await call(page, 'prepare', candidates[nth])
    // A mouse has moved a while before anything is compiled to its end.
    await move(page, 2000, 0)
  }
  for (let round = 0; round < 4; round++)
    for (const [nth, page] of pages.entries()) {
      await page.bringToFront()
      await quiet()
      await move(page, RATE, 1000 / RATE)
      await call(page, 'reset')
      const seconds = await move(page, RATE * SECONDS, 1000 / RATE)
      const candidate = candidates[nth]
      if (candidate) rounds[candidate].push({ ...(await call(page, 'read')), seconds })
    }
  await Promise.all(pages.map((page) => page.close()))
  return each((candidate) => {
    /** @param {'timers' | 'storage' | 'messages'} key */
    const perSecond = (key) => median(rounds[candidate].map((round) => round[key] / round.seconds))
    return {
      microseconds: median(rounds[candidate].map(({ ms, moves }) => (ms * 1e3) / moves)),
      timers: perSecond('timers'),
      storage: perSecond('storage'),
      messages: perSecond('messages'),
    }
  })
}
