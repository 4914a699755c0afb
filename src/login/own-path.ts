import { ownOrigin } from '../util/origins.js'

/**
 * `value` as a path of the page's own origin; undefined for an address elsewhere. A path that begins with two slashes is refused:
 * `location.assign('//evil.example')` leaves the origin, though `https://own.example//evil.example` is on it. The path of
 * `blob:https://own.example/…` is an address, and none on the origin that a page can be shown at.
 */
export function ownPath(value: unknown): string | undefined {
  const own = ownOrigin()
  try {
    const { origin, pathname, search, hash } = new URL(String(value), own)
    if (origin === own && /^\/(?!\/)/.test(pathname)) return pathname + search + hash
  } catch {
    // No address, or a page that has no origin.
  }
  return undefined
}
