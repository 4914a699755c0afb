import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import Link from 'next/link'
import { SessionRoot } from '@/components/SessionRoot'
import { Who } from '@/components/Who'
import { readPage } from '@/lib/page'

export const metadata: Metadata = { title: 'Sojourn with Next.js' }

export default async function Layout({ children }: { children: ReactNode }) {
  const { page, name } = await readPage()
  return (
    <html lang="en">
      <body>
        <SessionRoot page={page}>
          <nav>
            <Link href="/">Home</Link> <Link href="/account">Account</Link>
          </nav>
          <p id="who">
            <Who name={name} />
          </p>
          {children}
        </SessionRoot>
      </body>
    </html>
  )
}
