// @ts-check

import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import * as terserPlugin from '@rollup/plugin-terser'

/** @type {{ version: string, exports: Record<string, string | { default: string }>, dependencies: Record<string, string>, peerDependencies: Record<string, string> }} */
const manifest = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const packages = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })

/** The public modules, as paths below `src` without extension: what package.json exports, and nothing else. */
export const entries = Object.values(manifest.exports)
  .flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
  .map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, '$1'))

/** Continues the source maps that `tsc` wrote, so that debuggers show TypeScript. */
const typescriptMaps = {
  name: 'typescript-maps',
  /** @param {string} id */
  load(id) {
    if (!id.endsWith('.js') || id.includes('node_modules')) return null
    return {
      code: readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
      map: readFileSync(`${id}.map`, 'utf8'),
    }
  },
}

/** The production build: what explains itself goes, with `DEVELOPMENT` in src/util/development.ts. */
const production = {
  name: 'production',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    if (!id.endsWith('/util/development.js')) return null
    const changed = code.replace('DEVELOPMENT = true', 'DEVELOPMENT = false')
    if (changed === code) throw new Error('src/util/development.ts has no DEVELOPMENT that is true.')
    return { code: changed, map: null }
  },
}

// TypeScript takes the plugin's types for CommonJS, and so sees a namespace where there is a function.
const terser = /** @type {import('@rollup/plugin-terser').default} */ (/** @type {unknown} */ (terserPlugin.default))
const minify = terser({
  ecma: 2020,
  compress: { passes: 3 },
  // A script is read as the page is, and not all pages say that they are UTF-8.
  format: { comments: /^!/, ascii_only: true },
})

/**
 * Bundles what `tsc` emitted.
 *
 * @param {string} from the folder that `tsc` wrote
 * @param {string} to the folder to publish
 * @returns {import('rollup').RollupOptions[]}
 */
export function bundles(from, to) {
  const published = fileURLToPath(new URL('dist', import.meta.url))
  const maps = {
    sourcemap: true,
    // As seen from `dist`, wherever the files are written first.
    /** @param {string} source @param {string} map */
    sourcemapPathTransform: (source, map) =>
      relative(resolve(published, relative(to, dirname(map))), resolve(dirname(map), source)),
  }
  /** @param {string} folder @param {import('rollup').Plugin[]} plugins */
  const modules = (folder, plugins) => ({
    input: Object.fromEntries(entries.map((entry) => [entry, `${from}/${entry}.js`])),
    /** @param {string} specifier */
    external: (specifier) => packages.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
    plugins: [...plugins, typescriptMaps],
    output: {
      dir: join(to, folder),
      format: /** @type {const} */ ('es'),
      ...maps,
      chunkFileNames: 'shared/[name].js',
      hoistTransitiveImports: false,
      minifyInternalExports: false,
    },
  })
  /** @param {string} entry @param {string} file @param {import('rollup').Plugin[]} plugins */
  const script = (entry, file, plugins) => ({
    input: `${from}/${entry}.js`,
    plugins: [...plugins, typescriptMaps, nodeResolve({ browser: true })],
    output: {
      file: `${to}/${file}`,
      format: /** @type {const} */ ('iife'),
      name: 'Sojourn',
      exports: /** @type {const} */ ('named'),
      esModule: false,
      ...maps,
      banner: `/*! sojourn ${manifest.version} | MIT */`,
      plugins: [minify],
    },
  })
  return [
    modules('', [production]),
    modules('development', []),
    script('global-core', 'sojourn.core.min.js', [production]),
    script('global', 'sojourn.min.js', [production]),
    script('global', 'sojourn.dev.js', []),
  ]
}

export default bundles('build', 'dist')
