// @ts-check

// Measures the numbers of the README: `--write` puts them there, without it they are printed. Sizes are measured now; speeds are
// those that `npm run bench -- --write` has put into bench/results.json.
// test/dist/readme.test.ts fails if the README differs from the measurement.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { describe, readResults } from '../bench/report.mjs'
import { Failure, report, root } from './lib.mjs'

const readme = join(root, 'README.md')

/** @param {number} bytes */
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`

/** What each import costs, as size-limit measures it on `dist`. */
function sizes() {
  const sizeLimit = join(root, 'node_modules/size-limit/bin.js')
  const { stdout, stderr } = spawnSync(process.execPath, [sizeLimit, '--json'], { cwd: root, encoding: 'utf8' })
  if (!stdout.startsWith('[')) throw new Failure(`size-limit measured nothing. ${stderr}${stdout}`)
  /** @type {{ name: string, size: number, sizeLimit: number }[]} */
  const measured = JSON.parse(stdout)
  return [
    '| what | min + brotli | budget |',
    '| --- | --- | --- |',
    ...measured.map(({ name, size, sizeLimit }) => `| ${name} | ${kilobytes(size)} | ${kilobytes(sizeLimit)} |`),
  ].join('\n')
}

/** What input, start and sign-out cost, as the benchmark measured them last. */
const figures = () => describe(readResults())

/** What stands between `<!-- name -->` and `<!-- /name -->`, by name. @type {Readonly<Record<string, () => string>>} */
const blocks = { sizes, figures }

/**
 * Returns `text` with new numbers in every marked block.
 *
 * @param {string} text
 * @returns {Promise<string>}
 */
export async function withNumbers(text) {
  let result = text
  for (const [name, measure] of Object.entries(blocks)) {
    const block = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`)
    if (!block.test(result)) throw new Failure(`README.md has no place for ${name}: <!-- ${name} -->`)
    result = result.replace(block, (_, before, after) => `${before}\n\n${measure()}\n\n${after}`)
  }
  return format(result, { ...(await resolveConfig(readme)), parser: 'markdown' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await report(async () => {
    if (!process.argv.includes('--write'))
      return console.log(
        Object.values(blocks)
          .map((measure) => measure())
          .join('\n\n'),
      )
    writeFileSync(readme, await withNumbers(readFileSync(readme, 'utf8')))
  })
}
