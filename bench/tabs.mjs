// @ts-check

// How long a sign-in and a sign-out take to reach nine other tabs, against a bare BroadcastChannel message between the same pages.

import { pause, quiet } from './quiet.mjs'
import { call } from './site.mjs'
import { median } from './stats.mjs'

const TABS = 10
const ROUNDS = 40

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
export async function measureTabs(context, origin) {
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

  /** @type {Record<'say' | 'signIn' | 'signOut', number[][]>} */
  const rounds = { say: [], signIn: [], signOut: [] }
  for (let round = 0; round < ROUNDS; round++)
    for (const act of /** @type {const} */ (['say', 'signIn', 'signOut'])) {
      // Nothing else is to happen meanwhile: who has heard it is asked for later.
      await quiet()
      const start = await call(first, act)
      await pause(300)
      const arrivals = await Promise.all(others.map((page) => call(page, 'arrived')))
      if (arrivals.some((at) => at === 0)) throw new Error(`A tab has not heard within 300 ms (${act}).`)
      rounds[act].push(arrivals.map((at) => at - start))
    }
  await Promise.all(pages.map((page) => page.close()))

  /** @param {'signIn' | 'signOut'} act @returns {import('./report.mjs').Reach} */
  const reach = (act) => {
    /** @param {(rounds: number[][]) => number} measure */
    const pair = (measure) => ({ sojourn: measure(rounds[act]), bare: measure(rounds.say) })
    return {
      rounds: ROUNDS,
      clocks,
      each: pair((rounds) => median(rounds.flat())),
      last: pair((rounds) => median(rounds.map((round) => Math.max(...round)))),
      slowest: pair((rounds) => Math.max(...rounds.flat())),
    }
  }
  return { signIn: reach('signIn'), signOut: reach('signOut') }
}
