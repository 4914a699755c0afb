import { sessionError } from '../errors.js'
import { inWords } from './arguments.js'
import { DEVELOPMENT } from './development.js'

/**
 * Who gets credentials: says of a URL, as the browser serialises it, whether it is one of `origins`; of the page's own where
 * none are given.
 *
 * The serialisation of an http(s) URL is its origin and a path, without user info, which a Request refuses. So this is an exact
 * comparison, and it holds for blob: and data: as well, whose origins look like ours or like `null`.
 */
export function originsOf(who: string, origins: readonly string[] | undefined): (url: string) => boolean {
  // A polluted `Object.prototype` gives each object the member that it was not given: that is no word of the application's.
  const isGiven = origins !== undefined && origins !== Reflect.get(Object.prototype, 'origins')
  const list = isGiven && parse(who, origins)
  return (url) => (list || [ownOrigin()]).some((origin) => url.startsWith(`${origin}/`))
}

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

function parse(who: string, origins: readonly string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(origins) ? origins : [origins]
  return list.map((given) => {
    try {
      const { href, origin } = new URL(String(given))
      if (Array.isArray(origins) && href === `${origin}/` && /^https?:[^*]+$/.test(origin)) return origin
    } catch {
      // Said below.
    }
    throw sessionError(
      'invalid_options',
      DEVELOPMENT &&
        `${who}: origins has ${typeof given === 'string' ? given : inWords(given)}, which is no origin. Give a list such as ['https://api.example.com'], without path or wildcard.`,
    )
  })
}
