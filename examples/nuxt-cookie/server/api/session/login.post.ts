export default defineEventHandler(async (event) => {
  const name = String((await readFormData(event)).get('name') ?? '').trim()
  // An application checks a password here, or sends the user to its identity provider.
  if (!name) return sendRedirect(event, '/login', 303)
  endSession(getCookie(event, COOKIE))
  setCookie(event, COOKIE, beginSession(name).id, cookieOptions)
  return sendRedirect(event, '/account', 303)
})
