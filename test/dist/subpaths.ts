import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib.mjs'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Every module that may be imported, with its file: `['sojourn/fetch', 'dist/fetch.js']`. */
export const subpaths: readonly (readonly [specifier: string, file: string])[] = Object.entries(
  manifest.exports,
).flatMap(([key, target]) =>
  typeof target === 'string' ? [] : [[join(manifest.name, key), join(target.default)] as const],
)

/** Those that need a package beside them: a framework, or the library under the login. */
export const adapters = subpaths.filter(([, file]) => file.startsWith('dist/adapters/') || file === 'dist/login.js')
/** Those that need nothing. */
export const plain = subpaths.filter((subpath) => !adapters.includes(subpath))
