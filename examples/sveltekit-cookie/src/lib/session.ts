import { createSession } from 'sojourn'
import { cookieSession } from 'sojourn/cookie'

/** One session object for the whole page. On the server it does nothing, and its phase is `loading`. */
export const session = createSession({
  idleTimeout: '15m',
  absoluteTimeout: '8h',
  server: cookieSession({
    check: '/api/session',
    keepAlive: '/api/session/alive',
    signOut: '/api/session/logout',
  }),
})
