'use client'
import { useRouter } from 'next/navigation'
import { createContext, useEffect, useState, type ReactNode } from 'react'
import type { Snapshot } from 'sojourn'
import { warningDialog } from 'sojourn/dialog'
import { SessionProvider } from 'sojourn/react'
import { adoptPage, type PageState } from 'sojourn/server'
import { session } from '@/lib/session'

/** Whether what the server has sent is for this session. After the end it is the last user's, until the server has rendered again. */
export const IsCurrent = createContext(true)

export function SessionRoot({ page, children }: { page: PageState; children: ReactNode }) {
  const router = useRouter()
  // Before anything below is rendered. Called twice it does no harm, and on the server nothing.
  useState(() => void adoptPage(session, page))

  const [endedPage, setEndedPage] = useState<PageState | null>(null)
  useEffect(() => session.on('signedOut', () => setEndedPage(page)), [page])

  useEffect(() => warningDialog(session), [])
  useEffect(() => {
    // Another user has signed in, in another tab: a new page has nothing of the last one in memory.
    const stop = session.on('switched', () => location.reload())
    // Somebody has signed in, in another tab: the server renders this page again, with their name.
    const stopToo = session.on('signedIn', ({ where }) => where === 'elsewhere' && router.refresh())
    return () => {
      stop()
      stopToo()
    }
  }, [router])

  const initial: Snapshot = page.login
    ? { phase: 'active', id: '', startedAt: page.at }
    : { phase: 'signedOut', reason: null, endedAt: null }
  return (
    <SessionProvider session={session} initial={initial}>
      <IsCurrent value={page !== endedPage}>{children}</IsCurrent>
    </SessionProvider>
  )
}
