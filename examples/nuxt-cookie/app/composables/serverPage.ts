import { adoptPage } from 'sojourn/server'

/** What the server has said last. Nuxt takes it from the server into the page. */
export const useServerPage = () => useState<ServerPage>('server-page')

/** Asks the server who is signed in, and makes the session agree. */
export function useAskServer(): () => Promise<void> {
  const serverPage = useServerPage()
  return async () => {
    // Without an answer the page goes on with what it knows.
    const said = await $fetch('/api/page').catch(() => null)
    if (!said) return
    // An answer that is older than what another tab knows changes nothing.
    void adoptPage(session, said.page)
    serverPage.value = said
  }
}
