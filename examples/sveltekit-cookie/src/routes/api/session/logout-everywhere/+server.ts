import { endSessionsOf } from '#lib/server/sessions.ts'
import type { RequestHandler } from './$types'

/** Ends every session of this user, on all devices. Other devices learn of it with their next `check`, or with their next page. */
export const POST: RequestHandler = ({ locals: { userSession } }) => {
  if (userSession) endSessionsOf(userSession.name)
  return new Response(null, { status: 204 })
}
