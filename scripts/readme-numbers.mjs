// @ts-check

// Measures the numbers of the README and of docs/figures.md: `--write` puts them there, without it they are printed. Sizes and the
// hash of the script are those of `dist`; speeds are those that `npm run bench -- --write` has put into bench/results.json.
// test/dist/readme.test.ts fails if a page differs from the measurement.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { describe, readResults } from '../bench/report.mjs'
import { Failure, report, root } from './lib.mjs'
import { integrity } from './release.mjs'

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** What the design wanted each to cost at most, in kB. docs/decisions/0004-size.md says why it costs more. @type {Readonly<Record<string, number>>} */
const GOALS = {
  '`createSession` from `sojourn`': 5.9,
  'the same with `cookieSession` and `createFetch`': 8.8,
  'the same with `oauth`': 9.9,
  'the same with `oauth`, `createFetch` and `idbTokens`': 11.2,
  '`dist/sojourn.core.min.js`': 5.9,
  '`dist/sojourn.min.js`': 16.5,
  '`sojourn/data`, beside the core': 0.6,
  '`connect` from `sojourn/connect`, beside the core': 0.9,
  'the same with `webSocket`': 1.1,
  '`eventStream` alone': 0.5,
  '`sojourn/login`, beside the core, `oauth` and `oauth4webapi`': 1.1,
  '`sojourn/journal`, beside the core': 0.7,
  '`sojourn/otel`, beside the core': 0.3,
  '`sojourn/companion`, beside the core': 0.35,
  '`sojourn/dialog`': 2.3,
  '`sojourn/inspector`': 2.7,
  '`sojourn/angular`, beside what it shares': 1,
}

/** What each import costs, as size-limit measures it on `dist`. */
function sizes() {
  const sizeLimit = join(root, 'node_modules/size-limit/bin.js')
  const { stdout, stderr } = spawnSync(process.execPath, [sizeLimit, '--json'], { cwd: root, encoding: 'utf8' })
  if (!stdout.startsWith('[')) throw new Failure(`size-limit measured nothing. ${stderr}${stdout}`)
  /** @type {{ name: string, size: number, sizeLimit: number }[]} */
  const measured = JSON.parse(stdout)
  const unknown = Object.keys(GOALS).filter((goal) => !measured.some(({ name }) => name === goal))
  if (unknown.length > 0) throw new Failure(`No size is measured for the goal of ${unknown.join(', ')}.`)
  /** @param {string} name */
  const goalOf = (name) => (name in GOALS ? `${GOALS[name]} kB` : '')
  return [
    '| what | min + brotli | limit | goal |',
    '| --- | --- | --- | --- |',
    ...measured.map(
      ({ name, size, sizeLimit }) => `| ${name} | ${kilobytes(size)} | ${kilobytes(sizeLimit)} | ${goalOf(name)} |`,
    ),
  ].join('\n')
}

/** What input, start and sign-out cost, as the benchmark measured them last. */
const figures = () => describe(readResults())

/** The tag that loads the script of this version from a CDN, and an example that works as it stands. */
function cdn() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return [
    '```html',
    '<script',
    `  src="https://cdn.jsdelivr.net/npm/sojourn@${version}/dist/sojourn.min.js"`,
    `  integrity="${integrity('dist/sojourn.min.js')}"`,
    '  crossorigin="anonymous"',
    '></script>',
    '<script>',
    "  const session = Sojourn.createSession({ idleTimeout: '15m', warnBefore: '2m' })",
    '  Sojourn.warningDialog(session)',
    '</script>',
    '```',
  ].join('\n')
}

/** What stands between `<!-- name -->` and `<!-- /name -->`, by page and name. @type {Readonly<Record<string, Readonly<Record<string, () => string>>>>} */
export const blocks = { 'README.md': { cdn }, 'docs/figures.md': { sizes, figures } }

/**
 * Returns the page with new numbers in every marked block.
 *
 * @param {string} page
 * @returns {Promise<string>}
 */
export async function withNumbers(page) {
  const path = join(root, page)
  let result = readFileSync(path, 'utf8')
  for (const [name, measure] of Object.entries(blocks[page] ?? {})) {
    const block = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`)
    if (!block.test(result)) throw new Failure(`${page} has no place for ${name}: <!-- ${name} -->`)
    result = result.replace(block, (_, before, after) => `${before}\n\n${measure()}\n\n${after}`)
  }
  return format(result, { ...(await resolveConfig(path)), parser: 'markdown' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await report(async () => {
    const isWriting = process.argv.includes('--write')
    for (const [page, measures] of Object.entries(blocks)) {
      if (isWriting) writeFileSync(join(root, page), await withNumbers(page))
      else for (const measure of Object.values(measures)) console.log(`${measure()}\n`)
    }
  })
}
