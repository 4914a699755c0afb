// @ts-check

// Plays simulated worlds of tabs with the real code in them, on all cores, and checks after every step what must hold.
//
//   npm run sim -- --worlds N --seed S   N worlds (20,000), all of them drawn from one seed (a fresh one)
//   npm run sim -- --failed …            first the worlds in test/sim/failed.json, which broke a rule once
//   npm run sim -- --world W             one world, as a violation names it: prints all that happens in its shortest schedule
//
//   npm run sim -- --write …             puts the table of counts into test/sim/README.md
//   npm run sim -- --production …        plays the production build, without the sentences for developers
//
// Prints each violation with its world's seed and the shortest schedule that still shows it; then, per 1,000 worlds, how often
// each rule was checked, and how often each excuse applied instead. From 2,000 worlds on, a rule that was checked less often than
// its floor (test/sim/rule-names.ts) fails the run. Ends with a line `N worlds, V violations, seed S`; exit 1
// if V > 0 or a rule fell below its floor.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format } from 'prettier'
import { Failure, installDependencies, report, root } from './lib.mjs'
import { chunks, onAllCores, rules } from './worlds.mjs'

/** @typedef {import('./worlds.mjs').Violation} Violation */
/** @typedef {import('../test/sim/rule-names.ts').Counts} Counts */

/** What the production build is made by. @type {import('./worlds.mjs').Edit} */
const PRODUCTION = { file: 'util/development.ts', from: 'true as boolean', to: 'false' }

/** @type {import('./worlds.mjs').Edit | undefined} */
let edit

/** The number of violations that a run prints. */
const MOST_TOLD = 50
/** The number of worlds from which on each rule must have been checked as often as its floor. */
const ENOUGH = 2_000

/** Ms between two reports of progress: on a terminal they overwrite each other. */
const PROGRESS = process.stdout.isTTY ? 500 : 10_000

/** @param {Violation} violation @param {string} [name] */
function describe({ broken, seed, traits, steps }, name) {
  console.log(`\n✗ ${broken.rule}: ${broken.text}`)
  console.log(`  ${name ?? `world ${seed}`}; all that happens in it: npm run sim -- --world ${seed}`)
  if (steps.length === 0) return
  console.log('  The shortest schedule that shows it, in a world that is usual but for its traits:')
  console.log(`  {"name": "", "seed": ${seed}, "traits": ${JSON.stringify(traits)}, "steps": [`)
  console.log(`${steps.map((step) => `    ${JSON.stringify(step)}`).join(',\n')}\n  ]}`)
}

const whole = (/** @type {string} */ text) => {
  if (!/^\d+$/.test(text)) throw new Failure(`${text} is no whole number.`)
  return Number(text)
}
const count = (/** @type {number} */ number) => number.toLocaleString('en')

/** Few digits: 1,234, 12.3, 0.012. @param {number} number */
const rate = (number) =>
  number >= 100 ? count(Math.round(number)) : String(number === 0 ? 0 : Number(number.toPrecision(2)))

/** The table of counts. @param {Counts} counts @param {number} worlds @param {typeof import('../test/sim/rule-names.ts')} rules */
function tableOf(counts, worlds, { FLOORS }) {
  const per = (/** @type {number} */ times) => rate((times / worlds) * 1e3)
  return [
    '| rule | looked at | let pass because | applied | needed |',
    '| - | -: | - | -: | -: |',
    .../** @type {(keyof typeof FLOORS)[]} */ (Object.keys(FLOORS)).flatMap((rule) => {
      const { looked, excused } = counts[rule] ?? { looked: 0, excused: {} }
      const excuses = Object.entries(excused).sort(([a], [b]) => (a < b ? -1 : 1))
      const cells = excuses.map(([name, { applied, needed }]) => `${name} | ${per(applied)} | ${per(needed)}`)
      return [cells[0] ?? ' | | ', ...cells.slice(1)].map(
        (cell, index) => `| ${index === 0 ? `${rule} | ${per(looked)}` : ' | '} | ${cell} |`,
      )
    }),
  ]
}

