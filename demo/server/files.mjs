import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'

import { frameworkFolders } from './frameworks.mjs'
import { sendText } from './http.mjs'

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const ROOT = new URL('../../', import.meta.url)

/** Packages that the pages import; a browser has no node_modules of its own. */
const PACKAGES = ['idb-keyval', 'oauth4webapi']

/** The folders that a browser may read, by the path at which it finds them. */
const FOLDERS = {
  '/pages/': new URL('demo/pages/', ROOT),
  '/dist/': new URL('dist/', ROOT),
  ...frameworkFolders(ROOT),
  ...Object.fromEntries(PACKAGES.map((name) => [`/npm/${name}/`, new URL(`node_modules/${name}/`, ROOT)])),
}

/** @param {string} path */
const readJson = async (path) => JSON.parse(await readFile(new URL(path, ROOT), 'utf8'))

/**
 * The import map of the pages: our own subpaths as package.json exports them for development, so that errors have their messages,
 * and each package by its entry.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function importMap() {
  const { name, exports } = await readJson('package.json')
  const own = Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'object' ? [[name + subpath.slice(1), target.development.slice(1)]] : [],
  )
  const foreign = await Promise.all(
    PACKAGES.map(async (dependency) => {
      const { exports: entries } = await readJson(`node_modules/${dependency}/package.json`)
      return [dependency, `/npm/${dependency}${(entries['.'].import ?? entries['.'].default).slice(1)}`]
    }),
  )
  return Object.fromEntries([...own, ...foreign])
}

/**
 * @param {string} pathname already without query
 * @returns {URL | null} the file, where the path leads into one of the folders and not out of it again
 */
function locate(pathname) {
  // None of our files has an escape in its path, and an escaped slash could lead out of the folder.
  const mount = /^[\w./-]+$/.test(pathname) && Object.keys(FOLDERS).find((prefix) => pathname.startsWith(prefix))
  if (!mount) return null
  const file = new URL(pathname.slice(mount.length), FOLDERS[mount])
  return file.href.startsWith(FOLDERS[mount].href) && extname(file.pathname) in TYPES ? file : null
}

/**
 * @param {string} pathname
 * @param {import('node:http').ServerResponse} res
 */
export async function sendFile(pathname, res) {
  const file = locate(pathname)
  const body = file && (await readFile(file).catch(() => null))
  if (!body) return sendText(res, 404, 'Not found')
  res.writeHead(200, {
    'Content-Type': TYPES[extname(file.pathname)],
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
  })
  res.end(body)
}
