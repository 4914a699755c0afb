// @ts-check

// Compares Sojourn with others, and prints the tables of docs/comparison.md; `--write` puts them there.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { provideBrowsers } from '../../scripts/browsers.mjs'
import { Failure, report, root } from '../../scripts/lib.mjs'
import { idles, refreshes } from './cases.mjs'
import { install } from './install.mjs'
import { sizes } from './sizes.mjs'

const page = join(root, 'docs/comparison.md')

await report(async () => {
  provideBrowsers()
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (status !== 0) throw new Failure('There is nothing to compare without a build.')
  install()
  /** What stands between `<!-- name -->` and `<!-- /name -->`, by name. */
  const tables = { 'peers-sizes': await sizes(), 'peers-idle': await idles(), 'peers-refresh': await refreshes() }
  let text = readFileSync(page, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    console.log(`\n${table}`)
    text = text.replace(
      new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`),
      (_, before, after) => `${before}\n\n${table}\n\n${after}`,
    )
  }
  if (process.argv.includes('--write'))
    writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }))
})
