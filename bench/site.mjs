// @ts-check

// The pages of the benchmark: bundled for production against `dist`, and served from one origin.

import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { WebSocketServer } from 'ws'
import { root } from '../scripts/lib.mjs'

/** @returns {Promise<Map<string, string>>} the script of each page by its path */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: readdirSync(join(root, 'bench/pages')).map((file) => join(root, 'bench/pages', file)),
    outdir: '/',
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'bench',
    target: 'es2022',
    // What is published is measured, not what the paths of tsconfig.json lead to.
    tsconfigRaw: {},
    alias: { sojourn: join(root, 'dist/index.js'), 'sojourn/connect': join(root, 'dist/connect.js') },
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}

/** @param {string} script */
const html = (script) =>
  '<!doctype html><html lang="en"><title>Bench</title><link rel="icon" href="data:,">' +
  `<body style="height: 100vh"><input id="field"><script src="${script}"></script>`

/** @returns {Promise<{ origin: string, close: () => void }>} */
export async function startSite() {
  const scripts = await bundle()
  const server = createServer(({ url = '/' }, response) => {
    const { pathname, search } = new URL(url, 'http://localhost')
    const script = scripts.get(pathname)
    // Isolation makes `performance.now()` exact to 5 µs instead of 100.
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-embedder-policy', 'require-corp')
    if (script)
      // Who has a session has been here before: the browser has the script and, after a few visits, what it compiled of it.
      // By the query each use of a page has its own.
      response
        .setHeader('content-type', 'text/javascript; charset=utf-8')
        .setHeader('cache-control', 'max-age=3600')
        .end(script)
    else if (scripts.has(`${pathname}.js`))
      response.setHeader('content-type', 'text/html; charset=utf-8').end(html(`${pathname}.js${search}`))
    else response.writeHead(404).end()
  })
  // Says nothing; at `/told` a message every second.
  new WebSocketServer({ server }).on('connection', (socket, { url }) => {
    if (url !== '/told') return
    const timer = setInterval(() => socket.send('news'), 1000)
    socket.on('close', () => clearInterval(timer))
  })
  await new Promise((resolve) => server.listen(0, 'localhost', () => resolve(null)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return { origin: `http://localhost:${address.port}`, close: () => server.close() }
}

/**
 * Calls what a page's script exports.
 *
 * @param {import('@playwright/test').Page} page @param {string} name @param {unknown[]} args @returns {Promise<any>}
 */
export const call = (page, name, ...args) =>
  page.evaluate(
    ([name, args]) => /** @type {any} */ (globalThis).bench[/** @type {string} */ (name)](...args),
    /** @type {const} */ ([name, args]),
  )