/** Worlds that have broken a rule before. */
async function playFailed() {
  /** @type {(import('../test/sim/plan.ts').PlanText & { name: string })[]} */
  const failed = JSON.parse(readFileSync(join(root, 'test/sim/failed.json'), 'utf8'))
  /** @type {Map<number, Violation>} */
  const broken = new Map()
  const tasks = failed.map((world) => ({ world, traced: false }))
  await onAllCores(
    tasks.values(),
    (answer) => {
      if ('broken' in answer) broken.set(answer.seed, answer)
    },
    { edit },
  )
  for (const { name, seed } of failed) {
    const violation = broken.get(seed)
    if (violation) describe(violation, name)
    else console.log(`✓ ${name}`)
  }
  return { worlds: failed.length, violations: broken.size, low: 0 }
}

/** @param {number} worlds @param {number} seed @param {boolean} write */
async function playMany(worlds, seed, write) {
  const start = performance.now()
  let played = 0
  let violations = 0
  let saidAt = start
  const progress = () => {
    saidAt = performance.now()
    const seconds = ((saidAt - start) / 1e3).toFixed(0)
    const text = `${count(played)} of ${count(worlds)} worlds, ${count(violations)} violations, ${seconds} s`
    if (process.stdout.isTTY) process.stdout.write(`\r${text} `)
    else console.log(text)
  }
  const names = await rules()
  /** @type {Counts} */
  const counts = {}
  const hear = (/** @type {import('./worlds.mjs').Answer} */ answer) => {
    if ('broken' in answer) {
      violations++
      // A fault that breaks every world need not be printed a thousand times.
      if (violations <= MOST_TOLD) describe(answer)
    } else if ('worlds' in answer) {
      played += answer.worlds
      names.addCounts(counts, answer.counts)
    }
    if (performance.now() - saidAt > PROGRESS) progress()
  }
  await onAllCores(chunks(worlds, seed), hear, { edit })
  progress()
  if (process.stdout.isTTY) console.log()
  const table = await aligned(tableOf(counts, worlds, names))
  console.log(`\nPer 1,000 worlds:\n\n${table}`)
  if (write) {
    const path = join(root, 'test/sim/README.md')
    const text = readFileSync(path, 'utf8').replace(/\| rule +\| +looked at(.*\n)+?(?=\n)/, table)
    writeFileSync(path, text)
  }
  const low = Object.entries(names.FLOORS).flatMap(([rule, floor]) => {
    const looked = counts[/** @type {keyof Counts} */ (rule)]?.looked ?? 0
    const least = (floor * worlds) / 1e3
    // Fewer than chance explains.
    const isLow = worlds >= ENOUGH && looked < least - 3 * Math.sqrt(least)
    return isLow ? [`${rule} (${rate((looked / worlds) * 1e3)} per 1,000 worlds, its floor is ${floor})`] : []
  })
  for (const rule of low) console.log(`✗ hardly looked at: ${rule}`)
  return { worlds, violations, low: low.length }
}

/** @param {string[]} rows */
const aligned = (rows) => format(rows.join('\n'), { parser: 'markdown', printWidth: 120 })

/** @param {number} world */
async function playOne(world) {
  let violations = 0
  await onAllCores(
    [{ world, traced: true }].values(),
    (answer) => {
      if ('trace' in answer) console.log(answer.trace)
      if (!('broken' in answer)) return
      violations++
      describe(answer)
    },
    { threads: 1, edit },
  )
  return { worlds: 1, violations, low: 0 }
}

await report(async () => {
  installDependencies()
  const { values } = parseArgs({
    options: {
      worlds: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      world: { type: 'string' },
      failed: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      production: { type: 'boolean', default: false },
    },
  })
  const seed = whole(values.world ?? values.seed)
  if (values.production) edit = PRODUCTION
  console.log(`seed ${seed}`)
  const runs = values.world
    ? [await playOne(seed)]
    : [...(values.failed ? [await playFailed()] : []), await playMany(whole(values.worlds), seed, values.write)]
  const sum = (/** @type {'worlds' | 'violations' | 'low'} */ what) => runs.reduce((total, run) => total + run[what], 0)
  console.log(`${count(sum('worlds'))} worlds, ${count(sum('violations'))} violations, seed ${seed}`)
  if (sum('violations') + sum('low') > 0) process.exitCode = 1
})
