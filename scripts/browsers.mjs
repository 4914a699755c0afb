// @ts-check

// The browsers of the tests come from Debian's packages. A path in the environment replaces one.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from './lib.mjs'

/** The path of MiniBrowser contains the machine's architecture. */
function findMiniBrowser() {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  return folders.map((folder) => join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser')).find(existsSync)
}

/** @type {readonly { name: string, variable: string, debian: string, find: () => string | undefined }[]} */
const needed = [
  { name: 'Chromium', variable: 'CHROMIUM', debian: 'chromium', find: () => '/usr/bin/chromium' },
  { name: 'Firefox ESR', variable: 'FIREFOX', debian: 'firefox-esr', find: () => '/usr/bin/firefox-esr' },
  {
    name: "WebKitGTK's WebDriver",
    variable: 'WEBKIT_DRIVER',
    debian: 'webkit2gtk-driver',
    find: () => '/usr/bin/WebKitWebDriver',
  },
  { name: "WebKitGTK's MiniBrowser", variable: 'MINIBROWSER', debian: 'webkit2gtk-driver', find: findMiniBrowser },
  { name: 'Xvfb', variable: 'XVFB', debian: 'xvfb', find: () => '/usr/bin/Xvfb' },
]

const missing = () =>
  needed.filter(({ variable, find }) => {
    const path = process.env[variable] ?? find()
    return path === undefined || !existsSync(path)
  })

/** @param {string[]} command */
const succeeds = ([program = '', ...args]) => spawnSync(program, args, { stdio: 'ignore' }).status === 0

/** The command before `apt-get`, if this user may install packages; null if not. */
function elevation() {
  if (!succeeds(['apt-get', '--version'])) return null
  if (process.getuid?.() === 0) return []
  return succeeds(['sudo', '-n', 'true']) ? ['sudo', '-n'] : null
}

/**
 * Installs missing browsers if that is allowed. Throws if one is still missing, and says how to get it.
 */
export function provideBrowsers() {
  const before = missing()
  if (before.length === 0) return
  const packages = [...new Set(before.map(({ debian }) => debian))]
  const prefix = elevation()
  if (prefix) {
    console.log(`Installing ${packages.join(', ')} by apt-get …`)
    const install = ['install', '-y', '--no-install-recommends', ...packages]
    for (const args of [['update'], install]) {
      const [program = '', ...rest] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args]
      spawnSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] })
    }
  }
  const after = missing()
  if (after.length === 0) return
  const lines = [
    'Missing:',
    ...after.map(({ name, variable }) => `  ${name}, or a path to it in $${variable}`),
    `On Debian: apt-get install ${[...new Set(after.map(({ debian }) => debian))].join(' ')}`,
  ]
  throw new Failure(lines.join('\n'))
}
