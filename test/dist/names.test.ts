import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { subpaths } from './subpaths.js'

interface Words {
  readonly names: ReadonlySet<string>
  readonly packages: ReadonlySet<string>
}

/** Every name in a built file and in what it imports, and the packages that it needs. Comments and texts do not count. */
function wordsOf(...entries: readonly string[]): Words {
  const names = new Set<string>()
  const packages = new Set<string>()
  const queue = entries.map((entry) => join(root, entry))
  const visit = (file: string, node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text)
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral).text
      const path = join(file, '..', specifier)
      if (!specifier.startsWith('.')) packages.add(specifier)
      else if (!queue.includes(path)) queue.push(path)
    }
    ts.forEachChild(node, (child) => {
      visit(file, child)
    })
  }
  for (const file of queue) visit(file, ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022))
  return { names, packages }
}

const among = (words: Words, forbidden: readonly string[]): string[] =>
  forbidden.filter((name) => words.names.has(name))

const page = ['document', 'window', 'navigator', 'location', 'addEventListener', 'matchMedia', 'requestAnimationFrame']
/** Paths are of the page's own origin. */
const notOfOwnOrigin = page.filter((name) => name !== 'location')
const storage = ['localStorage', 'sessionStorage', 'Storage', 'cookie']
const databases = ['indexedDB', 'IDBKeyRange', 'caches']
const channels = ['BroadcastChannel', 'postMessage', 'SharedWorker', 'Worker', 'locks']
const network = ['fetch', 'XMLHttpRequest', 'sendBeacon', 'WebSocket', 'EventSource']
const time = ['Date', 'performance', 'setTimeout', 'setInterval', 'queueMicrotask', 'requestIdleCallback']
const secrets = ['crypto', 'subtle']

/** Browsers' locks, or a lease in localStorage: what a server and a token store bring takes turns by them. */
const turns = ['navigator', 'locks', 'addEventListener', 'localStorage', 'Date', 'performance', 'setTimeout']
const without = (names: readonly string[], allowed: readonly string[]): string[] =>
  names.filter((name) => !allowed.includes(name))

/** Adapters render the session. Of the page they read only whether it is hidden, and of time only the clock. */
const notInAdapters = [...storage, ...databases, ...channels, ...network, ...secrets, 'setInterval', 'createSession']

