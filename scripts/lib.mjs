// @ts-check

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} path @returns {{ packages: Record<string, { version?: string, optional?: boolean }> } | null} */
function readLock(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

/** Whether `node_modules` of `folder` holds what its package-lock.json asks for. */
export function dependenciesInPlace(folder = root) {
  const wanted = readLock(join(folder, 'package-lock.json'))?.packages ?? {}
  const present = readLock(join(folder, 'node_modules/.package-lock.json'))?.packages
  if (!present) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || (present[path]?.version ?? (optional && version)) === version,
  )
}

/** Runs `npm ci` unless the dependencies are in place. */
export function installDependencies(folder = root) {
  if (dependenciesInPlace(folder)) return
  if (lstatSync(join(folder, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Failure(
      'node_modules is a link and does not fit package-lock.json: run npm ci where it points to, or remove the link.',
    )
  console.log(`Installing the dependencies of ${join(relative(root, folder), 'package-lock.json')} …`)
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' })
  if (status !== 0) throw new Failure('npm ci failed.')
}

/** A binary of this major version of Node, from the registry. It is kept for the next time. @param {number} major */
export function nodeOf(major) {
  const folder = join(root, '.cache/node', String(major))
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const { status, stderr } = spawnSync('npm', ['install', `${name}@${major}`, '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Failure(`Node ${major} could not be installed.\n${stderr}`)
  }
  return binary
}

/** @param {string} path @returns {string[]} every file at or below `path`, sorted */
function filesBelow(path) {
  if (!existsSync(path)) return []
  const found = readdirSync(dirname(path), { withFileTypes: true }).find(
    (entry) => join(dirname(path), entry.name) === path,
  )
  if (!found?.isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}

/** Tells whether any of the files at or below `paths` has changed. @param {readonly string[]} paths below the project's folder */
export function fingerprint(paths) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

/** An error that the user of the script can mend: it is printed without a stack. */
export class Failure extends Error {}

/** Runs `main`, and ends with exit code 1 where it fails. @param {() => unknown} main */
export async function report(main) {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error)
    process.exitCode = 1
  }
}
