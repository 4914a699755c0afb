// @ts-check

// Chromium as a user has it: one window, a profile on disk (which keeps compiled scripts), and only one tab visible.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { provideBrowsers } from '../scripts/browsers.mjs'

const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--remote-debugging-port=0',
  // To see what is allocated.
  '--js-flags=--expose-gc',
  '--enable-precise-memory-info',
]

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} where it listens for Playwright */
const endpointOf = (child) =>
  new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`Chromium did not start: ${said}`)))
    child.stderr?.on('data', (chunk) => {
      said += chunk
      const found = /ws:\/\/\S+/.exec(said)
      if (found) resolve(found[0])
    })
  })

/**
 * @template T
 * @param {(context: import('@playwright/test').BrowserContext, version: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withChromium(use) {
  if (!existsSync(path)) provideBrowsers()
  const profile = await mkdtemp(join(tmpdir(), 'sojourn-bench-'))
  const child = spawn(path, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    // Without defaults: Playwright's would keep every tab visible and focused.
    const browser = await chromium.connectOverCDP(await endpointOf(child), { noDefaults: true })
    const [context] = browser.contexts()
    if (!context) throw new Error('Chromium has no default context.')
    const result = await use(context, browser.version())
    await browser.close()
    return result
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill()
      await gone
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
