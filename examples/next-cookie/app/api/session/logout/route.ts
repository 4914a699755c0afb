import { NextResponse, type NextRequest } from 'next/server'
import { COOKIE, cookieOptions } from '@/lib/cookie'
import { isForged } from '@/lib/request'
import { endSession } from '@/lib/sessions'

/** Ends this session. `session.signOut()` calls it, and so does each other end that the page knows first. */
export function POST(request: NextRequest): NextResponse {
  if (isForged(request)) return new NextResponse(null, { status: 403 })
  endSession(request.cookies.get(COOKIE)?.value)
  const response = new NextResponse(null, { status: 204 })
  response.cookies.set(COOKIE, '', { ...cookieOptions, maxAge: 0 })
  return response
}