/** What a part has no business with. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  sojourn: [...databases, ...network, 'sessionStorage', 'cookie', 'postMessage$'],
  // Sockets and streams are its business, and the lock of the one tab that has them.
  'sojourn/connect': [
    ...page.filter((name) => !['navigator', 'addEventListener'].includes(name)),
    ...[...storage, ...databases, ...secrets],
    ...[...channels, ...network, ...time].filter((name) => !['locks', 'fetch', 'WebSocket'].includes(name)),
  ],
  'sojourn/countdown': [...page.filter((name) => name !== 'document'), ...notInAdapters],
  'sojourn/cookie': without([...notOfOwnOrigin, ...storage, ...databases, ...channels, ...secrets], turns),
  // It listens to the signals of its limits.
  'sojourn/dpop': [
    ...notOfOwnOrigin.filter((name) => name !== 'addEventListener'),
    ...[...storage, ...channels, ...network],
  ],
  // Of the page it wants storage alone, and its events.
  'sojourn/data': without(
    [...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets],
    [...['document', 'window', 'addEventListener', 'localStorage']],
  ),
  'sojourn/dialog': [...storage, ...databases, ...channels, ...network, ...secrets],
  'sojourn/element': [...storage, ...databases, ...channels, ...network, ...secrets],
  // Timeline and record come from the session alone; of the browser it wants the clipboard.
  'sojourn/inspector': [...storage, ...databases, ...channels, ...network, ...secrets, 'innerHTML'],
  // It reads one cookie.
  'sojourn/companion': [
    ...without([...page, ...storage], ['document', 'window', 'cookie', 'addEventListener']),
    ...[...databases, ...channels, ...network, ...time, ...secrets],
  ],
  // What it sends, the application sends. It listens to the signals of its limits.
  'sojourn/journal': without(
    [...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets],
    ['addEventListener'],
  ),
  'sojourn/otel': without(
    [...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets],
    ['addEventListener'],
  ),
  // Its slots lie in localStorage, and one tab at a time sends a code. It looks whether there is Web Crypto.
  'sojourn/login': [
    ...without([...page, ...storage], ['document', 'navigator', 'location', 'addEventListener', 'localStorage']),
    ...without([...databases, ...channels, ...network], ['locks', 'fetch']),
    ...without(time, ['Date', 'setTimeout']),
  ],
  'sojourn/fetch': [...storage, ...databases, ...channels, ...time, ...secrets, 'document', 'navigator'],
  'sojourn/oauth': without([...notOfOwnOrigin, ...storage, ...databases, ...channels], turns),
  'sojourn/react': [...page.filter((name) => name !== 'document'), ...notInAdapters],
  'sojourn/lease': without([...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets], turns),
  'sojourn/policies': [...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets],
  // The application's own requests are the server's business.
  'sojourn/server': without([...page, ...storage, ...databases, ...channels, ...network, ...time, ...secrets], turns),
  'sojourn/testing': without(
    [
      ...[
        'document',
        'window',
        'navigator',
        'location',
        'localStorage',
        'sessionStorage',
        'cookie',
        'BroadcastChannel',
      ],
      ...[...databases, ...network, ...time, ...secrets],
    ],
    turns,
  ),
  'sojourn/svelte': [...page.filter((name) => name !== 'document'), ...notInAdapters],
  'sojourn/solid': [...page.filter((name) => name !== 'document'), ...notInAdapters],
  // Credentials go to the page's own origin by default.
  // Of the limit for the server's own `authorize`.
  'sojourn/angular': [
    ...page.filter((name) => !['document', 'location', 'addEventListener'].includes(name)),
    ...notInAdapters,
  ],
  'sojourn/tokens/idb': without([...page, ...storage, ...channels, ...network], turns),
  // It waits a moment for what other processes read of it.
  'sojourn/tokens/web-storage': without(
    [...page, 'cookie', ...databases, ...channels, ...network, ...time, ...secrets],
    turns,
  ),
  'sojourn/vue': [...page.filter((name) => name !== 'document'), ...notInAdapters],
}

/** What a part is made of beside our own code. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'sojourn/dpop': ['idb-keyval'],
  'sojourn/login': ['oauth4webapi'],
  'sojourn/react': ['react'],
  'sojourn/svelte': ['svelte', 'svelte/reactivity'],
  'sojourn/solid': ['solid-js'],
  'sojourn/angular': ['@angular/core', 'rxjs'],
  'sojourn/tokens/idb': ['idb-keyval'],
  'sojourn/vue': ['vue'],
}

/** What a page's Content Security Policy forbids, what only some build tools know, and what reads other people's code. */
const anywhere = [
  ...['process', 'require', 'module', 'Buffer', 'global', '__dirname', '__DEV__'],
  ...['eval', 'Function', 'innerHTML', 'outerHTML', 'insertAdjacentHTML', 'createPolicy', 'importScripts'],
  ...['setInterval', 'unload', 'React', 'Vue', 'angular', '__proto__'],
]

describe('the names in what is built', () => {
  test('the sources are found under every public name', () => {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
      config: { compilerOptions: { paths: Record<string, string[]> } }
    }
    const expected = subpaths.map(([specifier, file]) => [
      specifier,
      [file.replace(/^dist/, './src').replace(/js$/, 'ts')],
    ])
    expect(config.compilerOptions.paths).toEqual(Object.fromEntries(expected))
  })

  test('every subpath has its list', () => {
    expect(Object.keys(forbidden).sort()).toEqual(subpaths.map(([specifier]) => specifier).sort())
  })

  test.each(subpaths)('%s uses no name that is not its business', (specifier, file) => {
    expect(among(wordsOf(file), [...(forbidden[specifier] ?? []), ...anywhere])).toEqual([])
  })

  test.each(subpaths)(
    '%s needs no package but its framework, or idb-keyval if it keeps something in IndexedDB',
    (specifier, file) => {
      expect([...wordsOf(file).packages]).toEqual(packages[specifier] ?? [])
    },
  )

  test('sojourn.core.min.js holds no more than sojourn', () => {
    expect(among(wordsOf('dist/sojourn.core.min.js'), [...(forbidden.sojourn ?? []), ...anywhere])).toEqual([])
  })

  test('I13: sojourn.min.js needs no build tool and breaks no policy', () => {
    expect(among(wordsOf('dist/sojourn.min.js'), anywhere)).toEqual([])
  })
})
