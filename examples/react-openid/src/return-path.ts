/** The page that was asked for before the login, and never one of another site. */
export function returnPath(asked: unknown): string {
  const path = String(asked ?? '/')
  return URL.parse(path, location.origin)?.origin === location.origin ? path : '/'
}
