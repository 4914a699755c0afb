import { sessionError } from '../errors.js'
import { inWords } from './arguments.js'
import { DEVELOPMENT } from './development.js'

/**
 * Who gets credentials: says of a URL, as the browser serialises it, whether it is one of `origins`; of the page's own where
 * none are given. The answer is the resource that the origin's token is for (RFC 8707), empty where `origins` names none, and
 * undefined for a URL that gets no credentials.
 *
 * The serialisation of an http(s) URL is its origin and a path, without user info, which a Request refuses. So this is an exact
 * comparison, and it holds for blob: and data: as well, whose origins look like ours or like `null`.
 */
export function originsOf(who: string, origins: Origins | undefined): (url: string) => string | undefined {
  // A polluted `Object.prototype` gives each object the member that it was not given: that is no word of the application's.
  const isGiven = origins !== undefined && origins !== Reflect.get(Object.prototype, 'origins')
  const list = isGiven && parse(who, origins)
  return (url) => (list || [[ownOrigin(), '']]).find(([origin]) => url.startsWith(`${origin ?? ''}/`))?.[1]
}

/** A list of origins, or an object that gives each origin its resource. */
export type Origins = readonly string[] | Readonly<Record<string, string>>

/**
 * The page's own origin, whatever its `<base>` says. In a frame without an address of its own (`srcdoc`, `about:blank`)
 * `location.origin` is `"null"`, and `self.origin` is that of the page around it. `location` comes first: a script's global
 * variable `origin` replaces the other (https://html.spec.whatwg.org/multipage/webappapis.html#dom-origin, `[Replaceable]`).
 * Undefined on a server, and in a `data:` page, which has none.
 */
export function ownOrigin(): string | undefined {
  const { location, origin } = globalThis as Partial<typeof globalThis>
  return [location?.origin, origin].find((one) => one && one !== 'null')
}

function parse(who: string, origins: Origins): readonly (readonly [origin: string, resource: string])[] {
  const isList = Array.isArray(origins)
  const list: readonly unknown[] = isList ? origins : Object(origins) === origins ? Object.keys(origins) : [origins]
  return list.map((given) => {
    const resource = isList ? '' : (Object(origins) as Readonly<Record<string, unknown>>)[String(given)]
    try {
      const { href, origin } = new URL(String(given))
      if (href === `${origin}/` && /^https?:[^*]+$/.test(origin) && typeof resource === 'string')
        return [origin, resource]
    } catch {
      // Said below.
    }
    throw sessionError(
      'invalid_options',
      DEVELOPMENT &&
        `${who}: origins has ${typeof given === 'string' ? given : inWords(given)}, which is no origin with a resource. Give a list such as ['https://api.example.com'], without path or wildcard, or an object that has a resource for each origin.`,
    )
  })
}
