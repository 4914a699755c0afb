const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses what another site sends. `sojourn/cookie` sends a header with each request that no form, and no page of another origin, can
 * send. The form of the login cannot send it either: there the browser says where it comes from.
 */
export default defineEventHandler((event) => {
  if (SAFE.includes(event.method) || getRequestHeader(event, 'x-requested-with')) return
  const origin = getRequestHeader(event, 'origin')
  if (!origin || origin === 'null' || new URL(origin).host !== getRequestHost(event)) throw createError({ status: 403 })
})
