// @ts-check

// How long `createSession` takes to the right phase where a session lives, in one new tab after the other.

import { quiet } from './quiet.mjs'
import { call } from './site.mjs'
import { median } from './stats.mjs'

const TABS = 40
const CALLS = 100

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
export async function measureStart(context, origin) {
  /** @param {string} query */
  const open = async (query) => {
    const page = await context.newPage()
    await page.goto(`${origin}/start${query}`)
    return page
  }
  const page = await open('')
  await call(page, 'signIn')
  await page.close()

  /** @param {'sojourn' | 'bare'} subject @returns {Promise<{ first: number, again: number }>} ms */
  const measure = async (subject) => {
    await quiet()
    const page = await open(`?subject=${subject}`)
    const first = await call(page, 'first')
    const again = median(await call(page, 'again', CALLS))
    await page.close()
    return { first, again }
  }
  /** @type {Record<'bare' | 'sojourn', { first: number, again: number }>[]} */
  const rounds = []
  // The first visits fill the cache.
  for (let tab = -5; tab < TABS; tab++) {
    const round = { bare: await measure('bare'), sojourn: await measure('sojourn') }
    if (tab >= 0) rounds.push(round)
  }
  // What is measured next begins signed out: it waits for `signedIn`, which a session in place of another does not cause.
  const last = await open('')
  await call(last, 'signOut')
  await last.close()

  /** @param {'first' | 'again'} key */
  const pair = (key) => ({
    sojourn: median(rounds.map(({ sojourn }) => sojourn[key])),
    bare: median(rounds.map(({ bare }) => bare[key])),
  })
  return { tabs: TABS, first: pair('first'), again: pair('again') }
}
