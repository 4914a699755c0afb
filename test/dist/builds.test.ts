/** The two builds: one explains itself, the other is small, and both do the same. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { describe, expect, test } from 'vitest'
import webpack from 'webpack'
import { root } from '../../scripts/lib.mjs'
import { plain } from './subpaths.js'

const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(folder, path))

/** A sentence as errors and warnings have it, in a text that a browser would load. */
const SENTENCE = /['"`](?:[^'"`\n]* )?(?:Give|Sign in|Mend|Try again|try again) [^'"`\n]*['"`]/

/** What Node says of a wrong option, where it resolves `sojourn` by these conditions. */
const inNode = (...conditions: string[]): unknown => {
  const script = `
    import { createSession } from 'sojourn'
    try { createSession({ idleTimeout: -1 }) } catch ({ name, code, message }) { console.log(JSON.stringify({ name, code, message })) }`
  const args = [...conditions.map((name) => `--conditions=${name}`), '--input-type=module', '--eval', script]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))
}

const entry = `
  import { createSession } from 'sojourn'
  globalThis.start = () => createSession({ idleTimeout: -1 })`
const ID = '\0entry'

/** The same application as Vite builds it. */
async function inVite(mode: 'production' | 'development'): Promise<string> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = mode
  try {
    const built = await vite({
      root,
      mode,
      configFile: false,
      logLevel: 'silent',
      build: { write: false, minify: false, rolldownOptions: { input: 'entry' } },
      plugins: [
        {
          name: 'entry',
          enforce: 'pre',
          resolveId: (id) => (id === 'entry' ? ID : null),
          load: (id) => (id === ID ? entry : null),
        },
      ],
    })
    return JSON.stringify(built)
  } finally {
    process.env['NODE_ENV'] = before
  }
}

/** The same application as webpack builds it. */
async function inWebpack(mode: 'production' | 'development'): Promise<string> {
  // Outside the project, whose tsconfig.json would lead webpack to the sources.
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-webpack-'))
  try {
    writeFileSync(join(folder, 'entry.mjs'), entry)
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/sojourn'))
    const compiler = webpack({
      mode,
      context: folder,
      entry: './entry.mjs',
      output: { path: folder, filename: 'out.js' },
      devtool: false,
    })
    await new Promise<void>((resolve, reject) => {
      compiler.run((error, stats) => {
        if (error ?? stats?.hasErrors()) reject(error ?? new Error(stats?.toString('errors-only')))
        else resolve()
      })
    })
    return readFileSync(join(folder, 'out.js'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the production build', () => {
  test('the production build holds no sentence for developers, in modules and scripts', () => {
    const production = files('dist').filter((path) => !/development|\.dev\.js|dist.(ui|testing)/.test(path))
    expect(production).toContain('dist/index.js')
    const found = production.filter((path) => SENTENCE.test(readFileSync(join(root, path), 'utf8')))
    expect(found).toEqual([])
  })

  test('the production build is what Node gets, with the code and the option', () => {
    expect(inNode()).toEqual({ name: 'SessionError', code: 'invalid_options', message: 'idleTimeout' })
  })

  test('the production build is what Vite and webpack put into what they build', async () => {
    expect(SENTENCE.test(await inVite('production'))).toBe(false)
    expect(SENTENCE.test(await inWebpack('production'))).toBe(false)
  })
})

describe('the development build', () => {
  test('the development build is what Node gets under the development condition, with sentences', () => {
    const said = inNode('development') as { message: string }
    expect(said).toMatchObject({ name: 'SessionError', code: 'invalid_options' })
    expect(said.message).toMatch(/^idleTimeout is -1, no length of time\. Give milliseconds/)
  })

  test('the development build is what Vite, webpack and esbuild take for development', async () => {
    expect(SENTENCE.test(await inVite('development'))).toBe(true)
    expect(SENTENCE.test(await inWebpack('development'))).toBe(true)
    const { outputFiles } = await esbuild({
      stdin: { contents: entry, resolveDir: root },
      bundle: true,
      write: false,
      format: 'esm',
      conditions: ['development'],
    })
    expect(SENTENCE.test(outputFiles[0]!.text)).toBe(true)
  })

  test.each(plain)(
    'the development build exports from %s what the production build exports',
    async (_specifier, file) => {
      const one = (await import(join(root, file))) as object
      const two = (await import(join(root, file.replace('dist/', 'dist/development/')))) as object
      expect(Object.keys(two).sort()).toEqual(Object.keys(one).sort())
    },
  )
})
