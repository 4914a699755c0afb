import 'server-only'
import type { NextRequest } from 'next/server'
import { COOKIE } from './cookie'
import { findSession, type UserSession } from './sessions'

/** No form and no page of another origin can send this header. `sojourn/cookie` sends it with each request. */
export const isForged = (request: NextRequest): boolean => !request.headers.has('X-Requested-With')

export const sessionOf = (request: NextRequest): UserSession | null => findSession(request.cookies.get(COOKIE)?.value)

export const noStore = { 'Cache-Control': 'no-store' }
