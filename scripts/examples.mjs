// @ts-check

// Installs the examples of examples/ in .cache/examples, each as its reader would, but with this library packed in place of the
// registry's, and builds each by its own tool, which checks its types. Then plays test/e2e/examples*.spec.ts on them.
// Skips an example when neither it nor the library has changed.
//
//   npm run examples                       those of npm test
//   npm run examples -- --all              those that only npm run test:all has as well
//   npm run examples -- react-openid       one
//   npm run examples -- --install          installs, and plays nothing
//   npm run examples -- --lock next-cookie writes its package-lock.json anew, with the newest versions that its package.json allows

import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Failure, fingerprint, nodeOf, report, root } from './lib.mjs'

/** Left to `npm run test:all`: each takes as long as all others together. */
export const LONG = ['nuxt-cookie', 'sveltekit-cookie']

/** The names of all examples. */
export const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, 'examples', entry.name, 'package.json')))
  .map(({ name }) => name)

/** Where an example is installed. @param {string} name */
export const folderOf = (name) => join(root, '.cache/examples', name)

/** In its folder, so that it goes with what it stands for. @param {string} name */
const stampOf = (name) => join(folderOf(name), 'node_modules/.sojourn-example')

/** What npm and the tools of the examples make, in the reader's folder or here. */
export const OUTPUTS = ['node_modules', 'dist', '.next', '.nuxt', '.output', '.svelte-kit', 'build']

/** The files of an example that are its own. @param {string} name */
const ownFiles = (name) => readdirSync(join(root, 'examples', name)).filter((file) => !OUTPUTS.includes(file))

/** Whatever goes into an installed example. @param {string} name */
const fingerprintOf = (name) =>
  fingerprint(['dist', 'scripts/examples.mjs', ...ownFiles(name).map((file) => `examples/${name}/${file}`)])

/** @param {string} name */
export const isInstalled = (name) =>
  existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === fingerprintOf(name)

/**
 * What an example runs with: this Node, or the newest with long-term support where the example's package.json asks for a newer one.
 *
 * @param {string} name @returns {NodeJS.ProcessEnv}
 */
export function environmentOf(name) {
  /** @type {{ engines?: { node?: string } }} */
  const { engines } = JSON.parse(readFileSync(join(root, 'examples', name, 'package.json'), 'utf8'))
  const wanted = Number(/\d+/.exec(engines?.node ?? '0')?.[0])
  // None of the frameworks shall report what it sees here.
  const quiet = { NEXT_TELEMETRY_DISABLED: '1', NUXT_TELEMETRY_DISABLED: '1' }
  const path = [
    ...(wanted > Number(process.versions.node.split('.')[0]) ? [dirname(nodeOf(24))] : []),
    process.env.PATH,
  ]
  return { ...process.env, ...quiet, PATH: path.join(delimiter) }
}

/** @param {string} name @param {string[]} args of npm */
async function npm(name, ...args) {
  try {
    await promisify(execFile)('npm', args, {
      cwd: folderOf(name),
      env: environmentOf(name),
      maxBuffer: 64 * 1024 * 1024,
    })
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    throw new Failure(`${name}: npm ${args.join(' ')} failed.\n${stdout ?? ''}${stderr ?? String(error)}`)
  }
}

/** The library as it would be published. @returns {string} its file */
function pack() {
  const folder = join(root, '.cache/examples')
  mkdirSync(folder, { recursive: true })
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', root, '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    { cwd: folder, encoding: 'utf8' },
  )
  if (status !== 0) throw new Failure(`npm pack failed.\n${stderr}`)
  /** @type {[{ filename: string }]} */
  const [{ filename }] = JSON.parse(stdout)
  return join(folder, filename)
}

/** @typedef {{ packages: Record<string, { dependencies?: Record<string, string>, resolved?: string, integrity?: string }> }} Lock */

/** @param {string} path @param {(json: any) => void} change */
function edit(path, change) {
  const json = JSON.parse(readFileSync(path, 'utf8'))
  change(json)
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`)
}

/** Copies an example and installs what its lock file says, with the packed library. @param {string} name @param {string} tarball @param {boolean} anew without its lock file */
async function install(name, tarball, anew) {
  const folder = folderOf(name)
  mkdirSync(folder, { recursive: true })
  // Its modules stay, except the library: npm only looks at the version of what is there.
  for (const file of readdirSync(folder)) {
    if (file !== 'node_modules') rmSync(join(folder, file), { recursive: true, force: true })
  }
  for (const file of ['sojourn', '.package-lock.json', '.vite', '.cache'])
    rmSync(join(folder, 'node_modules', file), { recursive: true, force: true })
  for (const file of ownFiles(name)) cpSync(join(root, 'examples', name, file), join(folder, file), { recursive: true })
  edit(join(folder, 'package.json'), ({ dependencies }) => {
    if (!dependencies?.sojourn) throw new Failure(`${name}: package.json has no dependency sojourn.`)
    dependencies.sojourn = `file:${tarball}`
  })
  const lock = join(folder, 'package-lock.json')
  if (anew) rmSync(lock, { force: true })
  if (existsSync(lock)) edit(lock, (/** @type {Lock} */ { packages }) => delete packages['node_modules/sojourn'])
  await npm(name, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error')
}

/** Writes the lock file that was just made into the example, as if the library had come from the registry. @param {string} name */
function keepLock(name) {
  const source = join(root, 'examples', name)
  /** @type {{ dependencies: Record<string, string> }} */
  const { dependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  const target = join(source, 'package-lock.json')
  cpSync(join(folderOf(name), 'package-lock.json'), target)
  edit(target, (/** @type {Lock} */ { packages }) => {
    Object.assign(packages[''] ?? {}, { dependencies })
    // Everybody uses a registry of their own; the integrity of what is not yet published is not known.
    for (const entry of Object.values(packages)) delete entry.resolved
    delete packages['node_modules/sojourn']?.integrity
  })
}

/** @param {string} name @param {string} tarball @param {boolean} anew */
async function provide(name, tarball, anew) {
  const start = performance.now()
  rmSync(stampOf(name), { force: true })
  await install(name, tarball, anew)
  if (anew) keepLock(name)
  await npm(name, 'run', 'build', '--if-present')
  mkdirSync(dirname(stampOf(name)), { recursive: true })
  writeFileSync(stampOf(name), fingerprintOf(name))
  console.log(`Installed and built examples/${name} in ${((performance.now() - start) / 1000).toFixed(1)} s.`)
}

/** @param {string[]} names of all that the tests play */
function play(names) {
  const titles = `^(?=.*example (${names.join('|')})\\b)`
  const playwright = join(root, 'node_modules/.bin/playwright')
  const { status } = spawnSync(
    process.execPath,
    [playwright, 'test', '--project=chromium', '--grep', titles, 'e2e/examples'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ALL: '1' } },
  )
  if (status !== 0) throw new Failure('The tests of the examples failed.')
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      install: { type: 'boolean', default: false },
      lock: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !examples.includes(name))
  if (unknown.length > 0) throw new Failure(`No such example: ${unknown.join(', ')}. There is ${examples.join(', ')}.`)
  const chosen = examples.filter((name) =>
    positionals.length > 0 ? positionals.includes(name) : values.all || !LONG.includes(name),
  )
  const waiting = chosen.filter((name) => values.lock || !isInstalled(name))
  if (waiting.length === 0) console.log('The examples are up to date.')
  else {
    const tarball = pack()
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await provide(next, tarball, values.lock)
    }
    await Promise.all([worker(), worker()])
  }
  if (!values.install && !values.lock) play(chosen)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await report(main)
