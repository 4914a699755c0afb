// @ts-check

// How long a sign-out takes to reach nine other tabs, against a bare BroadcastChannel message between the same pages.

import { pause, quiet } from './quiet.mjs'
import { call } from './site.mjs'
import { median } from './stats.mjs'

const TABS = 10
const ROUNDS = 40

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
export async function measureSignOut(context, origin) {
  const pages = []
  for (let tab = 0; tab < TABS; tab++) {
    const page = await context.newPage()
    await page.goto(`${origin}/tabs?tab=${tab}`)
    pages.push(page)
  }
  const [first, ...others] = pages
  if (!first) throw new Error('No tab was opened.')
  await first.bringToFront()

  /** By how many ms the clocks of two pages differ at most. */
  let clocks = 0
  for (let tab = 1; tab < TABS; tab++) clocks = Math.max(clocks, Math.abs(await call(first, 'clockAhead', tab, 50)))

  /** @type {Record<'sojourn' | 'bare', number[][]>} */
  const rounds = { sojourn: [], bare: [] }
  for (let round = 0; round < ROUNDS; round++)
    for (const subject of /** @type {const} */ (['bare', 'sojourn'])) {
      if (subject === 'sojourn') {
        await call(first, 'signIn')
        await Promise.all(pages.map((page) => call(page, 'active')))
      }
      // Nothing else is to happen meanwhile: who has heard it is asked for later.
      await quiet()
      const start = await call(first, subject === 'sojourn' ? 'signOut' : 'say')
      await pause(300)
      const arrivals = await Promise.all(others.map((page) => call(page, 'arrived')))
      if (arrivals.some((at) => at === 0)) throw new Error(`A tab has not heard within 300 ms (${subject}).`)
      rounds[subject].push(arrivals.map((at) => at - start))
    }
  await Promise.all(pages.map((page) => page.close()))

  /** @param {(rounds: number[][]) => number} measure */
  const pair = (measure) => ({ sojourn: measure(rounds.sojourn), bare: measure(rounds.bare) })
  return {
    rounds: ROUNDS,
    clocks,
    each: pair((rounds) => median(rounds.flat())),
    last: pair((rounds) => median(rounds.map((round) => Math.max(...round)))),
    slowest: pair((rounds) => Math.max(...rounds.flat())),
  }
}
