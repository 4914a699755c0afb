import 'server-only'
import { cookies } from 'next/headers'
import { cache } from 'react'
import type { PageState } from 'sojourn/server'
import { COOKIE } from './cookie'
import { findSession } from './sessions'

/** Who is signed in. `cache`: the layout and the page of one request get the same answer. */
export const readPage = cache(async (): Promise<{ page: PageState; name: string | null }> => {
  const jar = await cookies()
  // Before the session is looked up: the time orders pages.
  const at = Date.now()
  const found = findSession(jar.get(COOKIE)?.value)
  return { page: { login: found?.login ?? null, at }, name: found?.name ?? null }
})
