'use client'
import { use, type ReactNode } from 'react'
import { useSession } from 'sojourn/react'
import { IsCurrent } from './SessionRoot'

/** Hides what is for a signed-in user when the session ends while the page is open. The server guards the page itself. */
export function SignedIn({ children }: { children: ReactNode }) {
  const { phase } = useSession()
  const isCurrent = use(IsCurrent)
  if (phase === 'signedOut') return <p>You are signed out.</p>
  return isCurrent && children
}
