import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text) => text.replace(/[&<>"']/g, (character) => ESCAPES[character])

/**
 * The Content Security Policy under which the library promises to work: no script without the page's nonce, no HTML from strings.
 *
 * `form-action` applies to the redirects after a form as well, which lead back to the page that began the sign-in.
 */
const policy = (nonce, origins) =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    // The desk shows two tabs side by side.
    "frame-src 'self'",
    ["form-action 'self'", ...origins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

/**
 * Fills the `{{holes}}` of a page. Every value is escaped except the import map: it is JSON inside a script element, whose text has
 * no escapes, and only a `<` could end that.
 *
 * @param {URL} file
 * @param {Record<string, string>} [values]
 * @param {object} [imports]
 * @param {readonly string[]} [origins] to which a form may lead, beside the page's own
 * @returns {Promise<{ body: string, headers: Record<string, string> }>}
 */
export async function renderPage(file, values = {}, imports = {}, origins = []) {
  const nonce = randomBytes(16).toString('base64url')
  const importMap = JSON.stringify({ imports }, null, 2).replaceAll('<', '\\u003c')
  const template = await readFile(file, 'utf8')
  const body = template.replace(/\{\{(\w+)\}\}/g, (_hole, name) =>
    name === 'importMap' ? importMap : escape(name === 'nonce' ? nonce : (values[name] ?? '')),
  )
  return {
    body,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy(nonce, origins),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      // Not `no-store`: Firefox keeps no such page in its back/forward cache.
      'Cache-Control': 'no-cache',
    },
  }
}

/**
 * @param {import('node:http').ServerResponse} res
 * @param {number} status
 * @param {Awaited<ReturnType<typeof renderPage>>} page
 */
export function sendPage(res, status, { body, headers }) {
  res.writeHead(status, headers)
  res.end(body)
}
