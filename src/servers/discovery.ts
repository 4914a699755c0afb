import { DEVELOPMENT } from '../util/development.js'
import { parseUrl, responseError, type Warn } from './response-error.js'

export type Json = Record<string, unknown>

/** Checks the issuer and the endpoints that the options name, by their names in RFC 8414. Throws `invalid_options`. */
export function parseEndpoints(given: Json): Json {
  const endpoints = Object.create(null) as Json
  for (const [name, url] of Object.entries(given)) if (url !== undefined) endpoints[name] = parseUrl(name, url)
  return endpoints
}

/** Finds the URL of an endpoint: in `given`, or in the issuer's metadata (RFC 8414), which is fetched once, when needed. */
export function createDiscovery(
  given: Json,
  fetchJson: (url: string, init: RequestInit) => Promise<readonly [Response, Json]>,
  warn: Warn,
): (name: string, signal: AbortSignal) => Promise<string | undefined> {
  const { issuer } = given
  let metadata = given
  let tries = 0

  return async (name, signal) => {
    if (!metadata[name] && issuer) {
      const base = String(metadata['issuer']).replace(/\/$/, '')
      const read = async (url: string): Promise<Json> => {
        const [response, found] = await fetchJson(url, { signal })
        // RFC 8414 §3.3: metadata that names another issuer must not be used.
        if ([base, `${base}/`].includes(found['issuer'] as string)) return found
        status = response.status
        throw responseError(response, false, DEVELOPMENT ? 'without metadata of issuer.' : '')
      }
      let status = 0
      // RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery §4 after it.
      const standard = base.replace(/^\w+:..[^/]+/, '$&/.well-known/oauth-authorization-server')
      const places = [standard, `${base}/.well-known/openid-configuration`] as const
      // A server may never answer to a path that it does not know: so each attempt begins with the other place.
      // https://github.com/Cloudgeni-ai/opengeni/pull/847
      const [first, second] = tries++ % 2 ? ([places[1], places[0]] as const) : places
      const found = await read(first)
        .catch(() => read(second))
        .catch((error: unknown) => {
          if (DEVELOPMENT && status)
            warn('issuer', base, ' without its metadata (RFC 8414). Mend the issuer, or give the endpoints.', status)
          throw error
        })
      metadata = Object.assign(Object.create(null) as Json, found, metadata)
    }
    const url = metadata[name] as string | undefined
    // RFC 8414 §2: endpoints in metadata are URLs. A path would be resolved against the page's origin, which is not the server's.
    return name in given || url === undefined ? url : parseUrl(name, url, false)
  }
}
