// @ts-check

// Makes the story of the demo one static file, build/story.html, with all that it needs: a browser can open it from the disk.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { report, root } from './lib.mjs'

/** @param {string} path */
const read = (path) => readFileSync(join(root, 'demo', path), 'utf8')

/** What esbuild makes of a file of the demo. @param {string} path */
async function bundle(path) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'demo', path)],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    // The built library, as a page gets it; tsconfig.json leads to the sources.
    alias: { 'sojourn/testing': join(root, 'dist/testing.js') },
    tsconfigRaw: {},
  })
  return outputFiles[0]?.text.trim() ?? ''
}

/** The page of the story. It needs the built library. */
export async function storyPage() {
  const script = await bundle('pages/story/story.js')
  const style = (await Promise.all(['pages/style.css', 'pages/story.css'].map(bundle))).join('\n')
  const icon = `data:image/svg+xml,${encodeURIComponent(read('pages/icon.svg'))}`
  return read('story.html')
    .replace(/\s*<!-- served -->.*?<!-- \/served -->/gs, '')
    .replace(/\s*<script.*<\/script>/s, () => `\n    <style>${style}</style>`)
    .replace(/\s*<link rel="stylesheet"[^>]*>/g, '')
    .replace('/pages/icon.svg', () => icon)
    .replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`)
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await report(async () => {
    const file = join(root, 'build/story.html')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, await storyPage())
    console.log(`Built ${relative(root, file)}.`)
  })
