/** Small helpers around node:http; the demo needs no framework. */

/**
 * @param {import('node:http').ServerResponse} res
 * @param {number} status
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 */
export function sendJson(res, status, body, headers = {}) {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers })
  res.end(JSON.stringify(body))
}

/**
 * @param {import('node:http').ServerResponse} res
 * @param {number} status
 * @param {string} text
 */
export function sendText(res, status, text) {
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  res.end(text)
}

/**
 * @param {import('node:http').IncomingMessage} req
 * @param {number} [limit] bytes; more is refused
 * @returns {Promise<string>}
 */
export async function readBody(req, limit = 10_000) {
  const chunks = []
  let size = 0
  for await (const chunk of req) {
    size += chunk.length
    if (size > limit) throw new RangeError('The request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * @param {import('node:http').IncomingMessage} req
 * @param {string} name
 * @returns {string | undefined} the cookie's value
 */
export const cookieOf = (req, name) =>
  Object.fromEntries((req.headers.cookie ?? '').split('; ').map((pair) => pair.split(/=(.*)/s)))[name]
