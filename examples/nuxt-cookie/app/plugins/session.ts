import type { Snapshot } from 'sojourn'
import { adoptPage } from 'sojourn/server'
import { sessionPlugin } from 'sojourn/vue'

/** Runs on the server for each request, and in the page before it is hydrated. */
export default defineNuxtPlugin(({ vueApp }) => {
  const serverPage = useServerPage()
  const event = useRequestEvent()
  if (event) serverPage.value = event.context.serverPage
  const { page } = serverPage.value
  // On the server it does nothing.
  void adoptPage(session, page)
  const initial: Snapshot = page.login
    ? { phase: 'active', id: '', startedAt: page.at }
    : { phase: 'signedOut', reason: null, endedAt: null }
  vueApp.use(sessionPlugin, session, initial)
})
