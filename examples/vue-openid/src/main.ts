import { warningDialog } from 'sojourn/dialog'
import { sessionPlugin } from 'sojourn/vue'
import { createApp } from 'vue'
import App from './App.vue'
import { createPages } from './router'
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

createApp(App).use(sessionPlugin, session).use(createPages()).mount('#app')
