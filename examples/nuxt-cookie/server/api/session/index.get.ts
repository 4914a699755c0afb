/** How much time is left. It does not extend the session. */
export default defineEventHandler(({ context: { userSession } }) => {
  if (!userSession) throw createError({ status: 401 })
  return timesOf(userSession)
})
