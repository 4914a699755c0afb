'use server'
import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { COOKIE, cookieOptions } from '@/lib/cookie'
import { beginSession, endSession } from '@/lib/sessions'

/** Next.js refuses a server action that another origin sends: it compares `Origin` with `Host`. */
export async function signIn(form: FormData): Promise<void> {
  const name = String(form.get('name') ?? '').trim()
  // An application checks a password here, or sends the user to its identity provider.
  if (!name) redirect('/login')
  const jar = await cookies()
  endSession(jar.get(COOKIE)?.value)
  jar.set(COOKIE, beginSession(name).id, cookieOptions)
  redirect('/account')
}
