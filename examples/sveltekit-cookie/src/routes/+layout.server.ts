import type { PageState } from 'sojourn/server'
import type { LayoutServerLoad } from './$types'

export const load: LayoutServerLoad = ({ locals, url }) => {
  // A `load` that has read the path runs again with each page that the router loads.
  void url.pathname
  const page: PageState = { login: locals.userSession?.login ?? null, at: locals.at }
  return { page, name: locals.userSession?.name ?? null }
}
