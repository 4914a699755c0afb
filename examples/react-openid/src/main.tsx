import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { warningDialog } from 'sojourn/dialog'
import { SessionProvider } from 'sojourn/react'
import { createRouter } from './router'
import { auth, session } from './session'
import './style.css'

warningDialog(session)
// Another user has signed in, in another tab: a reloaded page has nothing of the last one.
session.on('switched', () => location.reload())

// The answer of the provider, if the address is one. It is taken from the address before the router reads it.
try {
  const done = await auth.finish(session)
  if (done) history.replaceState(null, '', done.returnTo)
} catch (error) {
  history.replaceState(null, '', '/login')
  // `access_denied`: the user has changed their mind at the provider.
  if ((error as Error).cause !== 'access_denied') reportError(error)
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SessionProvider session={session}>
      <RouterProvider router={createRouter()} />
    </SessionProvider>
  </StrictMode>,
)
