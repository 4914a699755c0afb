import { redirect } from '@sveltejs/kit'
import type { PageServerLoad } from './$types'

/** The guard: the server gives nothing of this page to nobody, whether it is loaded or opened by the router. */
export const load: PageServerLoad = ({ locals }) => {
  if (!locals.userSession) redirect(303, '/login')
}
