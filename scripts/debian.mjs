// @ts-check

// Programs that come from Debian's packages. A path in the environment replaces one.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Failure } from './lib.mjs'

/** @typedef {{ name: string, variable: string, debian: string, find: () => string | undefined }} Needed `debian` is the package */

/** @param {readonly Needed[]} needed */
const missingOf = (needed) =>
  needed.filter(({ variable, find }) => {
    const path = process.env[variable] ?? find()
    return path === undefined || !existsSync(path)
  })

/** @param {readonly Needed[]} missing */
const packagesOf = (missing) => [...new Set(missing.map(({ debian }) => debian))]

/** @param {string[]} command */
const succeeds = ([program = '', ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0

/** The command before `apt-get`, if this user may install packages; null if not. */
function elevation() {
  if (!succeeds(['apt-get', '--version'])) return null
  if (process.getuid?.() === 0) return []
  return succeeds(['sudo', '-n', 'true']) ? ['sudo', '-n'] : null
}

/**
 * Installs missing programs if that is allowed. Throws if one is still missing, and says how to get it.
 *
 * @param {readonly Needed[]} needed
 */
export function provide(needed) {
  const before = missingOf(needed)
  if (before.length === 0) return
  const prefix = elevation()
  if (prefix) {
    console.log(`Installing ${packagesOf(before).join(', ')} by apt-get …`)
    const install = ['install', '-y', '--no-install-recommends', ...packagesOf(before)]
    for (const args of [['update'], install]) {
      const [program = '', ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args]
      spawnSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] })
    }
  }
  const after = missingOf(needed)
  if (after.length === 0) return
  const lines = [
    'Missing:',
    ...after.map(({ name, variable }) => `  ${name}, or a path to it in $${variable}`),
    `On Debian: apt-get install ${packagesOf(after).join(' ')}`,
  ]
  throw new Failure(lines.join('\n'))
}
