import type { UserSession } from '#lib/server/sessions.ts'

declare global {
  namespace App {
    interface Locals {
      /** The session that the request's cookie belongs to. */
      userSession: UserSession | null
      /** The server's time before it looked, ms. */
      at: number
    }
  }
}
