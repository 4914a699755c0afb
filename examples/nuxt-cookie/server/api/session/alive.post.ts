/** The user is active. */
export default defineEventHandler(({ context: { userSession } }) => {
  if (!userSession) throw createError({ status: 401 })
  userSession.activeAt = Date.now()
  return timesOf(userSession)
})
