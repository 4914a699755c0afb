// @ts-check

// Measures what others cost, by the same rule as `npm run sizes`, and writes the table in docs/comparison.md.
// Installs them apart, in .cache/peers.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'
import { format, resolveConfig } from 'prettier'
import { report, root } from '../scripts/lib.mjs'

const folder = join(root, '.cache/peers')
const page = join(root, 'docs/comparison.md')

/** What an application imports of each. @type {readonly (readonly [name: string, version: string, names: string, subpath?: string])[]} */
const peers = [
  ['react-idle-timer', '5.7.3', 'useIdleTimer'],
  ['better-auth', '1.7.25', 'createAuthClient', '/client'],
  ['oidc-client-ts', '3.5.0', 'UserManager, WebStorageStateStore'],
  ['@supabase/auth-js', '2.119.1', 'AuthClient'],
  ['@auth0/auth0-spa-js', '2.28.3', 'createAuth0Client'],
]

/** @param {string} code */
async function sizeOf(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['react', 'react-dom'],
    write: false,
  })
  return outputFiles.reduce((sum, { contents }) => sum + brotliCompressSync(contents).length, 0)
}

await report(async () => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const packages = peers.map(([name, version]) => `${name}@${version}`)
  execFileSync('npm', ['install', ...packages, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  })
  const rows = []
  for (const [name, version, names, subpath = ''] of peers) {
    const size = await sizeOf(`export { ${names} } from '${name}${subpath}'`)
    rows.push(`| \`${names}\` from \`${name}${subpath}\` | ${version} | ${(size / 1000).toFixed(1)} kB |`)
  }
  const table = ['| what | version | min + brotli |', '| --- | --- | --- |', ...rows].join('\n')
  const text = readFileSync(page, 'utf8').replace(
    /(<!-- peers -->)[^]*(<!-- \/peers -->)/,
    (_, before, after) => `${before}\n\n${table}\n\n${after}`,
  )
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }))
  console.log(table)
})
