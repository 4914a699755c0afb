import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { adapters, plain } from './subpaths.js'

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
  test('the package has these files and no others', () => {
    const maps = packed.filter((path) => path.endsWith('.map'))
    expect(packed.filter((path) => !path.endsWith('.map'))).toMatchInlineSnapshot(`
      [
        "LICENSE",
        "README.md",
        "dist/adapters/angular.d.ts",
        "dist/adapters/angular.js",
        "dist/adapters/react.d.ts",
        "dist/adapters/react.js",
        "dist/adapters/solid.d.ts",
        "dist/adapters/solid.js",
        "dist/adapters/svelte.d.ts",
        "dist/adapters/svelte.js",
        "dist/adapters/vue.d.ts",
        "dist/adapters/vue.js",
        "dist/companion.d.ts",
        "dist/companion.js",
        "dist/connect.d.ts",
        "dist/connect.js",
        "dist/connect/event-stream.d.ts",
        "dist/connect/types.d.ts",
        "dist/connect/web-socket.d.ts",
        "dist/core/changes.d.ts",
        "dist/core/clock.d.ts",
        "dist/core/deadlines.d.ts",
        "dist/core/record.d.ts",
        "dist/core/snapshot.d.ts",
        "dist/countdown.d.ts",
        "dist/countdown.js",
        "dist/data.d.ts",
        "dist/data.js",
        "dist/development/adapters/angular.js",
        "dist/development/adapters/react.js",
        "dist/development/adapters/solid.js",
        "dist/development/adapters/svelte.js",
        "dist/development/adapters/vue.js",
        "dist/development/companion.js",
        "dist/development/connect.js",
        "dist/development/countdown.js",
        "dist/development/data.js",
        "dist/development/fetch.js",
        "dist/development/index.js",
        "dist/development/journal.js",
        "dist/development/login.js",
        "dist/development/otel.js",
        "dist/development/policies.js",
        "dist/development/ports/lease.js",
        "dist/development/servers/cookie.js",
        "dist/development/servers/custom.js",
        "dist/development/servers/dpop.js",
        "dist/development/servers/oauth.js",
        "dist/development/shared/arguments.js",
        "dist/development/shared/async.js",
        "dist/development/shared/busy.js",
        "dist/development/shared/changes.js",
        "dist/development/shared/claims.js",
        "dist/development/shared/clock.js",
        "dist/development/shared/context.js",
        "dist/development/shared/credentials.js",
        "dist/development/shared/deadlines.js",
        "dist/development/shared/development.js",
        "dist/development/shared/each-session.js",
        "dist/development/shared/errors.js",
        "dist/development/shared/fingerprint.js",
        "dist/development/shared/idb-connection.js",
        "dist/development/shared/keep-alive.js",
        "dist/development/shared/memory.js",
        "dist/development/shared/network.js",
        "dist/development/shared/origins.js",
        "dist/development/shared/plain-fetch.js",
        "dist/development/shared/plugin.js",
        "dist/development/shared/plugin2.js",
        "dist/development/shared/proofs.js",
        "dist/development/shared/report.js",
        "dist/development/shared/response-error.js",
        "dist/development/shared/safe-dom.js",
        "dist/development/shared/session-key.js",
        "dist/development/shared/session-time.js",
        "dist/development/shared/session-view.js",
        "dist/development/shared/shadow-style.js",
        "dist/development/shared/timing.js",
        "dist/development/shared/zones.js",
        "dist/development/testing.js",
        "dist/development/tokens/stores/idb.js",
        "dist/development/tokens/stores/web-storage.js",
        "dist/development/ui/dialog/dialog.js",
        "dist/development/ui/element.js",
        "dist/development/ui/inspector/inspector.js",
        "dist/errors.d.ts",
        "dist/fetch.d.ts",
        "dist/fetch.js",
        "dist/index.d.ts",
        "dist/index.js",
        "dist/journal.d.ts",
        "dist/journal.js",
        "dist/login.d.ts",
        "dist/login.js",
        "dist/login/claims.d.ts",
        "dist/login/types.d.ts",
        "dist/otel.d.ts",
        "dist/otel.js",
        "dist/policies.d.ts",
        "dist/policies.js",
        "dist/ports/lease.d.ts",
        "dist/ports/lease.js",
        "dist/ports/types.d.ts",
        "dist/servers/cookie.d.ts",
        "dist/servers/cookie.js",
        "dist/servers/credentials.d.ts",
        "dist/servers/custom.d.ts",
        "dist/servers/custom.js",
        "dist/servers/dpop.d.ts",
        "dist/servers/dpop.js",
        "dist/servers/oauth.d.ts",
        "dist/servers/oauth.js",
        "dist/servers/page.d.ts",
        "dist/servers/proofs.d.ts",
        "dist/session/causes.d.ts",
        "dist/session/context.d.ts",
        "dist/session/data-hooks.d.ts",
        "dist/session/each-session.d.ts",
        "dist/session/plugin.d.ts",
        "dist/session/token-hooks.d.ts",
        "dist/shared/async.js",
        "dist/shared/changes.js",
        "dist/shared/claims.js",
        "dist/shared/clock.js",
        "dist/shared/context.js",
        "dist/shared/credentials.js",
        "dist/shared/deadlines.js",
        "dist/shared/each-session.js",
        "dist/shared/errors.js",
        "dist/shared/fingerprint.js",
        "dist/shared/idb-connection.js",
        "dist/shared/keep-alive.js",
        "dist/shared/memory.js",
        "dist/shared/network.js",
        "dist/shared/origins.js",
        "dist/shared/plain-fetch.js",
        "dist/shared/plugin.js",
        "dist/shared/plugin2.js",
        "dist/shared/proofs.js",
        "dist/shared/report.js",
        "dist/shared/response-error.js",
        "dist/shared/safe-dom.js",
        "dist/shared/session-key.js",
        "dist/shared/session-time.js",
        "dist/shared/session-view.js",
        "dist/shared/shadow-style.js",
        "dist/shared/timing.js",
        "dist/shared/zones.js",
        "dist/sojourn.core.min.js",
        "dist/sojourn.dev.js",
        "dist/sojourn.min.js",
        "dist/testing.d.ts",
        "dist/testing.js",
        "dist/testing/channel.d.ts",
        "dist/testing/locks.d.ts",
        "dist/testing/page.d.ts",
        "dist/testing/playground-actions.d.ts",
        "dist/testing/server.d.ts",
        "dist/testing/session.d.ts",
        "dist/testing/storage.d.ts",
        "dist/testing/time.d.ts",
        "dist/testing/tokens.d.ts",
        "dist/testing/world.d.ts",
        "dist/tokens/stores/encryption.d.ts",
        "dist/tokens/stores/idb.d.ts",
        "dist/tokens/stores/idb.js",
        "dist/tokens/stores/memory.d.ts",
        "dist/tokens/stores/web-storage.d.ts",
        "dist/tokens/stores/web-storage.js",
        "dist/types.d.ts",
        "dist/ui/dialog/dialog.d.ts",
        "dist/ui/dialog/dialog.js",
        "dist/ui/dialog/texts.d.ts",
        "dist/ui/element.d.ts",
        "dist/ui/element.js",
        "dist/ui/inspector/inspector.d.ts",
        "dist/ui/inspector/inspector.js",
        "dist/util/origins.d.ts",
        "dist/util/session-view.d.ts",
        "docs/troubleshooting.md",
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

  test('the package installs nothing else but idb-keyval', () => {
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
      expect(map.sources).not.toEqual([])
      for (const source of map.sources) expect(source).toMatch(new RegExp(`^${up}(src|node_modules)/`))
      expect(map.sourcesContent.map((content) => typeof content)).toEqual(map.sources.map(() => 'string'))
    }
  })
})

/**
 * Watches what a module touches while it is imported: everything that a host adds to the language is made to tell who
 * reads it, as is what only pages have. Clocks and chance count too.
 */
const WATCH = `
import { runInNewContext } from 'node:vm'
for (const specifier of process.argv.slice(3)) await import(specifier)
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

/** `present`: what has been imported before, so that what frameworks themselves do is not counted. */
function expectNoTouch(where: string, specifier: string, ...present: string[]): void {
  const script = join(where, 'watch.mjs')
  writeFileSync(script, WATCH)
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, specifier, ...present], {
    cwd: where,
    encoding: 'utf8',
    timeout: 10_000,
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ touched: [], added: [] })
  expect(status).toBe(0)
}

/** What was read once: the compiler's own libraries, and the frameworks. */
const sources = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says to `code`, in a project that is strict about its libraries as well. */
function compile(where: string, code: string, moduleResolution: 'nodenext' | 'bundler'): string {
  const file = join(where, 'use.ts')
  writeFileSync(file, code)
  const isNode = moduleResolution === 'nodenext'
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    module: isNode ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
    moduleResolution: isNode ? ts.ModuleResolutionKind.NodeNext : ts.ModuleResolutionKind.Bundler,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipDefaultLibCheck: true,
    noEmit: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram([file], options, {
    ...host,
    getCurrentDirectory: () => where,
    getSourceFile(path, ...how) {
      if (!path.startsWith(root)) return host.getSourceFile(path, ...how)
      if (!sources.has(path)) sources.set(path, host.getSourceFile(path, ...how))
      return sources.get(path)
    },
  })
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), { ...host, getCurrentDirectory: () => where })
}

