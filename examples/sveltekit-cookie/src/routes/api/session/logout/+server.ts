import { COOKIE, cookieOptions } from '#lib/server/cookie.ts'
import { endSession } from '#lib/server/sessions.ts'
import type { RequestHandler } from './$types'

/** Ends this session. `session.signOut()` calls it, and so does each other end that the page knows first. */
export const POST: RequestHandler = ({ cookies }) => {
  endSession(cookies.get(COOKIE))
  cookies.delete(COOKIE, cookieOptions)
  return new Response(null, { status: 204 })
}
