declare module 'h3' {
  interface H3EventContext {
    /** The session that the request's cookie belongs to. */
    userSession: UserSession | null
    /** For whatever renders this request: `useRequestEvent().context.serverPage`. */
    serverPage: ServerPage
  }
}

export default defineEventHandler((event) => {
  // No cache may keep what says who is signed in.
  setResponseHeader(event, 'Cache-Control', 'private, no-store')
  // Before the session is looked up: the time orders pages.
  const at = Date.now()
  const found = findSession(getCookie(event, COOKIE))
  event.context.userSession = found
  event.context.serverPage = { page: { login: found?.login ?? null, at }, name: found?.name ?? null }
})
