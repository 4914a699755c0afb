// @ts-check

// Builds the applications of demo/frameworks, each with its framework's own tool, on the built library as npm would install it.
// Installs their tools first. Skips an application when neither it, nor what it is made of, nor what was built has changed.

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure, fingerprint, installDependencies, report, root } from './lib.mjs'

const home = join(root, 'demo/frameworks')

/** The command that builds each application, run in its own folder. The slowest first: two run at a time. */
const tools = {
  angular: ['ng build'],
  react: ['tsc', 'vite build'],
  svelte: ['svelte-check --fail-on-warnings', 'vite build'],
  solid: ['tsc', 'vite build'],
  vue: ['vue-tsc', 'vite build'],
}

/** @param {string} name @param {string} command of demo/frameworks/node_modules */
async function run(name, command) {
  const [program = '', ...args] = command.split(' ')
  const child = spawn(join(home, 'node_modules/.bin', program), args, {
    cwd: join(home, name),
    env: { ...process.env, NG_CLI_ANALYTICS: 'false' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const status = await new Promise((resolve) => child.on('close', resolve))
  if (status !== 0) throw new Failure(`${name}: \`${command}\` failed.\n${output}`)
}

const stampOf = (/** @type {string} */ name) => join(root, '.cache/frameworks', name)
const outputOf = (/** @type {string} */ name) => `demo/frameworks/${name}/dist`

/** Everything that goes into an application; its own output lies in its folder. @param {string} name */
function inputsOf(name) {
  const own = ['shared', 'tsconfig.json', 'package-lock.json', name].map((path) => `demo/frameworks/${path}`)
  return ['dist', 'scripts/frameworks.mjs', ...own]
}

/** @param {string} name */
function isCurrent(name) {
  const stamp = stampOf(name)
  return (
    existsSync(join(root, outputOf(name))) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === fingerprint(inputsOf(name))
  )
}

/** @param {string} name @param {readonly string[]} commands */
async function build(name, commands) {
  const start = performance.now()
  rmSync(join(root, outputOf(name)), { recursive: true, force: true })
  for (const command of commands) await run(name, command)
  mkdirSync(dirname(stampOf(name)), { recursive: true })
  writeFileSync(stampOf(name), fingerprint(inputsOf(name)))
  console.log(`Built ${outputOf(name)} in ${((performance.now() - start) / 1000).toFixed(1)} s.`)
}

/** The library as npm would unpack it, without its development tools. */
function provideLibrary() {
  const target = join(home, 'node_modules/sojourn')
  rmSync(target, { recursive: true, force: true })
  for (const path of ['package.json', 'dist']) cpSync(join(root, path), join(target, path), { recursive: true })
}

await report(async () => {
  const waiting = Object.entries(tools).filter(([name]) => !isCurrent(name))
  if (waiting.length === 0) return console.log('The applications of demo/frameworks are up to date.')
  installDependencies(home)
  provideLibrary()
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await build(...next)
  }
  await Promise.all([worker(), worker()])
})
