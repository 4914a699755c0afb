/** Ends this session. `session.signOut()` calls it, and so does each other end that the page knows first. */
export default defineEventHandler((event) => {
  endSession(getCookie(event, COOKIE))
  deleteCookie(event, COOKIE, cookieOptions)
  return sendNoContent(event)
})
