import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { subpaths } from './subpaths.js'

let folder = ''
let packed: string[] = []

const npm = (...args: string[]): string =>
  execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sojourn-'))
  const [pack] = JSON.parse(
    npm('pack', root, '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder),
  ) as [{ filename: string; files: { path: string }[] }]
  packed = pack.files.map(({ path }) => path).sort()
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  npm('install', join(folder, pack.filename), '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('what is published', () => {
  test('these files and no others', () => {
    const maps = packed.filter((path) => path.endsWith('.map'))
    expect(packed.filter((path) => !path.endsWith('.map'))).toMatchInlineSnapshot(`
      [
        "LICENSE",
        "README.md",
        "dist/core/record.d.ts",
        "dist/core/time.d.ts",
        "dist/errors.d.ts",
        "dist/fetch.d.ts",
        "dist/fetch.js",
        "dist/index.d.ts",
        "dist/index.js",
        "dist/policies.d.ts",
        "dist/policies.js",
        "dist/ports/types.d.ts",
        "dist/servers/oauth.d.ts",
        "dist/servers/oauth.js",
        "dist/session.d.ts",
        "dist/shared/errors.js",
        "dist/shared/limit.js",
        "dist/shared/session.js",
        "dist/shared/stored.js",
        "dist/sojourn.core.min.js",
        "dist/sojourn.min.js",
        "dist/testing.d.ts",
        "dist/testing.js",
        "dist/testing/channel.d.ts",
        "dist/testing/locks.d.ts",
        "dist/testing/page.d.ts",
        "dist/testing/server.d.ts",
        "dist/testing/storage.d.ts",
        "dist/testing/time.d.ts",
        "dist/testing/tokens.d.ts",
        "dist/testing/world.d.ts",
        "dist/tokens/idb.d.ts",
        "dist/tokens/idb.js",
        "dist/tokens/memory.d.ts",
        "dist/tokens/web-storage.d.ts",
        "dist/tokens/web-storage.js",
        "dist/types.d.ts",
        "package.json",
      ]
    `)
    expect(maps).toEqual(
      packed
        .filter((path) => path.endsWith('.js'))
        .map((path) => `${path}.map`)
        .sort(),
    )
  })

  test('nothing comes with it but idb-keyval', () => {
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'idb-keyval',
      'sojourn',
    ])
  })

  test('source maps hold their sources, and no path of the machine that built them', () => {
    for (const path of packed.filter((each) => each.endsWith('.map'))) {
      const map = JSON.parse(readFileSync(join(folder, 'node_modules/sojourn', path), 'utf8')) as {
        sources: string[]
        sourcesContent: (string | null)[]
      }
      const up = '../'.repeat(path.split('/').length - 1)
      for (const source of map.sources) expect(source).toMatch(new RegExp(`^${up}(src|node_modules)/`))
      expect(map.sourcesContent.every((content) => typeof content === 'string')).toBe(true)
    }
  })
})

/**
 * Watches what a module touches while it is imported: everything that a host adds to the language is made to tell who
 * reads it, as is what only pages have. Clocks and chance count too.
 */
const WATCH = `
import { runInNewContext } from 'node:vm'
const language = new Set(runInNewContext('Object.getOwnPropertyNames(globalThis)'))
for (const name of ['Date', 'console', 'WebAssembly']) language.delete(name)
const inPages = ['window', 'self', 'document', 'location', 'navigator', 'localStorage', 'sessionStorage', 'indexedDB',
  'addEventListener', 'XMLHttpRequest', 'Worker', 'SharedWorker', 'matchMedia', 'name', 'origin', 'isSecureContext']
const touched = []
const tell = (name) => {
  if (/node_modules.(sojourn|idb-keyval)/.test(new Error().stack)) touched.push(name)
}
const watch = (owner, name, label) => {
  const value = owner[name]
  Object.defineProperty(owner, name, { configurable: true, get: () => (tell(label), value), set: () => tell(label) })
}
const host = Object.getOwnPropertyNames(globalThis).filter((name) => !language.has(name))
for (const name of new Set([...host, ...inPages])) watch(globalThis, name, name)
watch(Math, 'random', 'Math.random')
const before = Object.getOwnPropertyNames(globalThis).length
const exports = Object.keys(await import(process.argv[2]))
const added = Object.getOwnPropertyNames(globalThis).slice(before)
process.stdout.write(JSON.stringify({ exports, touched, added }))
`

