import { warningDialog } from 'sojourn/dialog'

export default defineNuxtPlugin(() => {
  warningDialog(session)
  // Another user has signed in, in another tab: a new page has nothing of the last one in memory.
  session.on('switched', () => location.reload())
  const serverPage = useServerPage()
  // The name is the last user's, if somebody else signs in.
  session.on('signedOut', () => (serverPage.value = { ...serverPage.value, name: null }))
  // Somebody has signed in, in another tab: the server says who.
  const ask = useAskServer()
  session.on('signedIn', ({ where }) => {
    if (where === 'elsewhere') void ask()
  })
})
