/** For pages that need somebody signed in. On a page load it runs on the server, which then renders nothing of the page for nobody. */
export default defineNuxtRouteMiddleware(() => {
  if (!useServerPage().value.name) return navigateTo('/login')
})
