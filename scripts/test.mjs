// @ts-check

// Everything that is checked, in one run: prints each step, goes on after one that fails, ends with `N passed, N failed`.
// Installs what is missing first.
// Counts single tests where a step has them, and each other step as one.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { provideBrowsers } from './browsers.mjs'
import { installDependencies, root } from './lib.mjs'

/** @typedef {{ passed: number, failed: number }} Count */

const reports = join(root, '.cache/reports')

/** Ms after which a step that hangs is stopped. */
const LIMIT = 25 * 60_000

/** Runs a command of `node_modules` or a script of this folder. @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(program, args, env = {}) {
  const path = program.endsWith('.mjs') ? join(root, 'scripts', program) : join(root, 'node_modules/.bin', program)
  const { status, error } = spawnSync(process.execPath, [path, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: LIMIT,
    env: { ...process.env, ...env },
  })
  if (error) console.error(error.message)
  return status === 0
}

/** @param {string} program @param {string[]} args @returns {() => Count} */
const command = (program, ...args) => {
  return () => (run(program, args) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
}

/** A failure that no test stands for (a file that does not load, an error outside of any test) counts as one. @param {boolean} ok @param {Count} count @returns {Count} */
const honest = (ok, { passed, failed }) => ({ passed, failed: ok ? failed : Math.max(failed, 1) })

/** @param {string} name @param {string[]} projects @returns {() => Count} */
const vitest = (name, ...projects) => {
  return () => {
    const file = join(reports, `${name}.json`)
    const chosen = projects.flatMap((project) => ['--project', project])
    const ok = run('vitest', ['run', ...chosen, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
    /** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
    const count = (/** @type {string} */ status) => tests.filter((test) => test.status === status).length
    const unloaded = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    )
    return honest(ok, { passed: count('passed'), failed: count('failed') + unloaded.length })
  }
}

/** @type {() => Count} */
const playwright = () => {
  const file = join(reports, 'e2e.json')
  const ok = run('playwright', ['test', '--reporter=list,json', `--global-timeout=${LIMIT - 30_000}`], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  })
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number }, errors: unknown[] }} */
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'))
  return honest(ok, { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length })
}

/** @type {readonly [name: string, check: () => Count][]} */
const steps = [
  ['format', command('prettier', '--check', '.')],
  ['lint', command('eslint', '.')],
  ['types of the library', command('tsc', '-p', 'src', '--noEmit')],
  ['types of the core, without the DOM', command('tsc', '-p', 'src/core')],
  ['types of tests, demo and scripts', command('tsc', '-p', '.')],
  ['units, laws and type tests', vitest('units', 'unit', 'adapters', 'laws', 'demo', 'types')],
  ['build', command('build.mjs')],
  ['sizes', command('size-limit')],
  ['publint', command('publint', '--strict')],
  ['are the types wrong?', command('attw', '--pack', '--profile', 'esm-only', '--format', 'table-flipped', '.')],
  ['what is published', vitest('dist', 'dist')],
  ['applications of the frameworks', command('frameworks.mjs')],
  ['real browsers', playwright],
]

/** @param {string} name @param {() => Count} check @returns {Count} */
function step(name, check) {
  console.log(`\n── ${name}`)
  const start = performance.now()
  /** @type {Count} */
  let count = { passed: 0, failed: 1 }
  try {
    count = check()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`── ${name}: ${count.passed} passed, ${count.failed} failed (${seconds} s)`)
  return count
}

rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })

/** What the checks need: counts only where it fails. @param {() => void} prepare @returns {() => Count} */
const preparation = (prepare) => () => {
  prepare()
  return { passed: 0, failed: 0 }
}

const counts = [step('dependencies', preparation(installDependencies))]
if (counts[0]?.failed === 0) {
  counts.push(step('browsers', preparation(provideBrowsers)))
  counts.push(...steps.map(([name, check]) => step(name, check)))
}
const sum = (/** @type {keyof Count} */ key) => counts.reduce((total, count) => total + count[key], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1
