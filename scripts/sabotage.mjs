// @ts-check

// Shows that the rules of the simulated worlds can fail: takes out of `src`, one at a time, what keeps a rule
// (test/sim/sabotage.json), and plays worlds until one breaks that rule. Nothing on disk is changed.
//
//   npm run sabotage              prints a table; exit 1 if a rule held in all worlds
//   npm run sabotage -- --write   puts the table into test/sim/README.md
//   npm run sabotage -- I4        only what keeps I4

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { installDependencies, report, root } from './lib.mjs'
import { chunks, onAllCores } from './worlds.mjs'

/** @typedef {import('./worlds.mjs').Edit & { rule: string, without: string }} Sabotage */

const SEED = 1
const MOST = 4_000

/** Worlds up to the first that broke its rule, and what was broken before. @param {Sabotage} sabotage */
async function tryOut({ rule, ...edit }) {
  /** @type {import('./worlds.mjs').Violation[]} */
  const found = []
  const isOurs = (/** @type {import('./worlds.mjs').Violation} */ { broken }) => broken.rule.startsWith(`${rule}:`)
  const isFound = () => found.some(isOurs)
  await onAllCores(
    chunks(MOST, SEED, isFound),
    (answer) => {
      if ('broken' in answer) found.push(answer)
    },
    { edit, mostShrunk: 0 },
  )
  const first = Math.min(...found.flatMap((one) => (isOurs(one) ? [one.index] : [])))
  /** @type {Record<string, number>} */
  const before = {}
  for (const one of found)
    if (!isOurs(one) && one.index < first) {
      const name = one.broken.rule.split(':', 1)[0] ?? ''
      before[name] = (before[name] ?? 0) + 1
    }
  return { first, before }
}

await report(async () => {
  installDependencies()
  const wanted = process.argv.slice(2).filter((word) => word !== '--write')
  /** @type {Sabotage[]} */
  const all = JSON.parse(readFileSync(join(root, 'test/sim/sabotage.json'), 'utf8'))
  const rows = ['| rule | without | in | first world | broken before it |', '| - | - | - | - | - |']
  let held = 0
  for (const sabotage of all.filter(({ rule }) => wanted.length === 0 || wanted.includes(rule))) {
    const { first, before } = await tryOut(sabotage)
    if (first === Infinity) held++
    const others = Object.entries(before).map(([rule, times]) => `${rule} ${times}×`)
    const world = first === Infinity ? `none of ${MOST}` : String(first + 1)
    rows.push(`| ${sabotage.rule} | ${sabotage.without} | \`${sabotage.file}\` | ${world} | ${others.join(', ')} |`)
    console.log(rows.at(-1))
  }
  if (process.argv.includes('--write') && wanted.length === 0) {
    const path = join(root, 'test/sim/README.md')
    const text = readFileSync(path, 'utf8').replace(/\| rule +\| without(.*\n)+?(?=\n)/, `${rows.join('\n')}\n`)
    writeFileSync(path, await format(text, { parser: 'markdown' }))
  }
  console.log(`${rows.length - 2} tried, ${held} held`)
  if (held > 0) process.exitCode = 1
})
