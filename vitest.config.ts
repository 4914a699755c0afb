import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { compile } from 'svelte/compiler'
import { defineConfig, type Plugin } from 'vitest/config'

const files = (folder: string): { name: string; include: string[] } => ({
  name: folder,
  include: [`test/${folder}/**/*.test.ts`],
})

const svelte: Plugin = {
  name: 'svelte',
  transform(code, id) {
    const [filename = '', query] = id.split('?')
    if (!filename.endsWith('.svelte')) return null
    return compile(code, { filename, generate: query === 'server' ? 'server' : 'client' }).js
  },
}

/** One text of `src` edited, as scripts/sabotage.mjs asks: it wants to see a test fail. Nothing on disk is changed. */
const sabotage: Plugin = {
  name: 'sabotage',
  enforce: 'pre',
  transform(code, id) {
    const { file, from, to } = JSON.parse(process.env['SABOTAGE'] || '{}') as Partial<Record<string, string>>
    const isIt = file !== undefined && id === join(import.meta.dirname, 'src', file)
    return isIt ? code.split(from ?? '').join(to) : null
  },
}

/** The production build: what explains itself is switched off. */
const production: Plugin = {
  name: 'production',
  enforce: 'pre',
  transform: (code, id) =>
    id === join(import.meta.dirname, 'src/util/development.ts') ? code.replace('true as boolean', 'false') : null,
}

/** Tests of the sentences themselves. */
const ABOUT_SENTENCES = ['activity', 'options', 'plugins', 'prerender', 'server-view', 'start', 'words']

export default defineConfig({
  plugins: [sabotage],
  test: {
    expect: { requireAssertions: true },
    // What never comes costs this once; what is slow, on a machine that does much else, fails nobody.
    testTimeout: 60_000,
    // By default one core is left to Vitest itself: half of two. Some tests wait for a clock and use no processor meanwhile.
    maxWorkers: availableParallelism() + 1,
    projects: [
      { extends: true, test: files('unit') },
      {
        extends: true,
        plugins: [production],
        test: {
          name: 'production',
          include: ['test/unit/{session,tokens}/**/*.test.ts'],
          exclude: ABOUT_SENTENCES.map((name) => `test/unit/session/${name}.test.ts`),
        },
      },
      { extends: true, test: files('laws') },
      { extends: true, test: files('reports') },
      { extends: true, test: files('demo') },
      {
        extends: true,
        // Frameworks as a browser gets them; Svelte's components also as a server does, by `?server`.
        resolve: { conditions: ['browser'] },
        plugins: [svelte],
        test: {
          ...files('adapters'),
          environment: 'happy-dom',
          server: { deps: { inline: [/node_modules\/(svelte|solid-js)\//] } },
        },
      },
      {
        extends: true,
        test: {
          ...files('types'),
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
            // tsc has its own step.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        extends: true,
        test: { ...files('dist'), globalSetup: 'test/dist/build.ts', hookTimeout: 120_000 },
      },
    ],
  },
})
