// @ts-check

/** What every layer speaks in: types, errors, and helpers that know nothing of a session. */
const words = [
  'types.ts',
  'errors.ts',
  'duration.ts',
  'limit.ts',
  'listeners.ts',
  'origins.ts',
  'session-key.ts',
  'timing.ts',
  'token-response.ts',
]

/** What session.ts is put together from. */
const shell = [
  'authorize.ts',
  'board.ts',
  'host.ts',
  'options.ts',
  'picture.ts',
  'presence.ts',
  'reach.ts',
  'server-view.ts',
  'sign-in.ts',
  'sign-out.ts',
]

/** The clock and the timers of a session, which those who make it and those who show it agree about. */
const time = 'session-time.ts'

/** What every adapter may use beside its framework: nothing of the core, which the application has anyhow. */
const adapter = ['errors.ts', 'ui/remaining.ts']

/**
 * Who may import whom, and nothing else. The linter reads this for what is written, test/dist/imports.test.ts for what it
 * leads to.
 *
 * Paths are below `src`; a folder ends with a slash; packages go by name. The first layer that holds a file counts.
 * Files of one folder may import each other. `types`: what may be imported as types only.
 *
 * @type {readonly { files: readonly string[], imports: readonly string[], types?: readonly string[] }[]}
 */
export const layers = [
  { files: words, imports: words },
  { files: [time], imports: [], types: ['types.ts'] },
  { files: ['core/'], imports: [] },
  { files: ['tokens/idb.ts'], imports: ['core/', ...words, 'idb-keyval'] },
  { files: ['tokens/'], imports: ['core/', ...words], types: ['ports/', 'host.ts'] },
  { files: ['servers/dpop.ts'], imports: ['servers/', 'core/', ...words, 'ports/clock.ts', 'idb-keyval'] },
  { files: ['ports/', 'servers/'], imports: ['core/', ...words] },
  { files: shell, imports: [...shell, 'core/', ...words], types: ['ports/', 'tokens/'] },
  {
    files: ['session.ts'],
    imports: [...shell, 'core/', 'tokens/refresh.ts', 'tokens/keeper.ts', 'tokens/memory.ts', ...words],
    types: ['ports/'],
  },
  { files: ['index.ts'], imports: ['session.ts', 'ports/', 'tokens/memory.ts', ...words] },
  { files: ['policies.ts'], imports: [], types: ['types.ts'] },
  { files: ['testing.ts'], imports: ['testing/'], types: ['ports/'] },
  {
    files: ['testing/'],
    imports: ['session.ts', time, 'ports/exclusive.ts', ...words],
    types: ['core/', 'ports/types.ts'],
  },
  { files: ['fetch.ts'], imports: ['limit.ts', 'origins.ts'], types: ['types.ts'] },
  { files: ['ui/'], imports: [time], types: ['types.ts'] },
  {
    files: ['adapters/angular.ts'],
    imports: ['@angular/core', 'rxjs', 'origins.ts', ...adapter],
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
      ...['index.ts', 'fetch.ts', 'policies.ts', 'servers/', 'tokens/idb.ts', 'tokens/web-storage.ts'],
      ...['ui/dialog.ts', 'ui/element.ts'],
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
