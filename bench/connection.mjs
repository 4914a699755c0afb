// @ts-check

// What a connection costs a page whose user does nothing, for a minute: alone, with a silent socket, and with a message every second.

import { pause } from './quiet.mjs'
import { call } from './site.mjs'

/** @typedef {import('./pages/connection.js').Cost} Cost */

const MINUTE = 60_000
/** What `sojourn` does a moment after a sign-in is no part of it. */
const SETTLED = 3_000

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
export async function measureConnection(context, origin) {
  /** @param {'alone' | 'connected' | 'told'} subject @returns {Promise<Cost>} */
  const measure = async (subject) => {
    const page = await context.newPage()
    await page.goto(`${origin}/connection`)
    await page.bringToFront()
    await call(page, 'prepare', subject)
    await pause(SETTLED)
    await call(page, 'reset')
    await pause(MINUTE)
    const cost = await call(page, 'read')
    await page.close()
    return cost
  }
  return { alone: await measure('alone'), connected: await measure('connected'), told: await measure('told') }
}
