import 'server-only'
import { cookies } from 'next/headers'
import { connection } from 'next/server'
import { cache } from 'react'
import type { PageState } from 'sojourn/server'
import { COOKIE } from './cookie'
import { findSession } from './sessions'

/** Who is signed in. `cache`: the layout and the page of one request get the same answer. */
export const readPage = cache(async (): Promise<{ page: PageState; name: string | null }> => {
  const jar = await cookies()
  // With `cacheComponents` Next.js may know the cookie while it prerenders. The time is that of a request.
  await connection()
  // Before the session is looked up: the time orders pages.
  const at = Date.now()
  const found = findSession(jar.get(COOKIE)?.value)
  return { page: { login: found?.login ?? null, at }, name: found?.name ?? null }
})