describe('importing it apart', () => {
  test.each(plain)('%s touches no global, leaves none, and lets the process end', (specifier) => {
    expectNoTouch(folder, specifier)
  })

  test('the watch for globals sees a global that is set', () => {
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

  test.each(['nodenext', 'bundler'] as const)(
    'the types of the package resolve with moduleResolution %s',
    (resolution) => {
      const lines = plain.map(
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
      import { aesGcm, idbTokens } from 'sojourn/tokens/idb'
      import { webStorageTokens } from 'sojourn/tokens/web-storage'
      export type All = [Deadlines, Duration, EndReason, SessionErrorCode, SessionEvents, ServerTimes, SessionServer,
        SessionStep, Snapshot, StoredTokens, TokenResponse, TokenStore, OAuthOptions, Policy, Ports, Tab, World]
      const options: SessionOptions = {
        ...policies.nistAal2,
        tokenStore: [memoryTokens(), idbTokens({ encrypt: aesGcm }), webStorageTokens(() => sessionStorage)][0]!,
        server: oauth({ tokenEndpoint: '/token', clientId: 'app' }),
      }
      const session: Session = createSession(options)
      export const call: typeof fetch = createFetch(session, { origins: ['https://api.example.com'] })
      export const tested: Session = createSessionWith(createWorld().tab().ports, options)
      export const failed: boolean = isSessionError(new SessionError('offline'))
    `
      expect(compile(folder, [...lines, use].join('\n'), resolution)).toBe('')
    },
  )
})

/** What an application has installed beside, and how it begins. */
const frameworks: Readonly<Record<string, { readonly packages: readonly string[]; readonly use: string }>> = {
  'sojourn/login': {
    packages: ['oauth4webapi'],
    use: `import { memoryTokens } from 'sojourn'
      import { decodeClaims, login } from 'sojourn/login'
      const { finish } = login({ issuer: 'https://id.example.com', clientId: 'app' })
      export const done = finish(createSession({ tokenStore: memoryTokens() }))
      export const name: unknown = decodeClaims('a.e30.c')['name']`,
  },
  'sojourn/react': {
    packages: ['react', '@types/react'],
    use: `import type { ReactElement } from 'react'
      import { SessionProvider, useRemaining, useSession } from 'sojourn/react'
      export const element: ReactElement = SessionProvider({ session, children: 'all' })
      export const use = (): [string, number | null] => [useSession().phase, useRemaining(session)]`,
  },
  'sojourn/svelte': {
    packages: ['svelte'],
    use: `import { provideSession, useRemaining, useSession, type Live } from 'sojourn/svelte'
      provideSession(session)
      export const seconds: Live<number | null> = useRemaining()
      export const phase: string = useSession(session).current.phase`,
  },
  'sojourn/solid': {
    packages: ['solid-js'],
    use: `import type { JSX } from 'solid-js'
      import { SessionProvider, useRemaining, useSession } from 'sojourn/solid'
      export const element = (): JSX.Element => SessionProvider({ session })
      export const use = (): [string, number | null] => [useSession()().phase, useRemaining(session)()]`,
  },
  'sojourn/angular': {
    packages: ['@angular/core', '@angular/common', '@angular/router', 'rxjs'],
    use: `import { type ApplicationConfig } from '@angular/core'
      import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http'
      import type { CanActivateFn } from '@angular/router'
      import { injectRemaining, injectSession, provideSession, sessionGuard, sessionInterceptor } from 'sojourn/angular'
      const interceptors = withInterceptors([sessionInterceptor({ origins: ['https://api.example.com'] })])
      export const config: ApplicationConfig = { providers: [provideSession(session), provideHttpClient(withFetch(), interceptors)] }
      export const guard: CanActivateFn = sessionGuard(() => false)
      export const use = (): [string, number | null] => [injectSession()().phase, injectRemaining(session)()]`,
  },
  'sojourn/vue': {
    packages: ['vue'],
    use: `import { createApp } from 'vue'
      import { sessionPlugin, useRemaining, useSession } from 'sojourn/vue'
      createApp({}).use(sessionPlugin, session)
      export const use = (): [string, number | null] => [useSession().value.phase, useRemaining(session).value]`,
  },
}

describe('beside one package and no other', () => {
  let where = ''
  afterEach(() => {
    rmSync(where, { recursive: true, force: true })
  })

  test.each(adapters)('%s touches no global, and its types resolve', (specifier) => {
    const { packages, use } = frameworks[specifier]!
    where = mkdtempSync(join(tmpdir(), 'sojourn-'))
    const modules = join(where, 'node_modules')
    cpSync(join(folder, 'node_modules/sojourn'), join(modules, 'sojourn'), { recursive: true })
    for (const name of packages) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    }
    writeFileSync(join(where, 'package.json'), '{ "private": true, "type": "module" }')
    expectNoTouch(where, specifier, packages[0]!)
    const session = "import { createSession } from 'sojourn'\nconst session = createSession()"
    expect(compile(where, `${session}\n${use}`, 'bundler')).toBe('')
  })
})
