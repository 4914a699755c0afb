// @ts-check

/** Shared by every layer: types, errors, and helpers that know nothing of a session. */
const everyone = ['types.ts', 'errors.ts', 'util/']

/** The files that an adapter may import beside its framework. None is of the core, which the application has already. */
const adapter = ['errors.ts', 'countdown.ts', 'util/development.ts', 'util/session-view.ts']

/**
 * Who may import whom, and nothing else. The linter and test/dist/imports.test.ts read it.
 *
 * Paths are below `src`; a folder ends with a slash; packages go by name. The first layer that holds a file counts.
 * Files of one layer may import each other. `types`: what may be imported as types only.
 *
 * @type {readonly { files: readonly string[], imports: readonly string[], types?: readonly string[] }[]}
 */
export const layers = [
  { files: everyone, imports: [], types: ['core/'] },
  { files: ['core/'], imports: [], types: ['errors.ts'] },
  { files: ['ports/'], imports: ['core/', ...everyone] },
  {
    files: ['plugins/'],
    imports: ['core/', 'ports/web-locks.ts', 'session/context.ts', ...everyone],
    types: ['session/'],
  },
  { files: ['tokens/stores/'], imports: ['tokens/', 'idb-keyval', ...everyone], types: ['session/'] },
  { files: ['tokens/'], imports: ['core/', 'plugins/', 'session/context.ts', ...everyone], types: ['session/'] },
  {
    files: ['servers/'],
    imports: [
      'core/',
      'plugins/',
      'tokens/plugin.ts',
      'session/context.ts',
      'session/plugin.ts',
      'tokens/stores/idb-connection.ts',
      'idb-keyval',
      ...everyone,
    ],
    types: ['session/'],
  },
  { files: ['session/'], imports: ['core/', ...everyone], types: ['ports/'] },
  { files: ['index.ts'], imports: ['session/', 'ports/', 'tokens/stores/memory.ts', ...everyone] },
  { files: ['global-core.ts'], imports: ['index.ts'] },
  // What is bound to a session.
  {
    files: ['data.ts'],
    imports: ['core/record.ts', 'ports/shared-storage.ts', 'session/context.ts', ...everyone],
    types: ['session/'],
  },
  { files: ['policies.ts'], imports: [], types: ['types.ts'] },
  { files: ['testing.ts'], imports: ['testing/'], types: ['ports/'] },
  {
    files: ['testing/'],
    imports: ['session/', 'servers/custom.ts', 'tokens/', 'ports/mutex.ts', ...everyone],
    types: ['core/', 'ports/'],
  },
  { files: ['fetch.ts'], imports: ['util/', 'session/context.ts', 'servers/credentials.ts'], types: ['types.ts'] },
  // What is bound to a session.
  {
    files: ['journal.ts', 'otel.ts', 'companion.ts'],
    imports: ['session/context.ts', 'session/each-session.ts', 'core/fingerprint.ts', 'ports/safe-dom.ts', ...everyone],
    types: ['core/'],
  },
  {
    files: ['login.ts', 'login/'],
    // The same checks of URLs and the same errors as those of `oauth()`.
    imports: ['servers/response-error.ts', 'oauth4webapi', ...everyone],
    types: ['servers/oauth.ts'],
  },
  { files: ['countdown.ts'], imports: ['util/'], types: ['types.ts'] },
  {
    files: ['connect.ts', 'connect/'],
    imports: ['core/deadlines.ts', 'session/context.ts', 'session/each-session.ts', ...everyone],
    types: ['core/', 'session/'],
  },
  { files: ['ui/'], imports: ['countdown.ts', 'util/'], types: ['types.ts', 'journal.ts'] },
  {
    files: ['adapters/angular.ts'],
    imports: ['@angular/core', 'rxjs', 'util/origins.ts', 'servers/credentials.ts', ...adapter],
    types: ['types.ts', '@angular/common/http', '@angular/router'],
  },
  { files: ['adapters/react.ts'], imports: ['react', ...adapter], types: ['types.ts'] },
  {
    files: ['adapters/svelte.ts'],
    imports: ['svelte', 'svelte/reactivity', ...adapter],
    types: ['types.ts', 'svelte/store'],
  },
  { files: ['adapters/solid.ts'], imports: ['solid-js', ...adapter], types: ['types.ts'] },
  { files: ['adapters/vue.ts'], imports: ['vue', ...adapter], types: ['types.ts'] },
  {
    files: ['global.ts'],
    imports: [
      'index.ts',
      'connect.ts',
      'companion.ts',
      'countdown.ts',
      'data.ts',
      'fetch.ts',
      'journal.ts',
      'policies.ts',
      'ports/lease.ts',
      'servers/',
      'tokens/stores/',
      'ui/',
    ],
  },
]

/**
 * Whether `path` is one of `places`, or in one of them.
 *
 * @param {readonly string[]} places
 * @param {string} path
 */
export const isWithin = (places, path) =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))

/**
 * Whether `file` may import `path`. An adapter may not import another.
 *
 * @param {string} file
 * @param {string} path
 * @param {boolean} typesOnly
 */
export function mayImport(file, path, typesOnly) {
  const layer = layers.find(({ files }) => isWithin(files, file))
  return (
    !!layer &&
    (layers.find(({ files }) => isWithin(files, path)) === layer ||
      isWithin(layer.imports, path) ||
      (typesOnly && isWithin(layer.types ?? [], path)))
  )
}
