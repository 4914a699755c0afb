/**
 * Chromium as a user has it. Playwright keeps every page visible and focused, and a visible page can neither be frozen nor
 * throttled; a browser that it only connects to is left as it is, in its default context.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from '@playwright/test'
import { chromiumPath } from './browsers.js'

export async function withRealChromium(
  use: (context: BrowserContext) => Promise<void>,
  more: readonly string[] = [],
): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'sojourn-chromium-'))
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0']
  const child = spawn(chromiumPath(), [...flags, ...more, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    const endpoint = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.once('error', reject)
      child.once('exit', () => {
        reject(new Error(`Chromium did not start: ${said}`))
      })
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        const found = /ws:\/\/\S+(?=\s)/.exec(said)
        if (found) resolve(found[0])
      })
    })
    const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true })
    const context = browser.contexts()[0]
    if (!context) throw new Error('Chromium has no default context')
    await use(context)
    await browser.close()
  } finally {
    // Its helpers, which write into the profile, hold its error output as well.
    const gone = new Promise((resolve) => child.once('close', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill()
      await gone
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
