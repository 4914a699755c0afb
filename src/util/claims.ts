/**
 * The payload of a JWT (RFC 7519 §7.2) as text of its bytes, which nobody verifies here. Throws for what is none: the browser's own
 * error, which may quote the token and must not be kept.
 */
export const payloadOf = (jwt: unknown): string =>
  atob((String(jwt).split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))
