import { fail, redirect } from '@sveltejs/kit'
import { COOKIE, cookieOptions } from '#lib/server/cookie.ts'
import { beginSession, endSession } from '#lib/server/sessions.ts'
import type { Actions } from './$types'

/** SvelteKit refuses a form that another origin sends, in production: it compares `Origin` with the address. */
export const actions: Actions = {
  default: async ({ request, cookies }) => {
    const name = String((await request.formData()).get('name') ?? '').trim()
    // An application checks a password here, or sends the user to its identity provider.
    if (!name) return fail(400)
    endSession(cookies.get(COOKIE))
    cookies.set(COOKIE, beginSession(name).id, cookieOptions)
    redirect(303, '/account')
  },
}
