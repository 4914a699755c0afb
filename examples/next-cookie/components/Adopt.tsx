'use client'
import { useRouter } from 'next/navigation'
import { useLayoutEffect } from 'react'
import { adoptPage, type PageState } from 'sojourn/server'
import { session } from '@/lib/session'

let isAsking = false

/** In each page: the router changes pages without a page load, and each brings what the server knows now. */
export function Adopt({ page }: { page: PageState }) {
  const router = useRouter()
  // A layout effect: it runs before the browser paints.
  useLayoutEffect(() => {
    void adoptPage(session, page).then((isTrue) => {
      // The page is out of date: it came out of a cache. It is asked for once, because the next one might be as old.
      if (!isTrue && !isAsking) router.refresh()
      isAsking = !isTrue
    })
  }, [page, router])
  return null
}
