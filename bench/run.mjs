// @ts-check

// Measures Sojourn beside others, all in one run of one browser, and prints a table with the ratio of each.
// `--write` puts the figures into bench/results.json and docs/figures.md; test/dist/readme.test.ts holds the two together.
// `tabs` measures only how fast a sign-in and a sign-out reach other tabs, `connection` only what a connection costs an idle page.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, installDependencies, report, root } from '../scripts/lib.mjs'
import { disturbance } from './quiet.mjs'
import { describe, describeConnection, describeTabs, resultsPath } from './report.mjs'

/** @param {string} script @param {string[]} args */
function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', script), ...args], { stdio: 'inherit' })
  if (status !== 0) throw new Failure(`scripts/${script} failed.`)
}

/** @param {string} folder @returns {string} */
const versionIn = (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version

/** @template T @param {string} what @param {() => Promise<T>} work @returns {Promise<T>} */
const step = (what, work) => {
  console.log(`Measuring ${what} …`)
  return work()
}

/** @template T @param {(context: import('@playwright/test').BrowserContext, origin: string, chromium: string) => Promise<T>} work @returns {Promise<T>} */
async function onSite(work) {
  const { withChromium } = await import('./browser.mjs')
  const { startSite } = await import('./site.mjs')
  const site = await startSite()
  try {
    return await withChromium((context, chromium) => work(context, site.origin, chromium))
  } finally {
    site.close()
  }
}

async function measureTabsAlone() {
  const { measureTabs } = await import('./tabs.mjs')
  return onSite((context, origin) => step('sign-in and sign-out', () => measureTabs(context, origin)))
}

/** @returns {Promise<Required<import('./report.mjs').Results>>} */
async function measure() {
  const { measureHandlers, measureMoving } = await import('./input.mjs')
  const { measureStart } = await import('./start.mjs')
  const { measureTabs } = await import('./tabs.mjs')
  return onSite(async (context, origin, chromium) => {
    const [processor] = cpus()
    const names = ['react-idle-timer', '@vueuse/core', 'react', 'vue']
    return {
      where: {
        date: new Date().toISOString().slice(0, 10),
        processor: processor?.model.trim() ?? 'unknown processor',
        cores: cpus().length,
        system: `${type()} ${arch()}`,
        chromium,
      },
      versions: Object.fromEntries([
        ['sojourn', versionIn('.')],
        ...names.map((name) => [name, versionIn(`node_modules/${name}`)]),
      ]),
      handlers: await step('handlers', () => measureHandlers(context, origin)),
      start: await step('createSession', () => measureStart(context, origin)),
      ...(await step('sign-in and sign-out', () => measureTabs(context, origin))),
      moving: await step('a mouse that moves, for two minutes', () => measureMoving(context, origin)),
      connection: await measureConnection(context, origin),
    }
  })
}

/** @param {import('@playwright/test').BrowserContext} context @param {string} origin */
async function measureConnection(context, origin) {
  const { measureConnection } = await import('./connection.mjs')
  return step('an idle page with a connection, for three minutes', () => measureConnection(context, origin))
}

/** Says what was measured, and whether that is to be believed. @param {string} text */
function print(text) {
  console.log(`\n${text}`)
  const doubt = disturbance()
  if (doubt) console.log(`\n${doubt}`)
}

await report(async () => {
  installDependencies()
  run('build.mjs')
  if (process.argv.includes('tabs')) return print(describeTabs(await measureTabsAlone()))
  if (process.argv.includes('connection')) return print(describeConnection(await onSite(measureConnection)))
  const results = await measure()
  print([describe(results), describeTabs(results), describeConnection(results.connection)].join('\n\n'))
  if (!process.argv.includes('--write')) return
  const { format, resolveConfig } = await import('prettier')
  const path = fileURLToPath(resultsPath)
  writeFileSync(path, await format(JSON.stringify(results), { ...(await resolveConfig(path)), filepath: path }))
  run('readme-numbers.mjs', '--write')
})
