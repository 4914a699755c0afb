// @ts-check

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} path @returns {{ packages: Record<string, { version?: string, optional?: boolean }> } | null} */
function readLock(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

/** Whether `node_modules` holds what package-lock.json asks for. */
export function dependenciesInPlace() {
  const wanted = readLock(join(root, 'package-lock.json'))?.packages ?? {}
  const present = readLock(join(root, 'node_modules/.package-lock.json'))?.packages
  if (!present) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || (present[path]?.version ?? (optional && version)) === version,
  )
}

/** Runs `npm ci` unless the dependencies are in place. */
export function installDependencies() {
  if (dependenciesInPlace()) return
  console.log('Installing the dependencies of package-lock.json …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Failure('npm ci failed.')
}

/** What a person can mend: told without a stack. */
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