describe('importing it apart', () => {
  test.each(subpaths)('%s touches no global, leaves none, and lets the process end', (specifier) => {
    const script = join(folder, 'watch.mjs')
    writeFileSync(script, WATCH)
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, specifier], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 10_000,
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ touched: [], added: [] })
    expect(status).toBe(0)
  })

  test('the watch sees what it is there for', () => {
    const culprit = join(folder, 'node_modules/sojourn-culprit')
    mkdirSync(culprit, { recursive: true })
    writeFileSync(join(culprit, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
    writeFileSync(
      join(culprit, 'index.js'),
      'typeof document; setTimeout(() => {}, 0); new Date(); Math.random(); globalThis.left = 1; export const x = 1',
    )
    writeFileSync(join(folder, 'watch.mjs'), WATCH)
    const seen = execFileSync(process.execPath, ['watch.mjs', 'sojourn-culprit'], { cwd: folder, encoding: 'utf8' })
    rmSync(culprit, { recursive: true })
    expect(JSON.parse(seen)).toEqual({
      exports: ['x'],
      touched: ['document', 'setTimeout', 'Date', 'Math.random'],
      added: ['left'],
    })
  })

  test.each(['nodenext', 'bundler'])('its types resolve with moduleResolution %s', (resolution) => {
    const lines = subpaths.map(
      ([specifier], index) => `import * as m${String(index)} from '${specifier}'\nexport { m${String(index)} }`,
    )
    const use = `
      import { createSession, isSessionError, memoryTokens, SessionError } from 'sojourn'
      import type { Deadlines, Duration, EndReason, Session, SessionErrorCode, SessionEvents, SessionOptions } from 'sojourn'
      import type { ServerTimes, SessionServer, SessionStep, Snapshot, StoredTokens, TokenResponse, TokenStore } from 'sojourn'
      import { createFetch } from 'sojourn/fetch'
      import { oauth, type OAuthOptions } from 'sojourn/oauth'
      import { policies, type Policy } from 'sojourn/policies'
      import { createSessionWith, createWorld, type Ports, type Tab, type World } from 'sojourn/testing'
      import { idbTokens } from 'sojourn/tokens/idb'
      import { webStorageTokens } from 'sojourn/tokens/web-storage'
      export type All = [Deadlines, Duration, EndReason, SessionErrorCode, SessionEvents, ServerTimes, SessionServer,
        SessionStep, Snapshot, StoredTokens, TokenResponse, TokenStore, OAuthOptions, Policy, Ports, Tab, World]
      const options: SessionOptions = {
        ...policies.nistAal2,
        tokenStore: [memoryTokens(), idbTokens({ encrypt: true }), webStorageTokens(() => sessionStorage)][0]!,
        server: oauth({ tokenEndpoint: '/token', clientId: 'app' }),
      }
      const session: Session = createSession(options)
      export const call: typeof fetch = createFetch(session, { origins: ['https://api.example.com'] })
      export const tested: Session = createSessionWith(createWorld().tab().ports, options)
      export const failed: boolean = isSessionError(new SessionError('offline'))
    `
    writeFileSync(join(folder, 'use.ts'), [...lines, use].join('\n'))
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2022', 'dom'],
          module: resolution === 'bundler' ? 'esnext' : resolution,
          moduleResolution: resolution,
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
          types: [],
        },
        files: ['use.ts'],
      }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
