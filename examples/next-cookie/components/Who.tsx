'use client'
import { use } from 'react'
import { useSession } from 'sojourn/react'
import { IsCurrent } from './SessionRoot'

/** The user's name comes from the server, and the phase from the session, which knows of a sign-out in another tab at once. */
export function Who({ name }: { name: string | null }) {
  const { phase } = useSession()
  const isCurrent = use(IsCurrent)
  // A link that loads a new page: what this one has in memory may be the last user's.
  if (phase === 'signedOut') return <a href="/login">Sign in</a>
  return isCurrent && name && <>Signed in as {name}</>
}
