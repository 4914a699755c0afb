import { json } from '@sveltejs/kit'
import { timesOf } from '#lib/server/sessions.ts'
import type { RequestHandler } from './$types'

/** The user is active. */
export const POST: RequestHandler = ({ locals: { userSession } }) => {
  if (!userSession) return new Response(null, { status: 401 })
  userSession.activeAt = Date.now()
  return json(timesOf(userSession))
}
