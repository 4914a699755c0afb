'use client'
import type { ReactNode } from 'react'
import { useSession } from 'sojourn/react'

/** Hides what is for a signed-in user when the session ends while the page is open. The server guards the page itself. */
export function SignedIn({ children }: { children: ReactNode }) {
  const { phase } = useSession()
  return phase === 'signedOut' ? <p>You are signed out.</p> : children
}
