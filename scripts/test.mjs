// @ts-check

// Runs all checks: prints each step, goes on after one that fails, ends with `N passed, N failed`.
// Steps that do not depend on each other run two at a time, and print their output when they are done.
// Installs what is missing first.
// With `--all`, the browsers also run the tests that are tagged @long, and Firefox those that are tagged @chromium.
// Counts single tests where a step has them, and each other step as one.

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { provideBrowsers } from './browsers.mjs'
import { installDependencies, root } from './lib.mjs'
import { provideRedis } from './redis.mjs'

/** @typedef {{ passed: number, failed: number, failures?: string[] }} Count `failures`: in words, where the last step's own do not say it */

const reports = join(root, '.cache/reports')

const isAll = process.argv.includes('--all')

/** Ms after which a step that hangs is stopped: far beyond the time of the longest, also where a machine is slow. */
const LIMIT = (isAll ? 120 : 45) * 60_000

/** @typedef {(log: (text: string) => void) => Promise<Count>} Check */

/** Runs a command of `node_modules` or a script of this folder. @param {(text: string) => void} log @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} [env] @returns {Promise<boolean>} */
function run(log, program, args, env = {}) {
  const path = program.endsWith('.mjs') ? join(root, 'scripts', program) : join(root, 'node_modules/.bin', program)
  const child = spawn(process.execPath, [path, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT,
    env: { ...process.env, ...env },
  })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', log)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      log(`${error.message}\n`)
      resolve(false)
    })
    child.on('close', (status) => {
      resolve(status === 0)
    })
  })
}

/** @param {string} program @param {string[]} args @returns {Check} */
const command =
  (program, ...args) =>
  async (log) => {
    let said = ''
    const keep = (/** @type {string} */ text) => {
      said += text
      log(text)
    }
    const ok = await run(keep, program, args)
    return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, failures: [said.trim().slice(-4_000)] }
  }

/** A failure that no test stands for (a file that does not load, an error outside of any test) counts as one. @param {boolean} ok @param {Count} count @returns {Count} */
const honest = (ok, { failed, ...count }) => ({ ...count, failed: ok ? failed : Math.max(failed, 1) })

/** @param {string} name @param {string[]} projects @returns {Check} */
const vitest = (name, ...projects) => {
  return async (log) => {
    const file = join(reports, `${name}.json`)
    const chosen = projects.flatMap((project) => ['--project', project])
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const ok = await run(log, 'vitest', ['run', ...chosen, ...reporters])
    /** @type {{ testResults: { name: string, status: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
    const count = (/** @type {string} */ status) => tests.filter((test) => test.status === status).length
    const unloaded = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    )
    const failures = [
      ...tests.flatMap(({ status, fullName, failureMessages }) =>
        status === 'failed' ? [`${fullName}\n${failureMessages.join('\n')}`] : [],
      ),
      ...unloaded.map(({ name, message }) => `${name}\n${message}`),
    ]
    return honest(ok, { passed: count('passed'), failed: count('failed') + unloaded.length, failures })
  }
}

/** @type {Check} */
const playwright = async (log) => {
  const file = join(reports, 'e2e.json')
  const ok = await run(log, 'playwright', ['test', '--reporter=list,json', `--global-timeout=${LIMIT - 30_000}`], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    ...(isAll && { ALL: '1' }),
  })
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number }, errors: unknown[] }} */
  const { stats, errors } = JSON.parse(readFileSync(file, 'utf8'))
  return honest(ok, { passed: stats.expected, failed: stats.unexpected + stats.flaky + errors.length })
}

/** @typedef {readonly [name: string, check: Check]} Step */

/** One stage after the other; the slowest steps of each first. @type {readonly (readonly Step[])[]} */
const stages = [
  // With the types of the library: its compiler emits what is built.
  [['build', command('build.mjs')]],
  [
    ['applications of the frameworks', command('frameworks.mjs')],
    ['examples', command('examples.mjs', '--install', ...(isAll ? ['--all'] : []))],
    ['lint', command('eslint', '.')],
    ['what is published', vitest('dist', 'dist')],
    ['documentation', command('docs.mjs')],
    ['types of tests, demo and scripts', command('tsc', '-p', '.')],
    ['format', command('prettier', '--check', '.')],
    ['types of the core, without the DOM', command('tsc', '-p', 'src/core')],
    ['are the types wrong?', command('attw', '--pack', '--profile', 'esm-only', '--format', 'table-flipped', '.')],
    ['publint', command('publint', '--strict')],
    ['sizes', command('size-limit')],
  ],
  [
    [
      'units, laws, reports and type tests',
      vitest('units', 'unit', 'production', 'adapters', 'laws', 'reports', 'demo', 'types'),
    ],
  ],
  [['simulated worlds', command('sim.mjs', '--failed', '--worlds', '3000', '--seed', '1')]],
  [['simulated worlds, production build', command('sim.mjs', '--production', '--worlds', '2000', '--seed', '2')]],
  [['real browsers', playwright]],
]

/** @param {Step} step @param {boolean} alone where not, its words wait until it is done @returns {Promise<Count>} */
async function take([name, check], alone) {
  let kept = ''
  const say = (/** @type {string} */ text) => {
    if (alone) process.stdout.write(text)
    else kept += text
  }
  say(`\n── ${name}\n`)
  const start = performance.now()
  /** @type {Count} */
  let count = { passed: 0, failed: 1 }
  try {
    count = await check(say)
  } catch (error) {
    say(`${String(error instanceof Error ? error.message : error)}\n`)
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  say(`── ${name}: ${String(count.passed)} passed, ${String(count.failed)} failed (${seconds} s)\n`)
  process.stdout.write(kept)
  return { ...count, failures: (count.failures ?? []).map((failure) => `── ${name}\n${failure}`) }
}

/** @param {readonly Step[]} stage @returns {Promise<Count[]>} */
async function takeAll(stage) {
  const waiting = [...stage]
  /** @type {Count[]} */
  const counts = []
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) counts.push(await take(next, stage.length === 1))
  }
  await Promise.all([worker(), worker()])
  return counts
}

rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })

/** What the checks need: counts only where it fails. @param {() => void} prepare @returns {Check} */
const preparation = (prepare) => () => {
  prepare()
  return Promise.resolve({ passed: 0, failed: 0 })
}

const counts = await takeAll([['dependencies', preparation(installDependencies)]])
if (counts[0]?.failed === 0) {
  counts.push(...(await takeAll([['browsers', preparation(provideBrowsers)]])))
  counts.push(...(await takeAll([['Redis', preparation(provideRedis)]])))
  for (const stage of stages) counts.push(...(await takeAll(stage)))
}
// Printed once more at the end, so that it is not overlooked. The browsers' own list is there already.
for (const failure of counts.flatMap(({ failures = [] }) => failures)) console.log(`\nFailed ${failure}`)
const sum = (/** @type {'passed' | 'failed'} */ key) => counts.reduce((total, count) => total + count[key], 0)
console.log(`\n${String(sum('passed'))} passed, ${String(sum('failed'))} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1
