import { json } from '@sveltejs/kit'
import { timesOf } from '#lib/server/sessions.ts'
import type { RequestHandler } from './$types'

/** How much time is left. It does not extend the session. */
export const GET: RequestHandler = ({ locals: { userSession } }) =>
  userSession ? json(timesOf(userSession)) : new Response(null, { status: 401 })
