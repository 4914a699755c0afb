/** The router changes pages without a page load: each asks the server what a page load would have said. */
export default defineNuxtRouteMiddleware(async () => {
  if (import.meta.server || useNuxtApp().isHydrating) return
  await useAskServer()()
})
