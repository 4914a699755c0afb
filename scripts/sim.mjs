// @ts-check

// Plays simulated worlds of tabs with the real code in them, on all cores, and checks after every step what must hold.
//
//   npm run sim -- --worlds N --seed S   N worlds (20,000), all of them drawn from one seed (a fresh one)
//   npm run sim -- --failed …            first the worlds in test/sim/failed.json, which broke a rule once
//   npm run sim -- --world W             one world, as a violation names it: tells all that happens in its shortest schedule
//
// Prints each violation with its world's seed and the shortest schedule that still shows it. Ends with a line
// `N worlds, V violations, seed S`; exit 1 if V > 0.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, installDependencies, report, root } from './lib.mjs'
import { chunks, onAllCores } from './worlds.mjs'

/** @typedef {import('./worlds.mjs').Violation} Violation */

/** Ms between two words of progress: on a terminal they overwrite each other. */
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

/** Worlds that broke a rule once. */
async function playFailed() {
  /** @type {(import('../test/sim/plan.ts').PlanText & { name: string })[]} */
  const failed = JSON.parse(readFileSync(join(root, 'test/sim/failed.json'), 'utf8'))
  /** @type {Map<number, Violation>} */
  const broken = new Map()
  const tasks = failed.map((world) => ({ world, traced: false }))
  await onAllCores(tasks.values(), (answer) => {
    if ('broken' in answer) broken.set(answer.seed, answer)
  })
  for (const { name, seed } of failed) {
    const violation = broken.get(seed)
    if (violation) describe(violation, name)
    else console.log(`✓ ${name}`)
  }
  return { worlds: failed.length, violations: broken.size }
}

/** @param {number} worlds @param {number} seed */
async function playMany(worlds, seed) {
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
  await onAllCores(chunks(worlds, seed), (answer) => {
    if ('broken' in answer) {
      violations++
      describe(answer)
    } else if ('worlds' in answer) played += answer.worlds
    if (performance.now() - saidAt > PROGRESS) progress()
  })
  progress()
  if (process.stdout.isTTY) console.log()
  return { worlds, violations }
}

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
    { threads: 1 },
  )
  return { worlds: 1, violations }
}

await report(async () => {
  installDependencies()
  const { values } = parseArgs({
    options: {
      worlds: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      world: { type: 'string' },
      failed: { type: 'boolean', default: false },
    },
  })
  const seed = whole(values.world ?? values.seed)
  console.log(`seed ${seed}`)
  const runs = values.world
    ? [await playOne(seed)]
    : [...(values.failed ? [await playFailed()] : []), await playMany(whole(values.worlds), seed)]
  const sum = (/** @type {'worlds' | 'violations'} */ what) => runs.reduce((total, run) => total + run[what], 0)
  console.log(`${count(sum('worlds'))} worlds, ${count(sum('violations'))} violations, seed ${seed}`)
  if (sum('violations') > 0) process.exitCode = 1
})
