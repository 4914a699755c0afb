// @ts-check

// Measures what others cost, by the same rule as `npm run sizes`.

import { brotliCompressSync } from 'node:zlib'
import { build } from 'esbuild'
import { folder, peers } from './install.mjs'

/** @param {string} code */
async function sizeOf(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['react', 'react-dom'],
    write: false,
  })
  return outputFiles.reduce((sum, { contents }) => sum + brotliCompressSync(contents).length, 0)
}

/** A table in Markdown. */
export async function sizes() {
  const rows = []
  for (const [name, version, names, subpath = ''] of peers) {
    const size = await sizeOf(`export { ${names} } from '${name}${subpath}'`)
    rows.push(`| \`${names}\` from \`${name}${subpath}\` | ${version} | ${(size / 1000).toFixed(1)} kB |`)
  }
  return ['| what | version | min + brotli |', '| --- | --- | --- |', ...rows].join('\n')
}
