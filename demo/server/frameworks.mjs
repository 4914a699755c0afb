import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { sendText } from './http.mjs'

/** The applications of demo/frameworks, which `npm run frameworks` builds: each lies at `/frameworks/<name>/`. */
export const FRAMEWORKS = ['angular', 'react', 'solid', 'svelte', 'vue']

/** Where their built files lie, by the path at which a browser finds them. @param {URL} root */
export const frameworkFolders = (root) =>
  Object.fromEntries(FRAMEWORKS.map((name) => [`/frameworks/${name}/`, new URL(`demo/frameworks/${name}/dist/`, root)]))

/** The name of the application whose page this is, if it is one. @param {string} pathname */
export const frameworkOf = (pathname) => FRAMEWORKS.find((name) => pathname === `/frameworks/${name}/`)

/** Build tools put scripts and styles into files of their own, so that no nonce is needed. Solid makes its elements from strings. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** @param {string} name */
const pageOf = (name) => new URL(`../frameworks/${name}/dist/index.html`, import.meta.url)

/** The applications that are built. */
export const builtFrameworks = () => FRAMEWORKS.filter((name) => existsSync(pageOf(name)))

/**
 * @param {string} name
 * @param {import('node:http').ServerResponse} res
 */
export async function sendFramework(name, res) {
  const body = await readFile(pageOf(name)).catch(() => null)
  if (!body) return sendText(res, 404, 'This application is not built yet: npm run frameworks')
  res.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
  })
  res.end(body)
}
