import type { Handle } from '@sveltejs/kit/hooks'
import { COOKIE } from '#lib/server/cookie.ts'
import { findSession } from '#lib/server/sessions.ts'

export const handle: Handle = async ({ event, resolve }) => {
  const { request, url, cookies, locals } = event
  // No form and no page of another origin can send this header. `sojourn/cookie` sends it with each request.
  const isForged = request.method !== 'GET' && !request.headers.has('X-Requested-With')
  if (isForged && url.pathname.startsWith('/api/')) return new Response(null, { status: 403 })
  // Before the session is looked up: the time orders pages.
  locals.at = Date.now()
  locals.userSession = findSession(cookies.get(COOKIE))
  const response = await resolve(event)
  // No cache may keep what says who is signed in.
  response.headers.set('Cache-Control', 'private, no-store')
  return response
}
