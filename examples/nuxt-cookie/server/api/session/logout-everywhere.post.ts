/** Ends every session of this user, on all devices. Other devices learn of it with their next `check`, or with their next page. */
export default defineEventHandler((event) => {
  const { userSession } = event.context
  if (userSession) endSessionsOf(userSession.name)
  return sendNoContent(event)
})
