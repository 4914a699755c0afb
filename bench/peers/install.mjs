// @ts-check

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib.mjs'

/** Where the others are installed, apart from this repository's own dependencies. */
export const folder = join(root, '.cache/peers')

/** What an application imports of each. @type {readonly (readonly [name: string, version: string, names: string, subpath?: string])[]} */
export const peers = [
  ['react-idle-timer', '5.7.3', 'useIdleTimer'],
  ['better-auth', '1.7.25', 'createAuthClient', '/client'],
  ['oidc-client-ts', '3.5.0', 'UserManager, WebStorageStateStore'],
  ['@supabase/auth-js', '2.119.1', 'AuthClient'],
  ['@auth0/auth0-spa-js', '2.28.3', 'createAuth0Client'],
]

/** Installs them at exactly these versions. */
export function install() {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const packages = peers.map(([name, version]) => `${name}@${version}`)
  execFileSync('npm', ['install', ...packages, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  })
}
