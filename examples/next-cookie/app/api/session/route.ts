import { NextResponse, type NextRequest } from 'next/server'
import { noStore, sessionOf } from '@/lib/request'
import { timesOf } from '@/lib/sessions'

/** How much time is left. It does not extend the session. */
export function GET(request: NextRequest): NextResponse {
  const found = sessionOf(request)
  if (!found) return new NextResponse(null, { status: 401, headers: noStore })
  return NextResponse.json(timesOf(found), { headers: noStore })
}
