// @ts-check

// Shows that the checks can fail: breaks a part of `src` that keeps a rule (test/sim/sabotage.json), one at a time, and runs the
// checks that should notice. Nothing on disk is changed.
//
// An entry with a `rule` is checked by simulated worlds: they are played until one breaks that rule. An entry with `shownBy` is
// checked by that test file: one of its tests must fail, and without the change all of them must pass.
//
//   npm run sabotage              prints both tables; exit 1 if a rule held, or all tests of a file passed
//   npm run sabotage -- --write   puts the tables into test/sim/README.md
//   npm run sabotage -- I4 tabs   only what keeps I4, and kinds and test files with `tabs` in their names

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { Failure, installDependencies, report, root } from './lib.mjs'
import { chunks, editedText, onAllCores } from './worlds.mjs'

/** @typedef {import('./worlds.mjs').Edit & { without: string }} Sabotage */
/** @typedef {Sabotage & { rule: string }} ByWorlds */
/** `kind`: of fault, in words, as test/reports/README.md has it. @typedef {Sabotage & { kind: string, shownBy: string }} ByTests */

const SEED = 1
const MOST = 4_000

/** Worlds up to the first that broke its rule, and what was broken before. @param {ByWorlds} sabotage */
async function playWorlds({ rule, ...edit }) {
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

const folder = join(root, '.cache/sabotage')
let runs = 0

/** Runs test files, with one text of `src` edited. The titles of the tests that fail. @param {string[]} files @param {Sabotage} [edit] @returns {Promise<string[]>} */
async function runTests(files, edit) {
  const output = join(folder, `${++runs}.json`)
  const { file = '', from = '', to = '' } = edit ?? {}
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files, '--reporter=json', `--outputFile=${output}`],
    {
      cwd: root,
      stdio: 'ignore',
      timeout: 5 * 60_000,
      // vitest.config.ts reads it.
      env: { ...process.env, SABOTAGE: edit ? JSON.stringify({ file, from, to }) : '' },
    },
  )
  await new Promise((resolve) => child.once('close', resolve))
  /** @type {{ testResults: { message: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(output, 'utf8'))
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  // A file that does not load has checked nothing.
  if (tests.length === 0)
    throw new Failure(`${files.join(', ')}: no test was run. ${testResults.map(({ message }) => message).join('\n')}`)
  return tests.flatMap(({ status, fullName }) => (status === 'failed' ? [fullName] : []))
}

/** Runs `work` for two at a time, because the machine is small. @template T @param {readonly T[]} list @param {(one: T) => Promise<void>} work */
async function inPairs(list, work) {
  const waiting = [...list]
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next)
  }
  await Promise.all([worker(), worker()])
}

/** @param {readonly ByWorlds[]} list */
async function showByWorlds(list) {
  const rows = ['| rule | without | in | first world | broken before it |', '| - | - | - | - | - |']
  let held = 0
  for (const sabotage of list) {
    const { first, before } = await playWorlds(sabotage)
    if (first === Infinity) held++
    const others = Object.entries(before).map(([rule, times]) => `${rule} ${times}×`)
    const world = first === Infinity ? `none of ${MOST}` : String(first + 1)
    rows.push(`| ${sabotage.rule} | ${sabotage.without} | \`${sabotage.file}\` | ${world} | ${others.join(', ')} |`)
    console.log(rows.at(-1))
  }
  return { rows, held }
}

/** @param {readonly ByTests[]} list */
async function showByTests(list) {
  if (list.length > 0) {
    const failed = await runTests([...new Set(list.map(({ shownBy }) => shownBy))])
    if (failed.length > 0) throw new Failure(`These fail without any change:\n${failed.join('\n')}`)
  }
  let held = 0
  /** @type {Map<ByTests, string>} */
  const found = new Map()
  await inPairs(list, async (sabotage) => {
    const { kind, without, file, shownBy } = sabotage
    // Throws before vitest starts if the text is gone: a failure for that reason would prove nothing.
    editedText(sabotage)
    const failed = await runTests([shownBy], sabotage)
    if (failed.length === 0) held++
    found.set(
      sabotage,
      `| ${kind} | ${without} | \`${file}\` | \`${shownBy}\` | ${failed.length > 0 ? failed.length : 'none'} |`,
    )
    console.log(found.get(sabotage))
  })
  const rows = ['| kind | without | in | shown by | tests that fail |', '| - | - | - | - | -: |']
  return { rows: [...rows, ...list.map((sabotage) => found.get(sabotage) ?? '')], held }
}

await report(async () => {
  installDependencies()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const wanted = process.argv.slice(2).filter((word) => word !== '--write')
  const isWanted = (/** @type {(word: string) => boolean} */ fits) => wanted.length === 0 || wanted.some(fits)
  /** @type {(ByWorlds | ByTests)[]} */
  const all = JSON.parse(readFileSync(join(root, 'test/sim/sabotage.json'), 'utf8'))
  const byWorlds = await showByWorlds(
    all.flatMap((one) => ('rule' in one && isWanted((word) => one.rule === word) ? [one] : [])),
  )
  const byTests = await showByTests(
    all.flatMap((one) =>
      'kind' in one && isWanted((word) => `${one.kind} ${one.shownBy}`.includes(word)) ? [one] : [],
    ),
  )
  if (process.argv.includes('--write') && wanted.length === 0) {
    const path = join(root, 'test/sim/README.md')
    const text = readFileSync(path, 'utf8')
      .replace(/\| rule +\| without(.*\n)+?(?=\n|$)/, `${byWorlds.rows.join('\n')}\n`)
      .replace(/\| kind +\| without(.*\n)+?(?=\n|$)/, `${byTests.rows.join('\n')}\n`)
    writeFileSync(path, await format(text, { parser: 'markdown', printWidth: 120 }))
  }
  const held = byWorlds.held + byTests.held
  console.log(`${byWorlds.rows.length + byTests.rows.length - 4} tried, ${held} held`)
  if (held > 0) process.exitCode = 1
})
