import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examples, OUTPUTS } from '../../scripts/examples.mjs'
import { root } from '../../scripts/lib.mjs'

// That each of them runs is a step of `npm test`: scripts/examples.mjs, and test/e2e/examples.chromium.spec.ts.

const read = (...path: string[]): string => readFileSync(join(root, 'examples', ...path), 'utf8')

const filesOf = (name: string): string[] => {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(root, 'examples', name, folder), { withFileTypes: true })
      .filter((entry) => !OUTPUTS.includes(entry.name))
      .flatMap((entry) => {
        const path = join(folder, entry.name)
        return entry.isDirectory() ? inFolder(path) : [path]
      })
  return inFolder('')
}

interface Manifest {
  readonly name: string
  readonly dependencies: Record<string, string>
  readonly devDependencies?: Record<string, string>
}
const manifestOf = (name: string): Manifest => JSON.parse(read(name, 'package.json')) as Manifest
const packagesOf = (name: string): Record<string, string> => {
  const { dependencies, devDependencies } = manifestOf(name)
  return { ...dependencies, ...devDependencies }
}

describe.each(examples)('the example %s', (name) => {
  test('asks for this version of the library, and is listed', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(manifestOf(name)).toMatchObject({ name, dependencies: { sojourn: `^${version}` } })
    expect(read('README.md')).toContain(`(${name}/README.md)`)
  })

  // In .cache a package that it forgets would be found all the same, among those of the repository.
  test('has each package that it imports among its own', () => {
    const own = Object.keys(packagesOf(name))
    const code = filesOf(name).filter((file) => /\.(ts|tsx|js|mjs|vue|svelte)$/.test(file))
    const imported = code.flatMap((file) =>
      [...read(name, file).matchAll(/^(?:import|export) (?:[^'"=()]* from )?['"]((?:@[\w-]+\/)?[\w-][\w.-]*)/gm)].map(
        ([, imports = '']) => imports,
      ),
    )
    const foreign = imported.filter((each) => each !== 'node' && !builtinModules.includes(each))
    expect(code).not.toEqual([])
    expect(foreign.filter((each) => !own.includes(each))).toEqual([])
  })
})

test('two examples that use the same package ask for the same version of it', () => {
  const asked = examples.flatMap((name) => Object.entries(packagesOf(name)))
  const versions = new Map<string, Set<string>>()
  for (const [name, version] of asked) versions.set(name, (versions.get(name) ?? new Set()).add(version))
  expect([...versions].filter(([, { size }]) => size > 1)).toEqual([])
})

test('the examples with OpenID Connect differ only in their frameworks', () => {
  for (const file of ['dev/provider.js', 'src/session.ts', 'src/return-path.ts', 'src/style.css'])
    expect(read('vue-openid', file)).toBe(read('react-openid', file))
})

test('the examples that render on a server keep their sessions in the same way', () => {
  const kept = read('next-cookie', 'lib/sessions.ts')
  expect(read('nuxt-cookie', 'server/utils/sessions.ts')).toBe(kept)
  expect(read('sveltekit-cookie', 'src/lib/server/sessions.ts')).toBe(kept)
})
