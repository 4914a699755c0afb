import { NextResponse, type NextRequest } from 'next/server'
import { isForged, noStore, sessionOf } from '@/lib/request'
import { timesOf } from '@/lib/sessions'

/** The user is active. */
export function POST(request: NextRequest): NextResponse {
  if (isForged(request)) return new NextResponse(null, { status: 403 })
  const found = sessionOf(request)
  if (!found) return new NextResponse(null, { status: 401, headers: noStore })
  found.activeAt = Date.now()
  return NextResponse.json(timesOf(found), { headers: noStore })
}
