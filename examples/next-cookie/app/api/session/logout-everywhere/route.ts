import { NextResponse, type NextRequest } from 'next/server'
import { isForged, sessionOf } from '@/lib/request'
import { endSessionsOf } from '@/lib/sessions'

/** Ends every session of this user, on all devices. Other devices learn of it with their next `check`, or with their next page. */
export function POST(request: NextRequest): NextResponse {
  if (isForged(request)) return new NextResponse(null, { status: 403 })
  const found = sessionOf(request)
  if (found) endSessionsOf(found.name)
  return new NextResponse(null, { status: 204 })
}
